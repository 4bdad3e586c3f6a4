use super::*;

const LAYOUTS: [Layout; 5] = [
    Layout::Grid,
    Layout::GridNoPadding,
    Layout::CropNoPadding,
    Layout::Desktop,
    Layout::Speaker,
];
const ALIGNS: [DesktopAlign; 5] = [
    DesktopAlign::Top,
    DesktopAlign::Left,
    DesktopAlign::Right,
    DesktopAlign::Bottom,
    DesktopAlign::Center,
];

fn stage(width: u32, height: u32) -> Stage {
    Stage {
        width,
        height,
        scale: (width as f32 * height as f32 / (1280.0 * 720.0)).sqrt(),
        layout: Layout::Grid,
        align: DesktopAlign::Top,
    }
}

fn camera(aspect: f32) -> Tile {
    Tile {
        featured: false,
        whole: false,
        aspect: Some(aspect),
    }
}

fn screen(aspect: f32) -> Tile {
    Tile {
        featured: true,
        whole: true,
        aspect: Some(aspect),
    }
}

fn area(rect: &Rect) -> u32 {
    rect.width * rect.height
}

/// Whatever the room: inside, even, apart, everybody seen or counted.
fn check(stage: &Stage, tiles: &[Tile]) -> Arrangement {
    let arrangement = stage.arrange(tiles);
    let context = || format!("{stage:?} {} tiles {arrangement:?}", tiles.len());
    let all: Vec<&Placed> = arrangement
        .tiles
        .iter()
        .flatten()
        .chain(&arrangement.more)
        .collect();
    for (i, placed) in all.iter().enumerate() {
        let rect = &placed.rect;
        assert!(rect.width >= 2 && rect.height >= 2, "{}", context());
        assert!(rect.right() <= stage.width, "{}", context());
        assert!(rect.bottom() <= stage.height, "{}", context());
        let even = [rect.x, rect.y, rect.width, rect.height];
        assert!(even.iter().all(|v| v.is_multiple_of(2)), "{}", context());
        for other in &all[..i] {
            assert!(!rect.overlaps(&other.rect), "{}", context());
        }
    }
    let hidden = arrangement.tiles.iter().any(Option::is_none);
    assert_eq!(hidden, arrangement.more.is_some(), "{}", context());
    arrangement
}

#[test]
fn any_room_in_any_size_is_laid_out_well() {
    let mut random = fastrand::Rng::with_seed(7);
    for _ in 0..20_000 {
        let mut stage = stage(random.u32(80..1000) * 2, random.u32(60..700) * 2);
        stage.layout = LAYOUTS[random.usize(..5)];
        stage.align = ALIGNS[random.usize(..5)];
        let screens = random.usize(..3);
        let mut tiles: Vec<Tile> = (0..random.usize(..30))
            .map(|_| camera(random.f32() * 2.0 + 0.3))
            .collect();
        for _ in 0..screens {
            let at = random.usize(..=tiles.len());
            tiles.insert(at, screen(random.f32() * 2.5 + 0.4));
        }
        let arrangement = check(&stage, &tiles);
        for (tile, placed) in tiles.iter().zip(&arrangement.tiles) {
            let Some(placed) = placed else { continue };
            let shown = placed.rect.width as f32 / placed.rect.height as f32;
            let kept = tile.aspect.map_or(1.0, |a| (a / shown).min(shown / a));
            if tile.whole && placed.fit == Fit::Cover {
                assert!(kept > 0.995, "a cropped screen: {stage:?} {tiles:?}");
            }
            let cropped = placed.fit == Fit::Cover && stage.layout != Layout::CropNoPadding;
            assert!(!cropped || kept > 0.44, "{kept} {stage:?} {tiles:?}");
        }
    }
}

