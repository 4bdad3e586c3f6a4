//! What the script tells the mixer, in order of time.

use std::time::Duration;

use veche_mix::{AudioMixer, Mixer, Source, SourceKind};

use crate::labels;
use crate::look::Look;
use crate::script::{Meeting, Role, Script, Switch};
use crate::settings::{Chat, Settings};
use crate::sources::{Sources, id, sound_id};

/// What is told, and what was told already.
pub(crate) struct Cues<'a> {
    cues: Vec<(Duration, Cue<'a>)>,
    next: usize,
    settings: &'a Settings,
    look: &'a Look,
}

enum Cue<'a> {
    Come(usize, &'a Role),
    Go(usize, &'a Role),
    Switch(usize, Switch),
    Say(&'a str, &'a str),
}

impl<'a> Cues<'a> {
    pub(crate) fn new(
        script: &'a Script,
        meeting: Option<&'a Meeting>,
        settings: &'a Settings,
        look: &'a Look,
    ) -> Self {
        let mut cues = Vec::new();
        for (number, role) in script.roles.iter().enumerate() {
            for (from, to) in &role.seen {
                cues.push((*from, Cue::Come(number, role)));
                cues.push((*to, Cue::Go(number, role)));
            }
            for switch in &role.switches {
                cues.push((switch.at, Cue::Switch(number, *switch)));
            }
        }
        let chat = meeting.iter().flat_map(|meeting| &meeting.chat);
        for (at, name, text) in chat.filter(|_| settings.chat == Chat::Burn) {
            cues.push((*at, Cue::Say(name, text)));
        }
        cues.sort_by_key(|(at, _)| *at);
        Self {
            cues,
            next: 0,
            settings,
            look,
        }
    }

    /// Those up to `at`.
    pub(crate) fn until(
        &mut self,
        at: Duration,
        mixer: &mut Mixer,
        audio: &mut AudioMixer,
        sources: &mut Sources<'_>,
    ) {
        while let Some((when, cue)) = self.cues.get(self.next).filter(|(when, _)| *when <= at) {
            match cue {
                Cue::Come(number, role) => {
                    let source = Source {
                        name: role.label.clone(),
                        kind: role.kind,
                        has_video: role.kind == SourceKind::Screen,
                    };
                    mixer.join(id(*number), source);
                    sources.came(*number);
                    let (look, settings) = (self.look, self.settings);
                    look.dress_person(settings, mixer, id(*number), role);
                }
                Cue::Go(number, role) => {
                    mixer.leave(id(*number));
                    for track in &role.audio {
                        audio.remove(sound_id(*track));
                    }
                }
                Cue::Switch(number, switch) => {
                    mixer.set_audio(id(*number), !switch.audio_off);
                    sources.switch_camera(*number, !switch.video_off);
                }
                Cue::Say(name, text) => {
                    mixer.say(*when, labels::of(&self.settings.labels, name), text);
                }
            }
            self.next += 1;
        }
    }
}
