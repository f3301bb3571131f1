//! JSON-like input, as it comes from Python dictionaries or from JSON text, read strictly.

use crate::error::{Error, Result};
use crate::field::{decimal, less, Limbs, Q, R};

/// One value. Whatever is neither text, integer, list nor map is `Other` and is refused where it matters.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    Text(String),
    Integer(u64),
    List(Vec<Value>),
    Map(Vec<(String, Value)>),
    Other,
}

impl Value {
    pub fn field<'a>(&'a self, place: &str, name: &str) -> Result<&'a Value> {
        match self {
            Self::Map(entries) => entries
                .iter()
                .find(|(key, _)| key == name)
                .map(|(_, value)| value)
                .ok_or_else(|| Error::format(format!("{place}.{name}"), "is missing")),
            _ => Err(Error::format(place, "is not an object")),
        }
    }

    /// No members but these and, where there is one, `derived`; none twice.
    pub fn only(&self, place: &str, names: &[&str], derived: Option<&str>) -> Result<()> {
        let Self::Map(entries) = self else {
            return Err(Error::format(place, "is not an object"));
        };
        for (i, (key, _)) in entries.iter().enumerate() {
            if !names.contains(&key.as_str()) && Some(key.as_str()) != derived {
                let shown: String = key.chars().take(40).collect();
                return Err(Error::format(format!("{place}.{shown}"), "is not a known member"));
            }
            if entries[..i].iter().any(|(other, _)| other == key) {
                return Err(Error::format(format!("{place}.{key}"), "is there twice"));
            }
        }
        Ok(())
    }

    pub fn list<'a>(&'a self, place: &str) -> Result<&'a [Value]> {
        match self {
            Self::List(items) => Ok(items),
            _ => Err(Error::format(place, "is not a list")),
        }
    }

    pub fn text<'a>(&'a self, place: &str) -> Result<&'a str> {
        match self {
            Self::Text(text) => Ok(text),
            _ => Err(Error::format(place, "is not a string")),
        }
    }

    pub fn integer(&self, place: &str) -> Result<u64> {
        match self {
            Self::Integer(value) => Ok(*value),
            _ => Err(Error::format(place, "is not a whole number from 0")),
        }
    }

    fn below(&self, place: &str, modulus: &Limbs, what: &str) -> Result<Limbs> {
        let value = decimal(self.text(place)?)
            .ok_or_else(|| Error::format(place, "is not a whole number in canonical decimal digits"))?;
        if less(&value, modulus) {
            Ok(value)
        } else {
            Err(Error::format(place, format!("is not below the {what} field's order")))
        }
    }

    /// A scalar in canonical decimal digits.
    pub fn scalar(&self, place: &str) -> Result<Limbs> {
        self.below(place, &R, "scalar")
    }

    /// A coordinate in canonical decimal digits.
    pub fn coordinate(&self, place: &str) -> Result<Limbs> {
        self.below(place, &Q, "base")
    }
}

#[cfg(test)]
impl From<&serde_json::Value> for Value {
    fn from(json: &serde_json::Value) -> Self {
        match json {
            serde_json::Value::String(text) => Self::Text(text.clone()),
            serde_json::Value::Number(number) => number.as_u64().map_or(Self::Other, Self::Integer),
            serde_json::Value::Array(items) => Self::List(items.iter().map(Self::from).collect()),
            serde_json::Value::Object(entries) => {
                Self::Map(entries.iter().map(|(key, value)| (key.clone(), Self::from(value))).collect())
            }
            _ => Self::Other,
        }
    }
}
