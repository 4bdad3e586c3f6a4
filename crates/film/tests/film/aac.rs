//! Films of recordings whose sound is AAC.

use std::time::Duration;

use tempfile::TempDir;
use veche_codec::Codecs;
use veche_record::{Container, Input, merge};
use veche_transcode::to_aac;

use crate::{beats, flash_and_beep_together};

#[test]
fn flashes_and_beeps_stay_together_when_sound_was_put_into_aac() {
    for container in [Container::Mp4, Container::Matroska] {
        let folder = TempDir::new().unwrap();
        let raw = folder.path().join("raw.webm");
        beats(&raw);
        let published = folder.path().join(format!("published.{container}"));
        let input = Input {
            path: raw,
            name: "Ann".to_owned(),
            start: Duration::ZERO,
        };
        merge(&[input], container, &published).unwrap();
        let aac = folder.path().join(format!("aac.{container}"));
        to_aac(&published, &aac, &Codecs::find().unwrap(), &|| true).unwrap();
        flash_and_beep_together(&aac);
    }
}
