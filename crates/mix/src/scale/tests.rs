use super::*;
use crate::colour::Yuv;

fn ramp(width: u32, height: u32) -> Picture {
    let mut picture = Picture::black(width, height);
    let mut edit = picture.edit();
    for y in 0..height as usize {
        for (x, pixel) in edit.planes[0].row(y).iter_mut().enumerate() {
            *pixel = (x * 255 / (width as usize - 1)) as u8;
        }
    }
    picture
}

#[test]
fn one_colour_stays_that_colour_in_every_size() {
    let colour = Yuv {
        y: 235,
        u: 17,
        v: 239,
    };
    for (w, h) in [(2, 2), (64, 36), (100, 300), (1920, 1080), (636, 358)] {
        let mut out = Picture::black(w, h);
        Scaler::default().fill(&Picture::solid(640, 360, colour), Rotation::None, &mut out);
        for (plane, value) in [(0, 235), (1, 17), (2, 239)] {
            for row in 0..plane_size(w, h, plane).1 {
                assert!(out.row(plane, row).iter().all(|&v| v == value), "{w}x{h}");
            }
        }
    }
}

#[test]
fn a_ramp_stays_a_ramp() {
    for width in [128u32, 640, 300] {
        let mut out = Picture::black(width, 20);
        Scaler::default().fill(&ramp(256, 40), Rotation::None, &mut out);
        let row = out.row(0, 10);
        for (x, &value) in row.iter().enumerate() {
            let wanted = (x as f32 + 0.5) / width as f32 * 255.0;
            assert!(
                (f32::from(value) - wanted).abs() < 2.5,
                "{width} {x} {value}"
            );
        }
    }
}

#[test]
fn fine_stripes_become_grey_when_shrunk() {
    let mut picture = Picture::black(640, 64);
    let mut edit = picture.edit();
    for y in 0..64 {
        for (x, pixel) in edit.planes[0].row(y).iter_mut().enumerate() {
            *pixel = if x % 2 == 0 { 0 } else { 200 };
        }
    }
    let mut out = Picture::black(128, 32);
    Scaler::default().fill(&picture, Rotation::None, &mut out);
    assert!(out.row(0, 16).iter().all(|&v| (85..=115).contains(&v)));
}

#[test]
fn turning_four_times_comes_back() {
    let picture = ramp(64, 40);
    let mut scaler = Scaler::default();
    let mut quarter = Picture::black(40, 64);
    scaler.fill(&picture, Rotation::Quarter, &mut quarter);
    // The left edge, dark, is on top after a turn to the right.
    assert!(quarter.row(0, 0).iter().all(|&v| v == 0));
    assert!(quarter.row(0, 63).iter().all(|&v| v == 255));
    let mut back = Picture::black(64, 40);
    scaler.fill(&quarter, Rotation::ThreeQuarters, &mut back);
    assert_eq!(back.to_packed(), picture.to_packed());
    let mut half = Picture::black(64, 40);
    scaler.fill(&picture, Rotation::Half, &mut half);
    assert_eq!(half.row(0, 0)[0], 255);
}
