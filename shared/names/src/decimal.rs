//! Metrics and thresholds: numbers that are exact to six decimals, so that comparisons have no rounding errors.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The units of one whole.
const PARTS: i64 = 1_000_000;

/// The largest absolute value.
const MAX: f64 = 1.0e12;

/// A number with six decimals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Decimal(i64);

impl Decimal {
    /// The nearest number; `None` if it is not finite, or beyond 1e12.
    #[must_use]
    pub fn of(number: f64) -> Option<Self> {
        #[allow(clippy::cast_possible_truncation, reason = "bounded: 1e18 fits")]
        (number.is_finite() && number.abs() <= MAX).then(|| Self((number * PARTS as f64).round() as i64))
    }

    /// Parses the text form.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::of(text.trim().parse().ok()?)
    }
}

impl std::ops::Add for Decimal {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl std::ops::Sub for Decimal {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, parts) =
            (self.0.unsigned_abs() / PARTS.unsigned_abs(), self.0.unsigned_abs() % PARTS.unsigned_abs());
        let sign = if self.0 < 0 { "-" } else { "" };
        let decimals = format!("{parts:06}");
        match decimals.trim_end_matches('0') {
            "" => write!(f, "{sign}{whole}"),
            decimals => write!(f, "{sign}{whole}.{decimals}"),
        }
    }
}

impl<'de> Deserialize<'de> for Decimal {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let number = f64::deserialize(from)?;
        Self::of(number).ok_or_else(|| serde::de::Error::custom("expected a number between -1e12 and 1e12"))
    }
}

impl Serialize for Decimal {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_f64(self.0 as f64 / PARTS as f64)
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for Decimal {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Decimal".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "number" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn number_is_written_in_decimal_and_read_back() {
        for text in ["0.91", "0", "-3.25", "12", "0.000001"] {
            let number = Decimal::parse(text).unwrap();
            assert_eq!(number.to_string(), text);
            let back: Decimal = serde_json::from_str(&serde_json::to_string(&number).unwrap()).unwrap();
            assert_eq!(back, number);
        }
    }

    #[test]
    fn sum_is_exact() {
        let number = |text| Decimal::parse(text).unwrap();
        assert_eq!(number("0.1") + number("0.2"), number("0.3"));
        assert_eq!(number("0.92") - number("0.01"), number("0.91"));
    }

    #[test]
    fn not_a_number_is_none() {
        for bad in [f64::NAN, f64::INFINITY, 1.0e13] {
            assert_eq!(Decimal::of(bad), None);
        }
        assert_eq!(Decimal::parse("high"), None);
    }

    #[test]
    fn number_is_rounded_to_six_decimals() {
        let rows = [
            (0.000_000_4, "0"),
            (0.000_000_6, "0.000001"),
            (-0.000_000_6, "-0.000001"),
            (0.1, "0.1"),
            (10.05, "10.05"),
            (-0.5, "-0.5"),
            (1_234_567.891_011, "1234567.891011"),
            (1.0e12, "1000000000000"),
            (-1.0e12, "-1000000000000"),
        ];
        for (number, text) in rows {
            assert_eq!(Decimal::of(number).unwrap().to_string(), text);
        }
        for beyond in [1.000_001e12, -1.000_001e12, f64::NEG_INFINITY] {
            assert_eq!(Decimal::of(beyond), None, "{beyond}");
        }
    }

    #[test]
    fn number_is_compared_by_its_value() {
        let number = |text| Decimal::parse(text).unwrap();
        assert!(number("-0.1") < number("0") && number("0.9") < number("0.91") && number("9") < number("10"));
        assert_eq!(Decimal::default(), number("0"));
        assert_eq!(number(" 0.50 "), number("0.5"), "surrounding blanks are ignored");
    }

    #[test]
    fn number_in_a_policy_is_a_plain_json_number() {
        assert_eq!(serde_json::to_string(&Decimal::parse("-0.25").unwrap()).unwrap(), "-0.25");
        assert_eq!(serde_json::from_str::<Decimal>("3").unwrap().to_string(), "3");
        let error = serde_json::from_str::<Decimal>("1e13").unwrap_err().to_string();
        assert!(error.starts_with("expected a number between -1e12 and 1e12"), "{error}");
    }

    #[test]
    fn sum_beyond_all_bounds_stays_at_the_bound() {
        let most = Decimal(i64::MAX);
        assert_eq!((most + most, Decimal(i64::MIN) - most), (most, Decimal(i64::MIN)));
    }
}
