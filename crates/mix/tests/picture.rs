//! Composed pictures, judged by their pixels. Only the font of the crate is used.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use veche_mix::{
    Fit, Layout, Matrix, Mixer, Picture, PictureError, PictureMut, Planes, Rgb, Rotation, Settings,
    Source, SourceId, SourceKind, Yuv, packed_len,
};

const RED: Yuv = Yuv {
    y: 81,
    u: 90,
    v: 240,
};
const BLUE: Yuv = Yuv {
    y: 41,
    u: 240,
    v: 110,
};
const GOLD: Rgb = Rgb::new(0xf6, 0xc1, 0x44);

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

fn id(n: u32) -> SourceId {
    SourceId(n)
}

fn join(mixer: &mut Mixer, n: u32, kind: SourceKind) {
    let source = Source {
        name: format!("Person {n}"),
        kind,
        has_video: true,
    };
    mixer.join(id(n), source);
}

fn show(mixer: &mut Mixer, n: u32, colour: Yuv) {
    let target = mixer.wanted(id(n)).unwrap();
    mixer.picture(
        id(n),
        Picture::solid(target.width, target.height, colour),
        Rotation::None,
    );
}

fn two(settings: Settings) -> Mixer {
    let mut mixer = Mixer::new(settings);
    for n in [1, 2] {
        join(&mut mixer, n, SourceKind::Camera);
        mixer.natural_size(id(n), 1280, 720);
    }
    show(&mut mixer, 1, RED);
    show(&mut mixer, 2, BLUE);
    mixer
}

fn at(picture: &Picture, x: u32, y: u32) -> Yuv {
    let half = |plane| picture.row(plane, y as usize / 2)[x as usize / 2];
    Yuv {
        y: picture.row(0, y as usize)[x as usize],
        u: half(1),
        v: half(2),
    }
}

fn background() -> Yuv {
    Matrix::Bt601.yuv(Settings::default().background)
}

fn gold() -> Yuv {
    Matrix::Bt601.yuv(GOLD)
}

/// How many pixels, of those that chroma has, are about this colour.
fn count(picture: &Picture, colour: Yuv) -> usize {
    let near = |a: u8, b: u8| a.abs_diff(b) < 6;
    let mut found = 0;
    for y in (0..picture.height()).step_by(2) {
        for x in (0..picture.width()).step_by(2) {
            let pixel = at(picture, x, y);
            found += usize::from(
                near(pixel.y, colour.y) && near(pixel.u, colour.u) && near(pixel.v, colour.v),
            );
        }
    }
    found
}

#[test]
fn two_people_stand_side_by_side_on_the_background() {
    let mut mixer = two(Settings::default());
    let picture = mixer.compose(ms(0));
    assert_eq!(at(picture, 320, 300), RED);
    assert_eq!(at(picture, 960, 300), BLUE);
    for corner in [(0, 0), (1279, 719), (640, 360)] {
        assert_eq!(at(picture, corner.0, corner.1), background());
    }
    // Corners of tiles are round: their outermost pixel is the background.
    let target = mixer.wanted(id(1)).unwrap();
    let picture = mixer.compose(ms(40));
    let top = (0..720).find(|&y| at(picture, 300, y) == RED).unwrap();
    let left = (0..1280).find(|&x| at(picture, x, 300) == RED).unwrap();
    assert_eq!(at(picture, left, top).y, background().y);
    assert_eq!(at(picture, left + target.width - 1, top).y, background().y);
    assert_eq!(at(picture, left + 14, top + 14), RED);
}

#[test]
fn drawing_what_changed_is_drawing_everything() {
    // A mixer that lived through all of it, and one that begins at each frame
    // with the same state, see the same.
    let mut random = fastrand::Rng::with_seed(3);
    let settings = Settings {
        animation: Duration::ZERO,
        ..Settings::default()
    };
    let mut living = two(settings.clone());
    let mut said: Vec<u64> = Vec::new();
    let mut colours = [RED, BLUE];
    for frame in 0..60u64 {
        let now = frame * 200;
        let who = random.usize(..2);
        if random.bool() {
            colours[who] = Yuv {
                y: random.u8(20..230),
                u: random.u8(20..230),
                v: random.u8(20..230),
            };
            show(&mut living, who as u32 + 1, colours[who]);
        }
        if random.u8(..9) == 0 {
            living.say(ms(now), "Ann", &format!("message {frame}"));
            said.push(now);
        }
        let lived = living.compose(ms(now)).to_packed();
        let mut fresh = two(settings.clone());
        for &at in &said {
            fresh.say(ms(at), "Ann", &format!("message {}", at / 200));
        }
        show(&mut fresh, 1, colours[0]);
        show(&mut fresh, 2, colours[1]);
        assert!(lived == fresh.compose(ms(now)).to_packed(), "frame {frame}");
    }
    assert!(said.len() > 3);
}

