//! Writes PNGs of composed pictures, to be looked at: `cargo run -p veche-mix
//! --example gallery -- FOLDER [system]`. With `system` names of all scripts are
//! written in the machine's fonts.
#![allow(clippy::unwrap_used, reason = "a tool for the eye")]

use std::fs::File;
use std::io::BufWriter;
use std::path::{Path, PathBuf};
use std::time::Duration;

use veche_mix::custom::{Align, Content, Element, Layouts, Length, Seat};
use veche_mix::{
    Anchor, DesktopAlign, Fonts, Image, Layout, Mixer, Picture, Rotation, Settings, Source,
    SourceId, SourceKind, Spot, Title,
};

const SIZES: [(u32, u32); 3] = [(1280, 720), (720, 1280), (320, 240)];
const NAMES: [&str; 16] = [
    "Anna Petrova",
    "Björn",
    "Жанна д'Арк",
    "李雷",
    "محمد علي",
    "Νίκος",
    "Bartholomew Featherstonehaugh-Cholmondeley the Third of Somewhere",
    "שרה",
    "Zoë 🎉",
    "Иннокентий",
    "おはよう",
    "Élodie",
    "Мария Склодовская",
    "Sam",
    "한국어",
    "Ravi राम",
];

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// A person before a wall, roughly, so that cropping can be judged.
fn face(seed: u32, width: u32, height: u32) -> Picture {
    let (w, h) = (width as f32, height as f32);
    let unit = w.min(h);
    let wall = (
        90.0 + (seed * 37 % 90) as f32,
        seed * 53 % 70,
        seed * 29 % 60,
    );
    let mut bytes = Vec::new();
    for y in 0..height {
        for x in 0..width {
            let (fx, fy) = (x as f32, y as f32);
            let head = ((fx - w / 2.0) / 0.17).hypot((fy - h * 0.42) / 0.22) < unit;
            let body = ((fx - w / 2.0) / 0.36).hypot((fy - h * 1.02) / 0.34) < unit;
            bytes.push(if head {
                165
            } else if body {
                70 + (seed * 31 % 60) as u8
            } else {
                (wall.0 + 40.0 * fx / w - 30.0 * fy / h) as u8
            });
        }
    }
    for plane in 0..2 {
        for y in (0..height).step_by(2) {
            for x in (0..width).step_by(2) {
                let (fx, fy) = (x as f32, y as f32);
                let head = ((fx - w / 2.0) / 0.17).hypot((fy - h * 0.42) / 0.22) < unit;
                bytes.push(match (head, plane) {
                    (true, 0) => 108,
                    (true, _) => 150,
                    (false, 0) => 100 + wall.1 as u8,
                    (false, _) => 100 + wall.2 as u8,
                });
            }
        }
    }
    Picture::packed(width, height, bytes).unwrap()
}

/// Text on white, with a border to see that nothing is cut.
fn screen(width: u32, height: u32) -> Picture {
    let mut bytes = Vec::new();
    for y in 0..height {
        for x in 0..width {
            let edge = x < 8 || y < 8 || x >= width - 8 || y >= height - 8;
            let line =
                y % 36 > 14 && y % 36 < 26 && x > 80 && x < 80 + (y / 36 * 7919 % (width - 160));
            bytes.push(if edge {
                60
            } else if line && (x / 9 + y / 36) % 7 != 0 {
                50
            } else {
                232
            });
        }
    }
    bytes.resize((width * height * 3 / 2) as usize, 128);
    Picture::packed(width, height, bytes).unwrap()
}

/// A ring and a bar on nothing.
fn logo() -> Image {
    let mut pixels = Vec::new();
    for y in 0..80 {
        for x in 0..200 {
            let (fx, fy) = (x as f32 + 0.5, y as f32 + 0.5);
            let ring = (10.0 - ((fx - 40.0).hypot(fy - 40.0) - 28.0).abs() * 2.0).clamp(0.0, 1.0);
            let bar = f32::from(u8::from((90..190).contains(&x) && (28..52).contains(&y)));
            let alpha = (ring.max(bar) * 200.0) as u8;
            pixels.extend([255, 255, 255, alpha]);
        }
    }
    Image::rgba(200, 80, pixels).unwrap()
}

/// Slanting stripes.
fn wall() -> Image {
    let pixel = |x: u32, y: u32| {
        let stripe = ((x + y) / 60).is_multiple_of(2);
        let blue = 60 + (y * 80 / 600) as u8;
        [20, if stripe { 50 } else { 40 }, blue, 255]
    };
    let all = (0..600).flat_map(|y| (0..800).map(move |x| (x, y)));
    Image::rgba(800, 600, all.flat_map(|(x, y)| pixel(x, y)).collect()).unwrap()
}

