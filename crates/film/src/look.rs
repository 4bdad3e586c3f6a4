//! What settings name by files: read once, before anything is made.

use std::collections::{BTreeMap, BTreeSet};

use veche_mix::custom::Layouts;
use veche_mix::{Image, Mixer, SourceId};

use crate::image;
use crate::layouts;
use crate::script::Role;
use crate::settings::{Settings, SettingsError};

/// Layouts and images of a film.
#[derive(Debug, Default)]
pub(crate) struct Look {
    layouts: Layouts,
    background: Option<Image>,
    watermark: Option<Image>,
    /// By name.
    avatars: BTreeMap<String, Image>,
    /// What was not understood.
    pub(crate) warnings: Vec<String>,
}

impl Look {
    /// Reads all that is named. A file that is not there, or not what it should
    /// be, is an error: a film that looks otherwise has to be made again.
    pub(crate) fn read(settings: &Settings) -> Result<Self, SettingsError> {
        let mut look = Self::default();
        if !settings.has_video {
            return Ok(look);
        }
        if let Some(folder) = &settings.layout_dir {
            (look.layouts, look.warnings) = layouts::read(folder)?;
        }
        look.background = settings
            .background
            .as_deref()
            .map(image::read)
            .transpose()?;
        look.watermark = settings.watermark.as_deref().map(image::read).transpose()?;
        for (name, path) in &settings.avatars {
            look.avatars.insert(name.clone(), image::read(path)?);
        }
        Ok(look)
    }

    /// Gives the mixer what is there from the beginning.
    pub(crate) fn dress(&self, settings: &Settings, mixer: &mut Mixer) {
        mixer.set_layouts(self.layouts.clone());
        if self.background.is_some() {
            mixer.set_background(self.background.as_ref());
        }
        mixer.set_watermark(self.watermark.as_ref(), settings.watermark_spot);
    }

    /// The same when somebody comes.
    pub(crate) fn dress_person(
        &self,
        settings: &Settings,
        mixer: &mut Mixer,
        id: SourceId,
        role: &Role,
    ) {
        if let Some(avatar) = self.avatar(role) {
            mixer.set_avatar(id, Some(avatar));
        }
        if let Some(seat) = of(&settings.seats, role) {
            mixer.seat(id, Some(seat));
        }
    }

    pub(crate) fn avatar(&self, role: &Role) -> Option<&Image> {
        of(&self.avatars, role)
    }
}

/// What is chosen for somebody, by their own name or by what they are called.
fn of<'a, T>(chosen: &'a BTreeMap<String, T>, role: &Role) -> Option<&'a T> {
    let own = chosen.get(&role.name);
    own.or_else(|| chosen.get(&role.label))
}

/// Says for which numbers of tiles there was no layout.
pub(crate) fn missing_layouts(settings: &Settings, counts: &BTreeSet<usize>) -> Vec<String> {
    let Some(folder) = &settings.layout_dir else {
        return Vec::new();
    };
    let sentence = |count: &usize| {
        format!(
            "{}: no {count}_name.mix in it; while {count} are seen they stand in the usual grid",
            folder.display()
        )
    };
    // Somebody alone has the whole picture in any case.
    counts.iter().filter(|n| **n > 1).map(sentence).collect()
}
