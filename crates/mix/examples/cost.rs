//! What a composed frame costs: `cargo run --release -p veche-mix --example cost`.
#![allow(clippy::unwrap_used, reason = "a tool")]

use std::time::{Duration, Instant};

use veche_mix::{
    AudioMixer, Mixer, Picture, PictureMut, Rotation, Settings, Source, SourceId, SourceKind,
    packed_len,
};

const FRAMES: u64 = 300;

struct Case {
    people: u32,
    screen: bool,
    /// Pictures arrive in the size that is wanted, or as 720p.
    fitting: bool,
    rotation: Rotation,
    /// Composed into a buffer of the caller.
    into: bool,
}

impl Default for Case {
    fn default() -> Case {
        Case {
            people: 1,
            screen: false,
            fitting: true,
            rotation: Rotation::None,
            into: false,
        }
    }
}

fn cost(case: &Case) -> f64 {
    let mut mixer = Mixer::new(Settings::default());
    let mut ids: Vec<SourceId> = (0..case.people).map(SourceId).collect();
    if case.screen {
        ids.push(SourceId(100));
    }
    for &id in &ids {
        let kind = match id.0 {
            100 => SourceKind::Screen,
            _ => SourceKind::Camera,
        };
        let name = format!("Person {}", id.0);
        mixer.join(
            id,
            Source {
                name,
                kind,
                has_video: true,
            },
        );
        let (width, height) = case.rotation.size(1280, 720);
        mixer.natural_size(id, width, height);
        mixer.picture(id, Picture::black(width, height), case.rotation);
    }
    mixer.compose(Duration::ZERO);
    // Pictures out of a pool, as a decoder's.
    let pool: Vec<Vec<Picture>> = ids
        .iter()
        .map(|&id| {
            let target = mixer.wanted(id).unwrap();
            let (width, height) = match case.fitting {
                true => (target.width, target.height),
                false => case.rotation.size(1280, 720),
            };
            (0..3).map(|_| Picture::black(width, height)).collect()
        })
        .collect();
    let mut buffer = vec![0u8; packed_len(1280, 720)];
    let mut best = Duration::MAX;
    let mut sum = Duration::ZERO;
    for frame in 1..=FRAMES {
        for (i, &id) in ids.iter().enumerate() {
            mixer.picture(id, pool[i][frame as usize % 3].clone(), case.rotation);
            mixer.level(id, if id.0 == 0 { 0.1 } else { 0.0 });
        }
        let start = Instant::now();
        let at = Duration::from_millis(40 * frame);
        if case.into {
            let mut out = PictureMut::packed(1280, 720, &mut buffer).unwrap();
            assert!(mixer.compose_into(at, &mut out));
        } else {
            mixer.compose(at);
        }
        let took = start.elapsed();
        best = best.min(took);
        sum += took;
    }
    println!(
        "{:>2} people{} {} {:<13} {}  mean {:.3} ms  best {:.3} ms",
        case.people,
        if case.screen {
            " + screen"
        } else {
            "         "
        },
        if case.fitting { "fitting" } else { "720p   " },
        format!("{:?}", case.rotation),
        if case.into {
            "into a buffer"
        } else {
            "retained     "
        },
        sum.as_secs_f64() * 1e3 / FRAMES as f64,
        best.as_secs_f64() * 1e3,
    );
    sum.as_secs_f64()
}

fn sound(people: u32, listening: bool) {
    let mut mixer = AudioMixer::new();
    let tone: Vec<f32> = (0..1920).map(|i| (i as f32 * 0.03).sin() * 0.4).collect();
    for id in (0..people).map(SourceId).filter(|_| listening) {
        mixer.listen(id);
    }
    let mut sum = Duration::ZERO;
    let ticks = 200;
    for tick in 0..ticks {
        for id in 0..people {
            let left_out = mixer.add(SourceId(id), (tick + 1) * 960, &tone);
            assert_eq!(left_out.early + left_out.doubled, 0);
        }
        let start = Instant::now();
        std::hint::black_box(mixer.mix(tick * 960, 960));
        sum += start.elapsed();
    }
    println!(
        "sound of {people:>2} people{}: {:.1} µs for 20 ms",
        if listening {
            ", each without their own"
        } else {
            ""
        },
        sum.as_secs_f64() * 1e6 / ticks as f64
    );
}

fn main() {
    for people in [1, 2, 4, 9, 16] {
        cost(&Case {
            people,
            ..Case::default()
        });
    }
    for people in [2, 9] {
        cost(&Case {
            people,
            into: true,
            ..Case::default()
        });
        cost(&Case {
            people,
            screen: true,
            ..Case::default()
        });
        cost(&Case {
            people,
            fitting: false,
            ..Case::default()
        });
        cost(&Case {
            people,
            rotation: Rotation::Quarter,
            ..Case::default()
        });
    }
    sound(2, false);
    sound(9, false);
    sound(50, false);
    sound(9, true);
}
