//! Values of settings, and what is said of wrong ones.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::Value;
use veche_mix::Rgb;

use super::SettingsError;

/// Entries of a map: a name of everybody in a large meeting.
const MAX_ENTRIES: usize = 1024;

/// A value and the key it stands for.
pub(super) struct Of<'a> {
    pub key: &'a str,
    pub value: &'a Value,
    /// What paths are relative to.
    pub base: &'a Path,
}

impl Of<'_> {
    pub fn wrong(&self, expected: &str) -> SettingsError {
        let mut shown = self.value.to_string();
        if shown.len() > 40 {
            let end = (0..=40).rev().find(|i| shown.is_char_boundary(*i));
            shown.truncate(end.unwrap_or(0));
            shown.push('…');
        }
        SettingsError::Value {
            key: self.key.to_owned(),
            problem: format!("{shown} is not {expected}"),
        }
    }

    /// Booleans may be strings: the reference's own file has them so.
    pub fn flag(&self) -> Result<bool, SettingsError> {
        match self.value {
            Value::Bool(flag) => Ok(*flag),
            Value::String(text) if text.eq_ignore_ascii_case("true") => Ok(true),
            Value::String(text) if text.eq_ignore_ascii_case("false") => Ok(false),
            _ => Err(self.wrong("true or false")),
        }
    }

    pub fn number(&self, least: u32, most: u32) -> Result<u32, SettingsError> {
        let number = match self.value {
            Value::Number(number) => number.as_u64(),
            Value::String(text) => text.trim().parse().ok(),
            _ => None,
        };
        number
            .and_then(|number| u32::try_from(number).ok())
            .filter(|number| (least..=most).contains(number))
            .ok_or_else(|| self.wrong(&format!("a number from {least} to {most}")))
    }

    pub fn one<T>(
        &self,
        expected: &str,
        of: impl Fn(&str) -> Option<T>,
    ) -> Result<T, SettingsError> {
        let text = self.value.as_str().ok_or_else(|| self.wrong(expected))?;
        of(text).ok_or_else(|| self.wrong(expected))
    }

    pub fn known<T: for<'de> Deserialize<'de>>(&self, expected: &str) -> Result<T, SettingsError> {
        serde_json::from_value(self.value.clone()).map_err(|_| self.wrong(expected))
    }

    pub fn colour(&self) -> Result<Rgb, SettingsError> {
        self.one("a colour as #RRGGBB", Rgb::parse)
    }

    pub fn url(&self) -> Result<String, SettingsError> {
        self.one("an http:// or https:// address", |text| {
            let known = text.starts_with("http://") || text.starts_with("https://");
            known.then(|| text.to_owned())
        })
    }

    /// A text that may be empty.
    pub fn text(&self) -> Result<String, SettingsError> {
        let text = self.value.as_str().ok_or_else(|| self.wrong("a text"))?;
        Ok(text.to_owned())
    }

    /// A file or folder; none for an empty text.
    pub fn path(&self) -> Result<Option<PathBuf>, SettingsError> {
        let text = self.value.as_str().ok_or_else(|| self.wrong("a path"))?;
        Ok((!text.is_empty()).then(|| self.base.join(text)))
    }

    /// A text for each name.
    pub fn names(&self) -> Result<BTreeMap<String, String>, SettingsError> {
        let wrong = || self.wrong(r#"an object such as {"Ann": "text"}"#);
        let object = self.value.as_object().ok_or_else(wrong)?;
        if object.len() > MAX_ENTRIES {
            return Err(self.wrong("an object of at most 1024 names"));
        }
        let entries = object.iter().map(|(name, value)| {
            let text = value.as_str().ok_or_else(wrong)?;
            Ok((name.clone(), text.to_owned()))
        });
        entries.collect()
    }
}
