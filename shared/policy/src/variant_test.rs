//! `shadow` and `ab_test`: a test of a version beside the live one, before the strategy starts.

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use super::duration;
use super::validate::{Fault, first};
use trimtab_names::name::AlarmName;

/// A test of a version beside the live one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VariantTest {
    /// The version receives a copy of the requests, and its responses are discarded.
    Shadow(Shadow),
    /// The version serves part of the requests.
    AbTest(AbTest),
}

/// `shadow`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Shadow {
    /// The share of the requests that are mirrored, in percent.
    pub percent: u8,
    /// The length of the test, from when the endpoint serves both versions.
    #[serde(with = "duration")]
    #[cfg_attr(test, schemars(with = "duration::Text"))]
    pub duration: SignedDuration,
    /// The alarms that end the test; the version is then not deployed. Alarms on the metrics of the tested variant have the
    /// dimension `VariantName` = `Shadow`.
    pub alarms: Vec<AlarmName>,
}

/// `ab_test`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct AbTest {
    /// The share of the requests that the version serves, in percent.
    pub percent: u8,
    /// The length of the test, from when the endpoint serves both versions.
    #[serde(with = "duration")]
    #[cfg_attr(test, schemars(with = "duration::Text"))]
    pub duration: SignedDuration,
    /// The alarms that end the test; the version is then not deployed. The tested version is the
    /// variant `Challenger` of the endpoint: alarms on its metrics have the dimension `VariantName` = `Challenger`.
    pub alarms: Vec<AlarmName>,
}

impl VariantTest {
    /// The alarms that end the test.
    #[must_use]
    pub fn alarms(&self) -> &[AlarmName] {
        match self {
            Self::Shadow(shadow) => &shadow.alarms,
            Self::AbTest(test) => &test.alarms,
        }
    }

    /// The length of the test.
    #[must_use]
    pub fn lasts(&self) -> SignedDuration {
        match self {
            Self::Shadow(shadow) => shadow.duration,
            Self::AbTest(test) => test.duration,
        }
    }

    /// The share of the requests that reach the version, in percent.
    #[must_use]
    pub fn percent(&self) -> u8 {
        match self {
            Self::Shadow(shadow) => shadow.percent,
            Self::AbTest(test) => test.percent,
        }
    }

    /// The name of the variant.
    #[must_use]
    pub fn variant(&self) -> &'static str {
        match self {
            Self::Shadow(_) => "Shadow",
            Self::AbTest(_) => "Challenger",
        }
    }
}

pub(super) fn limits(test: &VariantTest) -> Option<Fault> {
    let (percent, alarms, most) = match test {
        VariantTest::Shadow(_) => ("deploy.endpoint.shadow.percent", "deploy.endpoint.shadow.alarms", 100),
        VariantTest::AbTest(_) => ("deploy.endpoint.ab_test.percent", "deploy.endpoint.ab_test.alarms", 50),
    };
    first([
        (
            (1..=most).contains(&test.percent()),
            percent,
            if most == 100 { "expected 1 to 100" } else { "expected 1 to 50" },
        ),
        (
            (1..=10).contains(&test.alarms().len()),
            alarms,
            "expected 1 to 10 alarms: without one, nothing ends the test before its time",
        ),
    ])
}
