//! Layouts, backgrounds, watermarks and portraits that somebody chose.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::time::Duration;

use veche_mix::custom::{Align, Content, Element, Layouts, Length, Seat};
use veche_mix::{
    Anchor, Fit, Image, Mixer, Picture, Rotation, Settings, Source, SourceId, SourceKind, Spot,
    Title, Yuv,
};

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

fn mixer() -> Mixer {
    Mixer::new(Settings {
        width: 640,
        height: 360,
        ..Settings::default()
    })
}

fn join(mixer: &mut Mixer, n: u32, has_video: bool) {
    let source = Source {
        name: format!("Person {n}"),
        kind: SourceKind::Camera,
        has_video,
    };
    mixer.join(SourceId(n), source);
    mixer.natural_size(SourceId(n), 1280, 720);
}

fn show(mixer: &mut Mixer, n: u32, y: u8) {
    let wanted = mixer.wanted(SourceId(n)).unwrap();
    let colour = Yuv { y, u: 90, v: 160 };
    let picture = Picture::solid(wanted.width, wanted.height, colour);
    mixer.picture(SourceId(n), picture, Rotation::None);
}

fn seat(id: &str, element: Element) -> Element {
    Element {
        content: Content::Seat(Seat {
            id: (!id.is_empty()).then(|| id.to_owned()),
            crop: true,
            ..Seat::default()
        }),
        ..element
    }
}

/// One whole, the others small over it, and over each other.
fn stacked() -> Layouts {
    let small = |x, y| Element {
        width: Length::Percent(30.0),
        height: Length::Percent(30.0),
        align: Align::Center,
        x,
        y,
        ..Element::default()
    };
    let mut layouts = Layouts::new();
    let all = [
        seat("", Element::default()),
        seat("above", small(60, 30)),
        seat("top", small(120, 60)),
    ];
    layouts.add(2, all[..2].to_vec()).unwrap();
    layouts.add(3, all.to_vec()).unwrap();
    layouts
}

/// Half clear white.
fn veil(width: u32, height: u32) -> Image {
    let pixel = [255, 255, 255, 128];
    Image::rgba(width, height, pixel.repeat((width * height) as usize)).unwrap()
}

fn bytes(mixer: &mut Mixer, at: u64) -> Vec<u8> {
    mixer.compose(ms(at)).to_packed()
}

#[test]
fn what_is_drawn_in_part_is_what_is_drawn_as_a_whole() {
    for (layered, seed) in [(true, 1), (true, 2), (false, 3), (false, 4)] {
        let mut mixer = mixer();
        let mut random = fastrand::Rng::with_seed(seed);
        if layered {
            mixer.set_layouts(stacked());
        }
        let background = veil(33, 17);
        mixer.set_background(Some(&background));
        mixer.set_watermark(Some(&veil(300, 200)), Spot::At(500, 100));
        for n in 1..=3 {
            join(&mut mixer, n, n != 3);
        }
        let mut at = 0;
        for _ in 0..40 {
            at += random.u64(40..400);
            let n = random.u32(1..=3);
            match random.u8(..5) {
                0 => mixer.set_audio(SourceId(n), random.bool()),
                1 => mixer.level(SourceId(n), 0.3),
                2 => mixer.say(ms(at), "Ann", "hello"),
                _ if n == 3 => {}
                _ => show(&mut mixer, n, random.u8(30..200)),
            }
            let part = bytes(&mut mixer, at);
            // The same again draws everything.
            mixer.set_background(Some(&background));
            let whole = bytes(&mut mixer, at);
            assert!(part == whole, "seed {seed} at {at}");
        }
    }
}

#[test]
fn a_small_picture_lies_over_a_large_one() {
    let mut mixer = mixer();
    mixer.set_layouts(stacked());
    join(&mut mixer, 1, true);
    join(&mut mixer, 2, true);
    let wanted = mixer.wanted(SourceId(2)).unwrap();
    assert_eq!(
        (wanted.width, wanted.height, wanted.fit),
        (192, 108, Fit::Cover)
    );
    show(&mut mixer, 1, 60);
    show(&mut mixer, 2, 180);
    // The large one changes last.
    mixer.compose(ms(0));
    show(&mut mixer, 1, 80);
    let picture = mixer.compose(ms(1000));
    assert_eq!(picture.row(0, 210)[380], 180, "the small one");
    assert_eq!(picture.row(0, 40)[40], 80, "the large one");
    // Its corner is round: the large one is seen there.
    let (left, top) = (320 + 60 - 96, 180 + 30 - 54);
    assert_eq!(picture.row(0, top)[left], 80);
}