#[test]
fn one_more_person_never_makes_tiles_larger() {
    for (width, height) in [(1280, 720), (720, 1280), (640, 480), (1920, 1080)] {
        for aspect in [16.0 / 9.0, 4.0 / 3.0, 9.0 / 16.0] {
            let mut before = u32::MAX;
            for count in 2..40 {
                let arrangement = check(&stage(width, height), &vec![camera(aspect); count]);
                let now = arrangement
                    .tiles
                    .iter()
                    .flatten()
                    .map(|p| area(&p.rect))
                    .max();
                let now = now.unwrap();
                // Even sizes round a little.
                assert!(
                    now <= before.saturating_add(before / 50),
                    "{width}x{height} {count}"
                );
                before = now;
            }
        }
    }
}

#[test]
fn tiles_of_a_grid_are_alike_and_it_is_used_well() {
    for count in 1..=16 {
        let stage = stage(1280, 720);
        let arrangement = check(&stage, &vec![camera(USUAL); count]);
        let sizes: Vec<(u32, u32)> = arrangement
            .tiles
            .iter()
            .flatten()
            .map(|p| (p.rect.width, p.rect.height))
            .collect();
        assert!(sizes.iter().all(|size| *size == sizes[0]));
        let used = sizes[0].0 * sizes[0].1 * count as u32;
        assert!(used as f32 / (1280.0 * 720.0) > 0.6, "{count}: {used}");
    }
}

#[test]
fn a_screen_stands_where_it_is_asked_for_and_is_largest() {
    let mut tiles = vec![camera(USUAL); 5];
    tiles.push(screen(USUAL));
    for align in ALIGNS {
        let mut stage = stage(1280, 720);
        stage.align = align;
        let arrangement = check(&stage, &tiles);
        let rects: Vec<Rect> = arrangement.tiles.iter().flatten().map(|p| p.rect).collect();
        let (screen, faces) = (rects[5], &rects[..5]);
        assert!(
            faces.iter().all(|face| area(&screen) > 4 * area(face)),
            "{align:?}"
        );
        assert!(area(&screen) > 1280 * 720 * 2 / 5, "{align:?}");
        let all = |side: fn(&Rect, &Rect) -> bool| faces.iter().all(|f| side(&screen, f));
        match align {
            DesktopAlign::Top => assert!(all(|s, f| s.bottom() <= f.y)),
            DesktopAlign::Bottom => assert!(all(|s, f| f.bottom() <= s.y)),
            DesktopAlign::Left => assert!(all(|s, f| s.right() <= f.x)),
            DesktopAlign::Right => assert!(all(|s, f| f.right() <= s.x)),
            DesktopAlign::Center => {
                assert!(faces.iter().any(|f| f.right() <= screen.x));
                assert!(faces.iter().any(|f| f.x >= screen.right()));
            }
        }
    }
}

#[test]
fn no_padding_leaves_no_seam() {
    for count in 1..=20 {
        let mut stage = stage(1280, 720);
        stage.layout = Layout::CropNoPadding;
        let arrangement = check(&stage, &vec![camera(USUAL); count]);
        let covered: u32 = arrangement
            .tiles
            .iter()
            .flatten()
            .map(|p| area(&p.rect))
            .sum();
        assert_eq!(covered, 1280 * 720, "{count}");
    }
}

#[test]
fn whoever_is_alone_fills_the_picture_and_telephones_stand_upright() {
    let alone = check(&stage(1280, 720), &[camera(USUAL)]).tiles[0].unwrap();
    assert_eq!(
        (alone.rect.width, alone.rect.height, alone.radius),
        (1280, 720, 0)
    );
    let phone = check(&stage(1280, 720), &[camera(9.0 / 16.0)]).tiles[0].unwrap();
    assert!(phone.rect.height > phone.rect.width && phone.fit == Fit::Cover);
}

#[test]
fn a_crowd_beyond_all_bounds_is_counted() {
    let arrangement = check(&stage(1280, 720), &vec![camera(USUAL); 3000]);
    let shown = arrangement.tiles.iter().flatten().count();
    assert!((60..MOST_TILES).contains(&shown), "{shown}");
    assert!(stage(2, 2).arrange(&[camera(1.0); 3]).more.is_some());
}
