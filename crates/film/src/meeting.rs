//! A journal, as the script wants it.

use std::collections::BTreeMap;
use std::time::Duration;

use veche_mix::SourceKind;
use veche_record::journal::{Journal, Source, person_name};

use crate::script::{Meeting, StreamInfo, Switch};

impl Meeting {
    /// What a journal tells. The film begins with it.
    pub fn of(journal: &Journal) -> Self {
        let people = journal.people();
        let name = |id: &str| {
            people
                .iter()
                .find(|person| person.id == id)
                .map(|p| person_name(&p.name).to_owned())
        };
        let presence = people
            .iter()
            .flat_map(|person| {
                let stays = person.stays.iter();
                stays.map(|stay| {
                    let name = person_name(&person.name).to_owned();
                    (name, ms(stay.from_ms), stay.until_ms.map(ms))
                })
            })
            .collect();
        let streams: BTreeMap<_, _> = journal
            .streams()
            .into_iter()
            .map(|stream| {
                let info = StreamInfo {
                    person: name(&stream.person).unwrap_or(stream.stream),
                    kind: match stream.source {
                        Source::Camera => SourceKind::Camera,
                        Source::Screen => SourceKind::Screen,
                    },
                    from: ms(stream.from_ms),
                    to: stream.until_ms.map(ms),
                    switches: stream
                        .switches
                        .iter()
                        .map(|switch| Switch {
                            at: ms(switch.at_ms),
                            audio_off: switch.audio_off,
                            video_off: switch.video_off,
                        })
                        .collect(),
                };
                (stream.media_session_id, info)
            })
            .collect();
        let chat = journal.chat();
        Self {
            room: journal.start.room.clone(),
            presence,
            streams,
            chat: chat
                .map(|c| {
                    let name = person_name(&c.name).to_owned();
                    (ms(c.at_ms), name, c.text.clone())
                })
                .collect(),
        }
    }
}

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}
