//! Files of the bucket on their way to viewers.

use futures_util::TryStreamExt;
use http::Method;
use veche_archive::upload::{Config, Range};
use veche_archive::{Archive, ArchiveError, File};

use crate::moto::{self, Moto};
use crate::world::{World, config, content, until};

async fn away(world: &World, endpoint: &str) -> (Archive, File) {
    world.stream("a b", 100_000);
    let archive = world.open(Config {
        delete_local: true,
        ..config(endpoint)
    });
    until(&archive, "a b", |found| !found.files[0].local).await;
    let (_, file) = archive.file("a b.webm").unwrap();
    (archive, file)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_gives_the_file_for_a_while_under_a_name_for_people() {
    let (world, moto) = (World::new(), Moto::start());
    let (archive, file) = away(&world, &moto.endpoint()).await;
    let name = "attachment; filename=\"x.webm\"; filename*=UTF-8''%D0%A1.webm";
    let address = archive.address(Method::GET, &file, name).await.unwrap();
    let path = address
        .strip_prefix(&moto.endpoint())
        .expect("of the storage");
    // An hour, and the five seconds that it lasts.
    for part in [
        "/calls/meetings/a%20b.webm?",
        "X-Amz-Expires=3605&",
        "X-Amz-Signature=",
    ] {
        assert!(path.contains(part), "{path}");
    }
    assert!(!path.contains("the%20secret") && !path.contains("the+secret"));
    let answer = moto::http(moto.address, "GET", path, &[], b"");
    assert_eq!(answer.status, 200);
    assert!(answer.body == content("a b.webm", 100_000));
    assert_eq!(answer.headers["content-disposition"], name);
    assert_eq!(answer.headers["content-type"], "video/webm");
    let part = [("Range", "bytes=10-19".to_owned())];
    let answer = moto::http(moto.address, "GET", path, &part, b"");
    assert_eq!((answer.status, answer.body.len()), (206, 10));
    archive.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_or_any_part_of_it_comes_through_us() {
    let (world, moto) = (World::new(), Moto::start());
    let (archive, file) = away(&world, &moto.endpoint()).await;
    let all = content("a b.webm", 100_000);
    for (range, expected) in [
        (Range::Whole, 0..100_000),
        (Range::From(99_990), 99_990..100_000),
        (Range::Between(5..=9), 5..10),
        (Range::Between(99_999..=200_000), 99_999..100_000),
        (Range::Last(7), 99_993..100_000),
    ] {
        let content = archive.content(&file, range).await.unwrap();
        assert_eq!((&content.range, content.bytes), (&expected, 100_000));
        let chunks: Vec<_> = content.chunks.try_collect().await.unwrap();
        let expected = &all[expected.start as usize..expected.end as usize];
        assert!(chunks.concat() == expected);
    }
    archive.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_had_is_told() {
    let (world, moto) = (World::new(), Moto::start());
    let (archive, file) = away(&world, &moto.endpoint()).await;
    assert_eq!(
        moto.ask("DELETE", "/calls/meetings/a%20b.webm", b"").status,
        204
    );
    let gone = archive.content(&file, Range::Whole).await.err().unwrap();
    assert!(matches!(gone, ArchiveError::NotFound), "{gone}");
    archive.close().await;
    drop(moto);
    let told = archive.content(&file, Range::Whole).await.err().unwrap();
    assert!(told.to_string().contains("cannot be reached"), "{told}");
    // Without the setting nobody knows who may fetch it.
    let archive = world.open_with(None, |_| {});
    let (_, file) = archive.file("a b.webm").unwrap();
    assert!(!archive.redirects());
    let told = archive.content(&file, Range::Whole).await.err().unwrap();
    assert!(told.to_string().contains("record_upload_url"), "{told}");
    archive.close().await;
}