#[test]
fn the_same_calls_give_the_same_film() {
    let film = || {
        let mut mixer = two(Settings::default());
        let mut bytes = Vec::new();
        for frame in 0..20 {
            match frame {
                3 => join(&mut mixer, 3, SourceKind::Screen),
                9 => mixer.leave(id(1)),
                12 => mixer.say(ms(480), "Ann", "hello"),
                _ => mixer.level(id(2), 0.1),
            }
            bytes.extend(mixer.compose(ms(frame * 40)).to_packed());
        }
        bytes
    };
    assert!(film() == film());
}

#[test]
fn a_speaker_has_a_ring_that_comes_and_goes() {
    let mut mixer = two(Settings::default());
    let mut now = 0;
    let mut run = |mixer: &mut Mixer, level: f32, frames: u64| {
        for _ in 0..frames {
            now += 40;
            mixer.level(id(1), level);
            mixer.compose(ms(now));
        }
        count(mixer.compose(ms(now)), gold())
    };
    assert_eq!(run(&mut mixer, 0.001, 10), 0);
    let ring = run(&mut mixer, 0.1, 10);
    assert!(ring > 1500, "{ring}");
    assert!(mixer.speaks(id(1)) && !mixer.speaks(id(2)));
    // A pause between words.
    assert_eq!(run(&mut mixer, 0.001, 8), ring);
    assert_eq!(run(&mut mixer, 0.001, 30), 0);

    let mut quiet = two(Settings {
        voice_activity: false,
        ..Settings::default()
    });
    assert_eq!(run(&mut quiet, 0.1, 10), 0);
}

#[test]
fn tiles_move_to_their_places_in_time() {
    let mut mixer = two(Settings::default());
    mixer.compose(ms(0));
    mixer.leave(id(2));
    let place = |picture: &Picture| (0..1280).filter(|&x| at(picture, x, 300) == RED).count();
    let widths: Vec<usize> = [0, 40, 80, 160, 240, 300, 340]
        .iter()
        .map(|&passed| place(mixer.compose(ms(1000 + passed))))
        .collect();
    assert!(widths.is_sorted() && widths[0] < 640, "{widths:?}");
    // Alone, Person 1 fills the picture; at once quickly, then gently.
    assert_eq!(widths[6], 1280);
    assert!(widths[2] - widths[1] > widths[4] - widths[3], "{widths:?}");
    let picture = mixer.compose(ms(1400));
    assert_eq!(count(picture, BLUE), 0);
    assert_eq!(at(picture, 0, 0), RED);
}

#[test]
fn somebody_without_a_camera_has_a_card_in_a_colour_of_their_own() {
    let mut mixer = two(Settings::default());
    mixer.compose(ms(0));
    mixer.set_video(id(1), false);
    let picture = mixer.compose(ms(40));
    assert_eq!(count(picture, RED), 0);
    let ground = at(picture, 100, 150);
    assert!(ground != background() && ground.y < 80, "{ground:?}");
    // A monogram's letter is light and in the middle.
    let light = (200..440)
        .flat_map(|x| (150..500).map(move |y| (x, y)))
        .filter(|&(x, y)| at(picture, x, y).y > 150)
        .count();
    assert!(light > 300, "{light}");
    // The next picture is a picture again.
    mixer.set_video(id(1), true);
    show(&mut mixer, 1, RED);
    assert_eq!(at(mixer.compose(ms(80)), 320, 300), RED);
}

#[test]
fn a_card_of_some_pixels_is_drawn() {
    let mut mixer = Mixer::new(Settings {
        width: 10,
        height: 40,
        ..Settings::default()
    });
    join(&mut mixer, 1, SourceKind::Camera);
    mixer.set_video(id(1), false);
    assert_eq!(mixer.compose(ms(0)).width(), 10);
}

