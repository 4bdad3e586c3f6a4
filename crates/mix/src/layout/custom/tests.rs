use super::*;
use crate::settings::{DesktopAlign, Layout};

const STAGE: Stage = Stage {
    width: 1280,
    height: 720,
    scale: 1.0,
    layout: Layout::Grid,
    align: DesktopAlign::Top,
};

fn seat(element: Element) -> Element {
    Element {
        content: Content::Seat(Seat::default()),
        ..element
    }
}

fn part(width: Length, height: Length, align: Align) -> Element {
    Element {
        width,
        height,
        align,
        ..Element::default()
    }
}

fn boxed(element: Element, inside: Vec<Element>) -> Element {
    Element {
        content: Content::Box(inside),
        ..element
    }
}

/// Where faces of these proportions are: x, y, width, height.
fn placed(elements: Vec<Element>, aspects: &[Option<f32>]) -> Vec<(u32, u32, u32, u32)> {
    let mut layouts = Layouts::new();
    layouts.add(aspects.len(), elements).unwrap();
    let tiles: Vec<Tile> = aspects
        .iter()
        .map(|aspect| Tile {
            featured: false,
            whole: false,
            aspect: *aspect,
        })
        .collect();
    let guests = vec![
        Guest {
            name: "",
            seat: None,
            screen: false,
        };
        aspects.len()
    ];
    let placed = layouts.arrange(&STAGE, &tiles, &guests).unwrap();
    placed
        .iter()
        .flatten()
        .map(|p| (p.rect.x, p.rect.y, p.rect.width, p.rect.height))
        .collect()
}

#[test]
fn a_picture_in_a_picture() {
    let small = Element {
        x: -40,
        y: -20,
        ..part(
            Length::Percent(25.0),
            Length::Percent(25.0),
            Align::BottomRight,
        )
    };
    let elements = vec![seat(Element::default()), seat(small)];
    assert_eq!(
        placed(elements, &[None, None]),
        [(0, 0, 1280, 720), (920, 520, 320, 180)]
    );
}

#[test]
fn columns_and_rows_share_what_there_is() {
    // The reference's own example: two rows of two.
    let cell = || {
        boxed(
            part(Length::Parts(1.0), Length::Percent(100.0), Align::RowCenter),
            vec![seat(part(
                Length::Percent(100.0),
                Length::Percent(100.0),
                Align::Center,
            ))],
        )
    };
    let row = || {
        boxed(
            part(Length::Rest, Length::Parts(1.0), Align::ColumnCenter),
            vec![cell(), cell()],
        )
    };
    let all = [None, None, None, None];
    assert_eq!(
        placed(vec![row(), row()], &all),
        [
            (0, 0, 640, 360),
            (640, 0, 640, 360),
            (0, 360, 640, 360),
            (640, 360, 640, 360)
        ]
    );
}

#[test]
fn pictures_keep_their_shape_unless_they_are_cropped() {
    let half = |crop| Element {
        content: Content::Seat(Seat {
            crop,
            ..Seat::default()
        }),
        ..part(Length::Parts(1.0), Length::Rest, Align::Row)
    };
    let square = Some(1.0);
    assert_eq!(
        placed(vec![half(false), half(true)], &[square, square]),
        [(0, 40, 640, 640), (640, 0, 640, 720)]
    );
}

#[test]
fn pictures_stand_where_their_places_do() {
    let half = |align| seat(part(Length::Percent(50.0), Length::Percent(50.0), align));
    for (align, square) in [
        (Align::Usual, (140, 0)),
        (Align::Left, (0, 0)),
        (Align::Right, (920, 0)),
        (Align::Top, (460, 0)),
        (Align::Bottom, (460, 360)),
        (Align::BottomRight, (920, 360)),
        (Align::Center, (460, 180)),
    ] {
        let (x, y) = square;
        let found = placed(vec![half(align)], &[Some(1.0)]);
        assert_eq!(found, [(x, y, 360, 360)], "{align:?}");
    }
}

#[test]
fn rows_in_the_middle_and_padding() {
    let third = || Element {
        padding: Padding {
            left: 10,
            right: 10,
            top: 0,
            bottom: 0,
        },
        ..part(
            Length::Percent(25.0),
            Length::Percent(50.0),
            Align::RowCenter,
        )
    };
    assert_eq!(
        placed(vec![seat(third()), seat(third())], &[None, None]),
        [(330, 180, 300, 360), (650, 180, 300, 360)]
    );
}

#[test]
fn corners_are_round_where_nothing_is_beside() {
    let mut layouts = Layouts::new();
    let small = part(Length::Percent(25.0), Length::Percent(25.0), Align::Center);
    layouts
        .add(2, vec![seat(Element::default()), seat(small)])
        .unwrap();
    let tile = Tile {
        featured: false,
        whole: false,
        aspect: None,
    };
    let guest = Guest {
        name: "",
        seat: None,
        screen: false,
    };
    let placed = layouts.arrange(&STAGE, &[tile; 2], &[guest; 2]).unwrap();
    let radius: Vec<bool> = placed.iter().map(|p| p.unwrap().radius > 0).collect();
    assert_eq!(radius, [false, true]);
    assert!(placed[1].unwrap().layer > placed[0].unwrap().layer);
}

#[test]
fn a_layout_has_a_place_for_everybody() {
    let mut layouts = Layouts::new();
    let one = || vec![seat(Element::default())];
    let error = layouts.add(2, one()).unwrap_err();
    assert_eq!(error, LayoutError::TooFewSeats { count: 2, seats: 1 });
    layouts.add(1, one()).unwrap();
    assert_eq!(layouts.add(1, one()).unwrap_err(), LayoutError::Twice(1));
}

#[test]
fn lengths_beyond_everything_are_held() {
    let far = Element {
        x: i32::MIN,
        y: i32::MAX,
        ..part(
            Length::Pixels(u32::MAX),
            Length::Percent(1e30),
            Align::Center,
        )
    };
    for rect in placed(vec![seat(far.clone())], &[None]) {
        assert!(
            rect.0 + rect.2 <= 1280 && rect.1 + rect.3 <= 720,
            "{rect:?}"
        );
    }
    let nan = part(
        Length::Percent(f32::NAN),
        Length::Parts(f32::INFINITY),
        Align::Row,
    );
    placed(vec![seat(nan)], &[Some(f32::NAN)]);
}