/// A sun over a hill.
fn portrait() -> Image {
    let pixel = |x: u32, y: u32| {
        let sun = (x as f32 - 120.0).hypot(y as f32 - 90.0) < 40.0;
        let hill = y as f32 > 170.0 + 30.0 * (x as f32 / 40.0).sin();
        match (sun, hill) {
            (_, true) => [60, 140, 80, 255],
            (true, _) => [250, 210, 90, 255],
            _ => [120, 170, 220, 255],
        }
    };
    let all = (0..240).flat_map(|y| (0..240).map(move |x| (x, y)));
    Image::rgba(240, 240, all.flat_map(|(x, y)| pixel(x, y)).collect()).unwrap()
}

fn picture_in_picture() -> Layouts {
    let seat = |element: Element| Element {
        content: Content::Seat(Seat {
            crop: true,
            ..Seat::default()
        }),
        ..element
    };
    let mut layouts = Layouts::new();
    let small = |align, y| Element {
        width: Length::Percent(26.0),
        height: Length::Percent(26.0),
        align,
        x: -24,
        y,
        ..Element::default()
    };
    layouts
        .add(
            2,
            vec![
                seat(Element::default()),
                seat(small(Align::BottomRight, -24)),
            ],
        )
        .unwrap();
    layouts
        .add(
            3,
            vec![
                seat(Element::default()),
                seat(small(Align::BottomRight, -24)),
                seat(small(Align::TopRight, 24)),
            ],
        )
        .unwrap();
    layouts
}

fn save(path: &Path, picture: &Picture) {
    let mut rgb = Vec::new();
    for y in 0..picture.height() as usize {
        let (ys, us, vs) = (
            picture.row(0, y),
            picture.row(1, y / 2),
            picture.row(2, y / 2),
        );
        for x in 0..picture.width() as usize {
            let luma = (f32::from(ys[x]) - 16.0) * 255.0 / 219.0;
            let (u, v) = (f32::from(us[x / 2]) - 128.0, f32::from(vs[x / 2]) - 128.0);
            for value in [
                luma + 1.596 * v,
                luma - 0.392 * u - 0.813 * v,
                luma + 2.017 * u,
            ] {
                rgb.push(value.clamp(0.0, 255.0) as u8);
            }
        }
    }
    let file = BufWriter::new(File::create(path).unwrap());
    let mut encoder = png::Encoder::new(file, picture.width(), picture.height());
    encoder.set_color(png::ColorType::Rgb);
    encoder
        .write_header()
        .unwrap()
        .write_image_data(&rgb)
        .unwrap();
}

struct Gallery {
    folder: PathBuf,
    fonts: Fonts,
}

impl Gallery {
    fn mixer(&self, settings: Settings) -> Mixer {
        Mixer::with_fonts(settings, &self.fonts)
    }

    fn each(&self, name: &str, settings: &Settings, film: impl Fn(&mut Mixer) -> u64) {
        for (width, height) in SIZES {
            let mut mixer = self.mixer(Settings {
                width,
                height,
                ..settings.clone()
            });
            let at = film(&mut mixer);
            let path = self.folder.join(format!("{name}-{width}x{height}.png"));
            save(&path, mixer.compose(ms(at)));
        }
    }
}

fn people(mixer: &mut Mixer, count: u32, video: impl Fn(u32) -> bool) {
    for i in 0..count {
        let has_video = video(i);
        mixer.join(
            SourceId(i),
            Source {
                name: NAMES[i as usize % NAMES.len()].into(),
                kind: SourceKind::Camera,
                has_video,
            },
        );
        if has_video {
            let (w, h) = if i % 5 == 4 { (480, 640) } else { (640, 360) };
            mixer.picture(SourceId(i), face(i, w, h), Rotation::None);
        }
    }
}

fn share(mixer: &mut Mixer) {
    let id = SourceId(100);
    mixer.join(
        id,
        Source {
            name: "Anna Petrova".into(),
            kind: SourceKind::Screen,
            has_video: true,
        },
    );
    mixer.picture(id, screen(1920, 1080), Rotation::None);
}

fn speak(mixer: &mut Mixer, id: u32, until: u64) {
    for at in (0..=until).step_by(40) {
        mixer.level(SourceId(id), 0.2);
        mixer.compose(ms(at));
    }
}