#[test]
fn names_lie_on_pictures_unless_switched_off() {
    let bright = |settings: Settings| {
        let mut mixer = two(settings);
        show(&mut mixer, 1, Yuv::BLACK);
        let picture = mixer.compose(ms(0));
        (0..400)
            .flat_map(|x| (500..700).map(move |y| (x, y)))
            .filter(|&(x, y)| at(picture, x, y).y > 180)
            .count()
    };
    let named = bright(Settings::default());
    assert!((100..4000).contains(&named), "{named}");
    let larger = bright(Settings {
        font_size: 40,
        caption_autoscale: false,
        ..Settings::default()
    });
    assert!(larger > named * 2, "{named} {larger}");
    let unnamed = Settings {
        show_names: false,
        ..Settings::default()
    };
    assert_eq!(bright(unnamed), 0);
}

#[test]
fn a_screen_that_becomes_another_shape_is_never_cut() {
    let mut mixer = Mixer::new(Settings::default());
    join(&mut mixer, 1, SourceKind::Screen);
    mixer.natural_size(id(1), 1920, 1080);
    show(&mut mixer, 1, RED);
    mixer.compose(ms(0));
    // Decoders may be given one of another shape at any moment.
    assert_eq!(mixer.wanted(id(1)).unwrap().fit, Fit::Contain);
    // An upright one with a blue edge below, scaled for the tile of the one before.
    let upright = |height: u32| {
        let width = height * 9 / 10;
        let mut data = vec![RED.y; (width * height) as usize];
        data[(width * (height - 40)) as usize..].fill(BLUE.y);
        for (red, blue) in [(RED.u, BLUE.u), (RED.v, BLUE.v)] {
            let quarter = (width / 2 * height / 2) as usize;
            data.resize(data.len() + quarter, red);
            let edge = (width / 2 * 20) as usize;
            let end = data.len();
            data[end - edge..].fill(blue);
        }
        Picture::packed(width, height, data).unwrap()
    };
    let blue = (648 / 2 * 40 / 2) as usize;
    // Even if nobody says that its size is another.
    mixer.picture(id(1), upright(720), Rotation::None);
    let seen = count(mixer.compose(ms(40)), BLUE);
    assert!(seen > blue * 9 / 10, "{seen} of {blue}");
    mixer.natural_size(id(1), 900, 1000);
    // While its tile moves, too.
    for at in [80, 120, 200, 1000] {
        let seen = count(mixer.compose(ms(at)), BLUE);
        assert!(seen > blue / 2, "{seen} of {blue} at {at}");
    }
    let target = mixer.wanted(id(1)).unwrap();
    let aspect = target.width as f32 / target.height as f32;
    assert!((aspect - 0.9).abs() < 0.01, "{target:?}");
}

#[test]
fn screens_are_whole_and_large() {
    let mut mixer = two(Settings::default());
    join(&mut mixer, 3, SourceKind::Screen);
    mixer.natural_size(id(3), 1920, 1200);
    let target = mixer.wanted(id(3)).unwrap();
    let aspect = target.width as f32 / target.height as f32;
    assert!(
        (aspect - 1.6).abs() < 0.01 && target.width > 800,
        "{target:?}"
    );
    // One of another size is scaled, its edges are all there.
    let green = Yuv {
        y: 145,
        u: 54,
        v: 34,
    };
    mixer.picture(id(3), Picture::solid(1920, 1200, green), Rotation::None);
    let seen = count(mixer.compose(ms(0)), green);
    let all = (target.width * target.height / 4) as usize;
    assert!(seen > all * 9 / 10, "{seen} of {all}");

    // Without room of its proportions it has bars, and a picture that was scaled
    // into them is drawn as it is.
    let mut mixer = Mixer::new(Settings::default());
    join(&mut mixer, 1, SourceKind::Screen);
    join(&mut mixer, 2, SourceKind::Screen);
    mixer.natural_size(id(1), 1280, 720);
    mixer.natural_size(id(2), 720, 720);
    let target = mixer.wanted(id(2)).unwrap();
    assert_eq!(target.fit, Fit::Contain);
    let side = target.width.min(target.height);
    mixer.picture(id(2), Picture::solid(side, side, green), Rotation::None);
    let seen = count(mixer.compose(ms(0)), green);
    let all = (side * side / 4) as usize;
    assert!(seen <= all && seen > all * 9 / 10, "{seen} of {all}");
}

