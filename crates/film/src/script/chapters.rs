//! Chapters: where somebody joins or shares.

use std::time::Duration;

use veche_mix::SourceKind;

use super::{Chapter, Role};

/// What happens within so short a time is one chapter.
const SAME_CHAPTER: Duration = Duration::from_secs(5);

/// Chapters of one film; those of a day with a join each five minutes.
const MAX_CHAPTERS: usize = 300;

/// Those of a film of these, in a room of that name.
pub(super) fn chapters(roles: &[Role], room: &str) -> Vec<Chapter> {
    let mut begins: Vec<(Duration, &Role)> = roles
        .iter()
        .flat_map(|role| role.seen.iter().map(move |(from, _)| (*from, role)))
        .collect();
    begins.sort_by_key(|(at, role)| (*at, role.kind == SourceKind::Screen));
    let mut chapters: Vec<(Duration, Vec<&Role>, Vec<&Role>)> = Vec::new();
    for (at, role) in begins {
        let begun = chapters
            .last()
            .is_some_and(|(begun, ..)| at < *begun + SAME_CHAPTER);
        if !begun {
            if chapters.len() == MAX_CHAPTERS {
                break;
            }
            // A player's list begins with the film.
            let at = if chapters.is_empty() {
                Duration::ZERO
            } else {
                at
            };
            chapters.push((at, Vec::new(), Vec::new()));
        }
        let Some((_, join, share)) = chapters.last_mut() else {
            continue;
        };
        let who = match role.kind {
            SourceKind::Screen => share,
            SourceKind::Camera => join,
        };
        if !who.iter().any(|known| known.name == role.name) {
            who.push(role);
        }
    }
    let first = |title: String, position: usize| match (position, room) {
        (0, room) if !room.is_empty() => format!("{room}: {title}"),
        _ => title,
    };
    chapters
        .into_iter()
        .enumerate()
        .map(|(position, (at, join, share))| Chapter {
            at,
            title: first(title(&join, &share), position),
        })
        .collect()
}

fn title(join: &[&Role], share: &[&Role]) -> String {
    let mut parts = Vec::new();
    if !join.is_empty() {
        let verb = if join.len() == 1 { "joins" } else { "join" };
        parts.push(format!("{} {verb}", listed(join)));
    }
    if !share.is_empty() {
        let verb = if share.len() == 1 { "shares" } else { "share" };
        parts.push(format!("{} {verb} the screen", listed(share)));
    }
    parts.join(", ")
}

/// `Ann`, `Ann and Bob`, `Ann, Bob and 3 others`.
fn listed(who: &[&Role]) -> String {
    let names: Vec<&str> = who.iter().map(|role| &*role.label).collect();
    match names[..] {
        [] => String::new(),
        [one] => one.to_owned(),
        [one, two] => format!("{one} and {two}"),
        [one, two, three] => format!("{one}, {two} and {three}"),
        [one, two, ref rest @ ..] => format!("{one}, {two} and {} others", rest.len()),
    }
}