#[test]
fn a_place_can_be_chosen() {
    let mut mixer = mixer();
    mixer.set_layouts(stacked());
    join(&mut mixer, 1, true);
    join(&mut mixer, 2, true);
    let width = |mixer: &Mixer, n| mixer.wanted(SourceId(n)).unwrap().width;
    assert_eq!((width(&mixer, 1), width(&mixer, 2)), (640, 192));
    mixer.seat(SourceId(1), Some("above"));
    assert_eq!((width(&mixer, 1), width(&mixer, 2)), (192, 640));
}

#[test]
fn numbers_without_a_layout_are_a_grid_and_remembered() {
    let mut mixer = mixer();
    mixer.set_layouts(stacked());
    join(&mut mixer, 1, true);
    assert_eq!(mixer.wanted(SourceId(1)).unwrap().width, 640);
    let without: Vec<usize> = mixer.counts_without_layout().iter().copied().collect();
    assert_eq!(without, [1]);
    join(&mut mixer, 2, true);
    assert_eq!(mixer.counts_without_layout().len(), 1);
}

#[test]
fn a_portrait_and_a_sign_change_the_card() {
    let mut mixer = mixer();
    join(&mut mixer, 1, false);
    let letters = bytes(&mut mixer, 0);
    mixer.set_avatar(SourceId(1), Some(&veil(50, 50)));
    let portrait = bytes(&mut mixer, 40);
    assert!(
        portrait[640 * 140 + 320] > letters[640 * 60 + 40] + 40,
        "bright in the middle"
    );
    mixer.set_audio(SourceId(1), false);
    let muted = bytes(&mut mixer, 80);
    assert_ne!(muted, portrait);
    mixer.set_audio(SourceId(1), true);
    assert_eq!(bytes(&mut mixer, 120), portrait);
    mixer.set_avatar(SourceId(1), None);
    assert_eq!(bytes(&mut mixer, 160), letters);
}

#[test]
fn a_title_stands_over_the_background_below_the_watermark() {
    let mut mixer = mixer();
    let empty = mixer.title(&Title::default()).to_packed();
    assert_eq!(empty, bytes(&mut mixer, 0));
    let title = Title {
        text: "Стендап".into(),
        date: "2026-11-21".into(),
        people: vec![("Ann".into(), None), ("Жанна".into(), Some(veil(8, 8)))],
    };
    let drawn = mixer.title(&title);
    let differ = |row: usize| {
        let (one, other) = (drawn.row(0, row), &empty[row * 640..(row + 1) * 640]);
        one.iter().zip(other).filter(|(a, b)| a != b).count()
    };
    assert!((80..300).any(|row| differ(row) > 50) && differ(20) == 0);
    mixer.set_watermark(Some(&veil(100, 40)), Spot::Anchor(Anchor::TopLeft));
    let marked = mixer.title(&title);
    assert!(marked.row(0, 20)[30] > drawn.row(0, 20)[30] + 60);
}

#[test]
fn pictures_fade_and_turn() {
    let (black, white) = (
        Picture::black(4, 2),
        Picture::solid(
            4,
            2,
            Yuv {
                y: 235,
                u: 128,
                v: 128,
            },
        ),
    );
    let half = black.faded(&white, 0.5).row(0, 0)[0];
    assert!((124..=128).contains(&half), "{half}");
    assert_eq!(black.faded(&white, 1.0).to_packed(), white.to_packed());
    assert_eq!(
        black.faded(&Picture::black(2, 2), 1.0).to_packed(),
        black.to_packed()
    );
    let turned = white.turned(Rotation::Quarter);
    assert_eq!((turned.width(), turned.height()), (2, 4));
}