#[test]
fn pictures_are_turned_upright() {
    let mut mixer = Mixer::new(Settings::default());
    join(&mut mixer, 1, SourceKind::Camera);
    // The left half is red: upright, after a quarter to the right, the upper half.
    let mut bytes = Picture::solid(640, 360, BLUE).to_packed();
    for (plane, value) in [(0, RED.y), (1, RED.u), (2, RED.v)] {
        let (begin, width, height) =
            [(0, 640, 360), (230_400, 320, 180), (288_000, 320, 180)][plane];
        for row in 0..height {
            bytes[begin + row * width..begin + row * width + width / 2].fill(value);
        }
    }
    let picture = Picture::packed(640, 360, bytes).unwrap();
    mixer.picture(id(1), picture, Rotation::Quarter);
    let target = mixer.wanted(id(1)).unwrap();
    assert!(
        target.width > target.height,
        "{target:?} is of the picture as it is coded"
    );
    let picture = mixer.compose(ms(0));
    assert_eq!(at(picture, 640, 200), RED);
    assert_eq!(at(picture, 640, 500), BLUE);
    // Upright: narrow in the middle.
    assert_eq!(at(picture, 200, 300), background());
}

#[test]
fn chat_is_shown_for_its_time() {
    let mut mixer = two(Settings::default());
    let before = mixer.compose(ms(0)).to_packed();
    mixer.say(ms(1000), "Ann", "good morning");
    mixer.say(ms(1000), "Ann", "   \u{202e}\n ");
    assert!(mixer.compose(ms(900)).to_packed() == before);
    let shown = mixer.compose(ms(2000)).to_packed();
    assert!(shown != before);
    assert!(mixer.compose(ms(6000)).to_packed() == shown);
    assert!(mixer.compose(ms(10_000)).to_packed() == before);
}

#[test]
fn of_a_flood_of_chat_the_last_few_are_seen() {
    let mut mixer = two(Settings::default());
    for n in 0..10_000 {
        mixer.say(
            ms(n),
            "Ann",
            &format!("message {n} {}", "long ".repeat(100)),
        );
    }
    let picture = mixer.compose(ms(10_500));
    // The left half is not covered.
    assert_eq!(at(picture, 320, 300), RED);
    assert_eq!(at(picture, 600, 600).y, RED.y);
}

#[test]
fn the_speaker_layout_shows_who_speaks_large() {
    let mut mixer = two(Settings {
        layout: Layout::Speaker,
        ..Settings::default()
    });
    join(&mut mixer, 3, SourceKind::Camera);
    let area = |mixer: &Mixer, n| {
        let target = mixer.wanted(id(n)).unwrap();
        target.width * target.height
    };
    mixer.compose(ms(0));
    assert!(area(&mixer, 1) > 4 * area(&mixer, 2));
    for frame in 1..60 {
        mixer.level(id(2), 0.2);
        mixer.compose(ms(frame * 40));
    }
    assert!(area(&mixer, 2) > 4 * area(&mixer, 1));
}

#[test]
fn a_buffer_of_the_caller_gets_the_same() {
    let mut mixer = two(Settings::default());
    let own = mixer.compose(ms(0)).to_packed();
    let mut bytes = vec![0; packed_len(1280, 720)];
    let mut buffer = PictureMut::packed(1280, 720, &mut bytes).unwrap();
    assert!(mixer.compose_into(ms(0), &mut buffer));
    assert!(bytes == own);
    // With strides, as codecs have them.
    let (mut y, mut u, mut v) = (vec![0; 1344 * 720], vec![0; 704 * 360], vec![0; 704 * 360]);
    let planes = [&mut y[..], &mut u[..], &mut v[..]];
    let mut buffer = PictureMut::new(1280, 720, planes, [1344, 704, 704]).unwrap();
    assert!(mixer.compose_into(ms(0), &mut buffer));
    assert_eq!(
        y[1344 * 300..1344 * 300 + 1280],
        own[1280 * 300..1280 * 301]
    );
    let mut small = vec![0; packed_len(640, 360)];
    let mut buffer = PictureMut::packed(640, 360, &mut small).unwrap();
    assert!(!mixer.compose_into(ms(0), &mut buffer));
}

