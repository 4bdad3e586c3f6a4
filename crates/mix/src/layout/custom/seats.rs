//! Who gets which place.

use super::Seat;

/// Who wants a place.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Guest<'a> {
    pub name: &'a str,
    /// The place that was chosen for them.
    pub seat: Option<&'a str>,
    pub screen: bool,
}

/// Screens sit here if nothing else is said.
const SCREENS: &str = "desktop";

/// Whether a seat is for a guest.
type Rule = fn(&Seat, &Guest<'_>) -> bool;

/// The seat of each guest: the one chosen for them, that for screens, that for
/// their name, else the next that is for no name, else the next at all.
pub(super) fn assign(seats: &[&Seat], guests: &[Guest<'_>]) -> Vec<Option<usize>> {
    let mut given: Vec<Option<usize>> = vec![None; guests.len()];
    let mut free = vec![true; seats.len()];
    let rules: [Rule; 5] = [
        |seat, guest| guest.seat.is_some() && seat.id.as_deref() == guest.seat,
        |seat, guest| {
            let named = [seat.id.as_deref(), seat.name.as_deref()];
            guest.screen && named.contains(&Some(SCREENS))
        },
        |seat, guest| {
            let name = seat.name.as_deref();
            !guest.screen && name.is_some_and(|name| matches(name, guest.name))
        },
        |seat, _| seat.name.is_none(),
        |_, _| true,
    ];
    for rule in rules {
        for (guest, given) in guests.iter().zip(&mut given) {
            if given.is_some() {
                continue;
            }
            *given = (0..seats.len()).find(|i| free[*i] && rule(seats[*i], guest));
            if let Some(seat) = *given {
                free[seat] = false;
            }
        }
    }
    given
}

/// Whether a name is of a pattern in which `*` stands for anything.
fn matches(pattern: &str, name: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|first| name.strip_prefix(first)) else {
        return false;
    };
    let mut last = None;
    for part in parts {
        if let Some(middle) = last.replace(part) {
            let Some(at) = rest.find(middle) else {
                return false;
            };
            rest = &rest[at + middle.len()..];
        }
    }
    match last {
        Some(last) => rest.ends_with(last),
        None => rest.is_empty(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_may_have_stars() {
        let check = |pattern, name, expected| {
            assert_eq!(matches(pattern, name), expected, "{pattern} {name}");
        };
        check("ann", "ann", true);
        check("ann", "anna", false);
        check("ann*", "anna", true);
        check("*", "", true);
        check("*_screen", "ann_screen", true);
        check("a*b*c", "a1b2c", true);
        check("a*b*c", "acb", false);
        check("a*a", "a", false);
        check("жан*", "жанна", true);
    }

    #[test]
    fn everybody_gets_a_seat_and_the_right_one() {
        let seat = |id: &str, name: &str| Seat {
            id: (!id.is_empty()).then(|| id.to_owned()),
            name: (!name.is_empty()).then(|| name.to_owned()),
            crop: false,
        };
        let seats = [
            seat("desktop", ""),
            seat("", "bob*"),
            seat("", ""),
            seat("guest", ""),
        ];
        let seats: Vec<&Seat> = seats.iter().collect();
        let guest = |name, screen, seat| Guest { name, seat, screen };
        let given = assign(
            &seats,
            &[
                guest("ann", false, None),
                guest("ann", true, None),
                guest("cy", false, Some("guest")),
                guest("bobby", false, None),
            ],
        );
        assert_eq!(given, [Some(2), Some(0), Some(3), Some(1)]);
        // Without a screen its seat is as any other; a name's is the last.
        let given = assign(
            &seats[..3],
            &[
                guest("x", false, None),
                guest("y", false, None),
                guest("z", false, None),
            ],
        );
        assert_eq!(given, [Some(0), Some(2), Some(1)]);
    }
}
