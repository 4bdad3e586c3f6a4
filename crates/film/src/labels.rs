//! What people are called in a film (`streamLabels`), where that is not as they
//! called themselves. Only what is shown changes: two with one label stay two.

use std::collections::BTreeMap;

use veche_mix::SourceKind;

use veche_record::journal::SCREEN_SUFFIX;

/// What somebody is called.
pub(crate) fn of<'a>(labels: &'a BTreeMap<String, String>, name: &'a str) -> &'a str {
    labels.get(name).map_or(name, String::as_str)
}

/// What stands under what somebody shows; their screen may have a label of its own.
pub(crate) fn of_role<'a>(
    labels: &'a BTreeMap<String, String>,
    name: &'a str,
    kind: SourceKind,
) -> &'a str {
    let screen = match kind {
        SourceKind::Screen => labels.get(&format!("{name}{SCREEN_SUFFIX}")),
        SourceKind::Camera => None,
    };
    screen.map_or_else(|| of(labels, name), String::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_for_people_and_their_screens() {
        let label = |name: &str, label: &str| (name.to_owned(), label.to_owned());
        let labels = BTreeMap::from([label("ann", "Ann Lee"), label("bob (screen)", "Slides")]);
        let shown = |name, kind| of_role(&labels, name, kind).to_owned();
        assert_eq!(shown("ann", SourceKind::Camera), "Ann Lee");
        assert_eq!(shown("ann", SourceKind::Screen), "Ann Lee");
        assert_eq!(shown("bob", SourceKind::Camera), "bob");
        assert_eq!(shown("bob", SourceKind::Screen), "Slides");
    }
}