#[test]
fn a_frame_that_is_still_held_does_not_change() {
    let mut mixer = two(Settings::default());
    let held = mixer.compose(ms(0)).clone();
    let before = held.to_packed();
    show(&mut mixer, 1, BLUE);
    assert!(mixer.compose(ms(40)).to_packed() != before);
    assert!(held.to_packed() == before);
}

#[test]
fn lent_memory_is_used_in_place_and_given_back() {
    struct Slot(Vec<u8>, Arc<AtomicUsize>);
    impl AsRef<[u8]> for Slot {
        fn as_ref(&self) -> &[u8] {
            &self.0
        }
    }
    impl Drop for Slot {
        fn drop(&mut self) {
            self.1.fetch_add(1, Ordering::Relaxed);
        }
    }
    let free = Arc::new(AtomicUsize::new(0));
    let mut mixer = two(Settings::default());
    let target = mixer.wanted(id(1)).unwrap();
    for frame in 0..5 {
        let bytes = Picture::solid(target.width, target.height, BLUE).to_packed();
        let slot = Arc::new(Slot(bytes, Arc::clone(&free)));
        let planes = Planes::packed(target.width, target.height);
        let picture = Picture::lent(target.width, target.height, planes, slot).unwrap();
        mixer.picture(id(1), picture, Rotation::None);
        assert_eq!(at(mixer.compose(ms(frame * 40)), 320, 300), BLUE);
    }
    // All but the one that is shown.
    assert_eq!(free.load(Ordering::Relaxed), 4);
    mixer.leave(id(1));
    mixer.compose(ms(1000));
    mixer.compose(ms(2000));
    assert_eq!(free.load(Ordering::Relaxed), 5);
}

#[test]
fn bytes_that_are_no_picture_are_named() {
    let size = |w, h| Picture::packed(w, h, vec![0; 64]).unwrap_err();
    for (w, h) in [(0, 2), (3, 2), (2, 3), (20_000, 2)] {
        assert_eq!(
            size(w, h),
            PictureError::Size {
                width: w,
                height: h
            }
        );
    }
    assert!(matches!(size(8, 8), PictureError::Plane { plane: 1, .. }));
    let planes = Planes {
        offset: [0, usize::MAX, 0],
        stride: [8, 4, 4],
    };
    let bytes: Arc<dyn AsRef<[u8]> + Send + Sync> = Arc::new(vec![0u8; 96]);
    assert!(Picture::lent(8, 8, planes, Arc::clone(&bytes)).is_err());
    let planes = Planes {
        offset: [0; 3],
        stride: [usize::MAX; 3],
    };
    assert!(Picture::lent(8, 8, planes, bytes).is_err());
}

#[test]
fn cropping_shares_and_stays_inside() {
    let picture = Picture::solid(64, 48, RED);
    for (x, y, w, h) in [
        (0, 0, 64, 48),
        (63, 47, 9, 9),
        (5, 7, 1000, 1),
        (1000, 1000, 0, 0),
    ] {
        let part = picture.crop(x, y, w, h);
        assert!(part.width() >= 2 && part.height() >= 2);
        assert_eq!(
            part.to_packed().len(),
            packed_len(part.width(), part.height())
        );
        assert!(
            part.row(2, part.height() as usize / 2 - 1)
                .iter()
                .all(|&v| v == RED.v)
        );
    }
}

#[test]
fn a_thousand_people_and_strange_names_are_no_trouble() {
    let mut mixer = Mixer::new(Settings {
        width: 320,
        height: 240,
        ..Settings::default()
    });
    for n in 0..1000 {
        let name = [
            "",
            "\u{200b}",
            "a\u{301}\u{301}\u{301}",
            "👩‍👩‍👧‍👦",
            "\u{1f1e6}",
            "عربي",
        ][n as usize % 6];
        let source = Source {
            name: name.repeat(1 + n as usize % 50),
            kind: SourceKind::Camera,
            has_video: n % 2 == 0,
        };
        mixer.join(id(n), source);
        if n % 2 == 0 && n < 100 {
            mixer.picture(id(n), Picture::solid(2, 2, RED), Rotation::Half);
        }
    }
    let picture = mixer.compose(ms(0));
    assert_eq!((picture.width(), picture.height()), (320, 240));
    for n in 0..999 {
        mixer.leave(id(n));
    }
    mixer.compose(ms(100));
    mixer.compose(ms(1000));
    assert!(mixer.wanted(id(999)).is_some() && mixer.wanted(id(3)).is_none());
}
