//! Fields of a JSON object that may be there, with faults that name them.

use serde_json::{Map, Value};

use crate::DecodeError;

/// One object of a message. Absent and `null` are the same everywhere.
#[derive(Clone, Copy)]
pub(crate) struct Fields<'a> {
    object: Option<&'a Map<String, Value>>,
    /// Where the object stands, for faults.
    place: &'a str,
}

impl<'a> Fields<'a> {
    pub(crate) fn of(value: Option<&'a Value>, place: &'a str) -> Result<Self, DecodeError> {
        let object = match value {
            None | Some(Value::Null) => None,
            Some(Value::Object(object)) => Some(object),
            Some(_) => return Err(DecodeError::bad(format!("{place} must be an object"))),
        };
        Ok(Self { object, place })
    }

    pub(crate) fn value(self, name: &str) -> Option<&'a Value> {
        self.object?.get(name).filter(|value| !value.is_null())
    }

    /// The field as JSON text.
    pub(crate) fn json(self, name: &str) -> Option<String> {
        self.value(name).map(Value::to_string)
    }

    pub(crate) fn object(self, name: &'a str) -> Result<Fields<'a>, DecodeError> {
        Fields::of(self.value(name), name)
    }

    pub(crate) fn text(self, name: &str) -> Result<Option<&'a str>, DecodeError> {
        match self.value(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(self.wrong(name, "a string")),
        }
    }

    pub(crate) fn required(self, name: &str) -> Result<String, DecodeError> {
        match self.text(name)? {
            Some(text) => Ok(text.to_owned()),
            None => Err(self.missing(name)),
        }
    }

    pub(crate) fn flag(self, name: &str) -> Result<bool, DecodeError> {
        match self.value(name) {
            None => Ok(false),
            Some(Value::Bool(flag)) => Ok(*flag),
            Some(_) => Err(self.wrong(name, "true or false")),
        }
    }

    pub(crate) fn required_flag(self, name: &str) -> Result<bool, DecodeError> {
        match self.value(name) {
            Some(_) => self.flag(name),
            None => Err(self.missing(name)),
        }
    }

    /// A number that is not negative; fractions are cut.
    pub(crate) fn number(self, name: &str) -> Result<Option<u64>, DecodeError> {
        let number = match self.value(name) {
            None => return Ok(None),
            Some(Value::Number(number)) => number,
            Some(_) => return Err(self.wrong(name, "a number")),
        };
        let whole = number.as_u64().or_else(|| {
            let float = number.as_f64().filter(|float| *float >= 0.0)?;
            // A float to integer cast saturates.
            Some(float as u64)
        });
        match whole {
            Some(whole) => Ok(Some(whole)),
            None => Err(self.wrong(name, "a number that is not negative")),
        }
    }

    pub(crate) fn small(self, name: &str) -> Result<u32, DecodeError> {
        let number = self.number(name)?.unwrap_or(0);
        Ok(u32::try_from(number).unwrap_or(u32::MAX))
    }

    fn missing(self, name: &str) -> DecodeError {
        DecodeError::bad(format!("\"{name}\" of {} is missing", self.place))
    }

    fn wrong(self, name: &str, wanted: &str) -> DecodeError {
        DecodeError::bad(format!("\"{name}\" of {} must be {wanted}", self.place))
    }
}
