//! Values that AWS writes in more than one form: times, nulls, enumerations.

use jiff::Timestamp;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// A larger number is milliseconds, not seconds: as seconds it would be in the year 5138.
const MILLISECONDS_FROM: f64 = 1.0e11;

/// RFC 3339, RFC 3339 with `+0000`, or seconds or milliseconds since 1970 as text, integer or float.
pub(super) fn time(value: &Value) -> Option<Timestamp> {
    match value {
        Value::Number(number) => epoch(number.as_f64()?),
        Value::String(text) => text
            .parse()
            .ok()
            .or_else(|| Timestamp::strptime("%Y-%m-%dT%H:%M:%S%.f%z", text).ok())
            .or_else(|| epoch(text.parse().ok()?)),
        _ => None,
    }
}

fn epoch(number: f64) -> Option<Timestamp> {
    if number.is_nan() {
        return None;
    }
    let milliseconds = if number.abs() >= MILLISECONDS_FROM { number } else { number * 1000.0 };
    #[allow(
        clippy::cast_possible_truncation,
        reason = "what is too large is no time either way, and a fraction of a millisecond is irrelevant"
    )]
    Timestamp::from_millisecond(milliseconds as i64).ok()
}

/// A required time.
pub(super) fn required<'de, D: Deserializer<'de>>(from: D) -> Result<Timestamp, D::Error> {
    let value = Value::deserialize(from)?;
    time(&value)
        .ok_or_else(|| serde::de::Error::custom("expected a time: RFC 3339, or seconds or milliseconds since 1970"))
}

/// A time that may be absent, null or unreadable.
pub(super) fn optional<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Timestamp>, D::Error> {
    Ok(time(&Value::deserialize(from)?))
}

/// Reads `null` as the default value.
pub(super) fn or_default<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(from: D) -> Result<T, D::Error> {
    Ok(Option::deserialize(from)?.unwrap_or_default())
}

/// An enumeration of AWS, with a variant for values that AWS adds later. Reading ignores case, `_` and blanks: events write
/// `IN_SERVICE` where the API writes `InService`.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $text:literal),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash)]
        pub enum $name {
            $($(#[$variant_doc])* $variant,)*
            /// A value that this version does not know.
            Other(String),
        }

        impl $name {
            /// Reads the value as AWS writes it.
            #[must_use]
            pub fn parse(text: &str) -> Self {
                let plain = |text: &str| text.chars().filter(|c| c.is_ascii_alphanumeric()).map(|c| c.to_ascii_lowercase()).collect::<String>();
                let word = plain(text);
                $(if word == plain($text) { return Self::$variant; })*
                Self::Other($crate::text::one_line(text, 64))
            }

            /// The value as the API writes it.
            #[must_use]
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $text,)*
                    Self::Other(text) => text,
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                Ok(Self::parse(&String::deserialize(from)?))
            }
        }
    };
}
pub(super) use words;
