//! What people are called in a film (`streamLabels`), where that is not as they
//! called themselves.

use std::collections::BTreeMap;

use crate::script::{Meeting, SCREEN_SUFFIX, TrackInfo};

/// Renames everybody that there is a label for.
pub(crate) fn apply(
    labels: &BTreeMap<String, String>,
    tracks: &mut [TrackInfo],
    meeting: Option<&mut Meeting>,
) {
    let rename = |name: &mut String| {
        if let Some(label) = labels.get(name) {
            name.clone_from(label);
        }
    };
    for track in tracks {
        match track.name.strip_suffix(SCREEN_SUFFIX) {
            Some(person) if !labels.contains_key(&track.name) => {
                let mut person = person.to_owned();
                rename(&mut person);
                track.name = person + SCREEN_SUFFIX;
            }
            _ => rename(&mut track.name),
        }
    }
    let Some(meeting) = meeting else {
        return;
    };
    for (name, ..) in &mut meeting.presence {
        rename(name);
    }
    for stream in meeting.streams.values_mut() {
        rename(&mut stream.person);
    }
    for (_, name, _) in &mut meeting.chat {
        rename(name);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::script::TrackKind;

    #[test]
    fn labels_are_for_people_and_their_screens() {
        let track = |name: &str| TrackInfo {
            name: name.to_owned(),
            media_session_id: None,
            kind: TrackKind::Video,
            start: Duration::ZERO,
            end: Duration::ZERO,
        };
        let mut tracks = [track("ann"), track("ann (screen)"), track("bob")];
        let mut meeting = Meeting {
            presence: vec![("ann".into(), Duration::ZERO, None)],
            chat: vec![(Duration::ZERO, "ann".into(), "ann?".into())],
            ..Meeting::default()
        };
        let labels = BTreeMap::from([("ann".to_owned(), "Ann Lee".to_owned())]);
        apply(&labels, &mut tracks, Some(&mut meeting));
        let names: Vec<_> = tracks.iter().map(|track| &*track.name).collect();
        assert_eq!(names, ["Ann Lee", "Ann Lee (screen)", "bob"]);
        assert_eq!(meeting.presence[0].0, "Ann Lee");
        assert_eq!(
            meeting.chat[0],
            (Duration::ZERO, "Ann Lee".into(), "ann?".into())
        );
    }
}
