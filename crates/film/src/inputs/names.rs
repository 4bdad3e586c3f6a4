//! Whose the tracks of a file are. Pure.

use std::collections::BTreeSet;
use std::path::Path;

use veche_record::journal::{SCREEN_SUFFIX, person_name};
use veche_record::{Track, TrackMedia};

/// What the tracks of a file are called by themselves. If its pictures have no
/// names, all of it is one person's, whatever a program calls the sounds. Texts are
/// nobody's.
pub(super) fn own_names(tracks: &[Track]) -> Vec<String> {
    let unnamed = |track: &Track| track.name.trim().is_empty();
    let mut pictures = tracks.iter().filter(|t| t.is_video()).peekable();
    let one = pictures.peek().is_some() && pictures.all(unnamed);
    let own = tracks.iter().map(|track| match track.media {
        TrackMedia::Text => "Chat",
        _ if one => "",
        _ => track.name.trim(),
    });
    own.map(str::to_owned).collect()
}

/// What a file is called, and how many with that name were before.
pub(super) fn stem_of(path: &Path, taken: &mut BTreeSet<String>) -> String {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let mut name = stem.clone().into_owned();
    let mut count = 1_u32;
    while !taken.insert(name.clone()) {
        count += 1;
        name = format!("{stem} {count}");
    }
    name
}

/// A track is its person's, if that is known, or their screen; else it is called
/// as it calls itself, else as its file.
pub(super) fn name_of(own: &str, person: Option<&str>, stem: &str) -> String {
    match (person, own.strip_suffix(SCREEN_SUFFIX)) {
        (_, Some(own)) => format!("{}{SCREEN_SUFFIX}", person_name(own)),
        (Some(person), None) => person_name(person).to_owned(),
        (None, None) if own.is_empty() => stem.to_owned(),
        (None, None) => person_name(own).to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use veche_media::AudioCodec;

    use super::*;

    #[test]
    fn files_of_one_name_are_two_peoples() {
        let mut taken = BTreeSet::new();
        let names = ["ann/rec.webm", "bob/rec.mp4", "bob.mp4", "c/rec.mkv"]
            .map(|path| stem_of(Path::new(path), &mut taken));
        assert_eq!(names, ["rec", "rec 2", "bob", "rec 3"]);
    }

    #[test]
    fn a_track_is_its_persons_or_called_by_itself_or_as_its_file() {
        assert_eq!(name_of("stream-1", Some("Ann"), "rec"), "Ann");
        assert_eq!(name_of("Ann (screen)", Some("Ann"), "rec"), "Ann (screen)");
        assert_eq!(name_of("", Some("Ann"), "rec"), "Ann");
        assert_eq!(name_of("Bob", None, "part1"), "Bob");
        assert_eq!(name_of("", None, "rec"), "rec");
        assert_eq!(name_of("Ann  (screen)", None, "rec"), "Ann (screen)");
        assert_eq!(name_of("s", Some(" Ann "), "rec"), "Ann");
    }

    #[test]
    fn sounds_alone_say_whose_they_are() {
        let tracks = ["Ann", " Bob ", ""].map(|name| Track::audio(name, AudioCodec::Opus));
        assert_eq!(own_names(&tracks), ["Ann", "Bob", ""]);
        assert_eq!(own_names(&[Track::text("Chat")]), ["Chat"]);
    }
}
