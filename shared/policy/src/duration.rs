//! Durations in TOML: `"90s"`, `"10m"`, `"24h"` or `"7d"`. A day is 24 hours.

use jiff::SignedDuration;
use serde::{Deserialize, Deserializer, Serializer};

const UNITS: [(char, i64); 4] = [('d', 86_400), ('h', 3_600), ('m', 60), ('s', 1)];

/// The longest duration in seconds: ten years.
const MAX: i64 = 3_650 * 86_400;

fn parse(text: &str) -> Option<SignedDuration> {
    let unit = text.chars().last()?;
    let seconds = UNITS.iter().find(|(letter, _)| *letter == unit)?.1;
    let number: u32 = text.strip_suffix(unit)?.parse().ok()?;
    let total = i64::from(number).checked_mul(seconds)?;
    (1..=MAX).contains(&total).then(|| SignedDuration::from_secs(total))
}

pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<SignedDuration, D::Error> {
    let text = String::deserialize(from)?;
    parse(&text).ok_or_else(|| {
        let shown = trimtab_names::text::one_line(&text, 40);
        serde::de::Error::custom(format!("expected a duration such as \"24h\", \"7d\" or \"10m\", found \"{shown}\""))
    })
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde's `with` calls it with a reference")]
pub(super) fn serialize<S: Serializer>(duration: &SignedDuration, to: S) -> Result<S::Ok, S::Error> {
    let seconds = duration.as_secs();
    let (letter, size) = UNITS.into_iter().find(|(_, size)| seconds % size == 0).unwrap_or(('s', 1));
    to.collect_str(&format_args!("{}{letter}", seconds / size))
}

/// The same for an optional key.
pub(super) mod optional {
    use jiff::SignedDuration;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[derive(Serialize, Deserialize)]
    struct Seconds(#[serde(with = "super")] SignedDuration);

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<SignedDuration>, D::Error> {
        Ok(Option::<Seconds>::deserialize(from)?.map(|duration| duration.0))
    }

    #[allow(clippy::trivially_copy_pass_by_ref, reason = "serde's `with` calls it with a reference")]
    #[allow(clippy::ref_option, reason = "serde's `with` calls it with a reference")]
    pub(crate) fn serialize<S: Serializer>(duration: &Option<SignedDuration>, to: S) -> Result<S::Ok, S::Error> {
        duration.map(Seconds).serialize(to)
    }
}

/// The JSON Schema of a duration.
#[cfg(test)]
pub(crate) struct Text;

#[cfg(test)]
impl schemars::JsonSchema for Text {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "duration".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "title": "duration", "type": "string", "pattern": "^[0-9]+[smhd]$" })
    }
}