fn main() {
    let folder = PathBuf::from(std::env::args().nth(1).unwrap_or("gallery".into()));
    std::fs::create_dir_all(&folder).unwrap();
    let fonts = match std::env::args().nth(2).as_deref() {
        Some("system") => Fonts::with_system(),
        _ => Fonts::embedded(),
    };
    let gallery = Gallery { folder, fonts };
    let plain = Settings::default();
    for count in [1, 2, 3, 4, 5, 9, 16] {
        gallery.each(&format!("people-{count:02}"), &plain, |mixer| {
            people(mixer, count, |i| i % 4 != 3 || count < 4);
            speak(mixer, 1, 800);
            840
        });
    }
    for count in [1, 2, 7] {
        gallery.each(&format!("audio-{count:02}"), &plain, |mixer| {
            people(mixer, count, |_| false);
            speak(mixer, 0, 800);
            840
        });
    }
    for (name, align) in [
        ("top", DesktopAlign::Top),
        ("left", DesktopAlign::Left),
        ("right", DesktopAlign::Right),
        ("bottom", DesktopAlign::Bottom),
        ("center", DesktopAlign::Center),
    ] {
        for count in [1, 4, 12] {
            let settings = Settings {
                desktop_align: align,
                ..plain.clone()
            };
            gallery.each(&format!("screen-{name}-{count:02}"), &settings, |mixer| {
                people(mixer, count, |i| i != 2);
                share(mixer);
                speak(mixer, 0, 800);
                840
            });
        }
    }
    for (name, layout) in [
        ("nopad", Layout::GridNoPadding),
        ("crop", Layout::CropNoPadding),
        ("speaker", Layout::Speaker),
    ] {
        for count in [2, 5] {
            let settings = Settings {
                layout,
                ..plain.clone()
            };
            gallery.each(&format!("{name}-{count:02}"), &settings, |mixer| {
                people(mixer, count, |i| i != 2);
                speak(mixer, 1, 1600);
                1640
            });
        }
    }
    gallery.each("chat", &plain, |mixer| {
        people(mixer, 3, |_| true);
        mixer.say(ms(0), "Anna Petrova", "Shall we begin? The agenda is in the usual place.");
        mixer.say(ms(900), "Жанна д'Арк", "Да, начинаем! Сегодня много вопросов, поэтому предлагаю по две минуты на каждый, иначе до обеда не успеем, а после обеда уже никто ничего не помнит.");
        mixer.say(ms(1800), "محمد علي", "مرحبا بالجميع 👋");
        mixer.say(ms(2900), "李雷", "大家好");
        for at in (0..3000).step_by(100) {
            mixer.compose(ms(at));
        }
        3000
    });
    for (step, at) in [(1, 60), (2, 140), (3, 240)] {
        gallery.each(&format!("moving-{step}"), &plain, |mixer| {
            people(mixer, 2, |_| true);
            mixer.compose(ms(0));
            people(mixer, 3, |_| true);
            mixer.leave(SourceId(0));
            mixer.compose(ms(40));
            40 + at
        });
    }
    for count in [2, 3] {
        gallery.each(&format!("custom-{count:02}"), &plain, |mixer| {
            mixer.set_layouts(picture_in_picture());
            people(mixer, count, |i| i != 2);
            mixer.set_audio(SourceId(1), false);
            mixer.set_audio(SourceId(2), false);
            speak(mixer, 1, 800);
            people(mixer, count, |i| i != 2);
            840
        });
    }
    for count in [1, 4] {
        gallery.each(&format!("dressed-{count:02}"), &plain, |mixer| {
            mixer.set_background(Some(&wall()));
            mixer.set_watermark(Some(&logo()), Spot::Anchor(Anchor::TopRight));
            people(mixer, count, |i| i % 2 == 1);
            mixer.set_avatar(SourceId(0), Some(&portrait()));
            mixer.set_audio(SourceId(0), false);
            mixer.set_audio(SourceId(2), false);
            speak(mixer, 1, 800);
            840
        });
    }
    for (name, count, wallpaper) in [("title", 3, false), ("title-many", 14, true)] {
        for (width, height) in SIZES {
            let mut mixer = gallery.mixer(Settings {
                width,
                height,
                ..plain.clone()
            });
            mixer.set_background(wallpaper.then(wall).as_ref());
            mixer.set_watermark(Some(&logo()), Spot::Anchor(Anchor::BottomRight));
            let people = NAMES.iter().cycle().skip(1).take(count).enumerate();
            let title = Title {
                text: match count {
                    3 => "Стендап".into(),
                    _ => "Quarterly review of everything that has been decided by anybody".into(),
                },
                date: "2026-11-21".into(),
                people: people
                    .map(|(i, name)| (name.to_string(), (i == 2).then(portrait)))
                    .collect(),
            };
            let path = gallery.folder.join(format!("{name}-{width}x{height}.png"));
            save(&path, &mixer.title(&title));
        }
    }
    gallery.each("phones", &plain, |mixer| {
        for i in 0..3 {
            let name = NAMES[i as usize].into();
            mixer.join(
                SourceId(i),
                Source {
                    name,
                    kind: SourceKind::Camera,
                    has_video: true,
                },
            );
            mixer.picture(SourceId(i), face(i, 360, 640), Rotation::None);
        }
        0
    });
}
