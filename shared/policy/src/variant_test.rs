//! A version on trial beside the live one, before it takes its place.

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use super::check::{Fault, first};
use super::length;
use trimtab_names::name::AlarmName;

/// A version on trial.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VariantTest {
    /// It hears a copy of the requests, and nobody hears its answers.
    Shadow(Shadow),
    /// It answers some of the requests.
    AbTest(AbTest),
}

/// `shadow`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shadow {
    /// The share of the requests that it hears, 1 to 100.
    pub percent: u8,
    /// For how long.
    #[serde(with = "length")]
    pub duration: SignedDuration,
    /// The alarms that end it, 1 to 10; those on its own metrics have the dimension `VariantName` = `Shadow`.
    pub alarms: Vec<AlarmName>,
}

/// `challenger`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AbTest {
    /// The share of the requests that it answers, 1 to 50.
    pub percent: u8,
    /// For how long.
    #[serde(with = "length")]
    pub duration: SignedDuration,
    /// The alarms that end it, 1 to 10; those on its own metrics have the dimension `VariantName` = `Challenger`.
    pub alarms: Vec<AlarmName>,
}

impl VariantTest {
    /// The alarms that end it.
    #[must_use]
    pub fn alarms(&self) -> &[AlarmName] {
        match self {
            Self::Shadow(shadow) => &shadow.alarms,
            Self::AbTest(test) => &test.alarms,
        }
    }

    /// How long it lasts.
    #[must_use]
    pub fn lasts(&self) -> SignedDuration {
        match self {
            Self::Shadow(shadow) => shadow.duration,
            Self::AbTest(test) => test.duration,
        }
    }

    /// The share of the requests.
    #[must_use]
    pub fn percent(&self) -> u8 {
        match self {
            Self::Shadow(shadow) => shadow.percent,
            Self::AbTest(test) => test.percent,
        }
    }

    /// The variant's name.
    #[must_use]
    pub fn variant(&self) -> &'static str {
        match self {
            Self::Shadow(_) => "Shadow",
            Self::AbTest(_) => "Challenger",
        }
    }
}

pub(super) fn limits(trial: &VariantTest) -> Option<Fault> {
    let (percent, alarms, most) = match trial {
        VariantTest::Shadow(_) => ("deploy.endpoint.shadow.percent", "deploy.endpoint.shadow.alarms", 100),
        VariantTest::AbTest(_) => ("deploy.endpoint.ab_test.percent", "deploy.endpoint.ab_test.alarms", 50),
    };
    first([
        (
            (1..=most).contains(&trial.percent()),
            percent,
            if most == 100 { "expected 1 to 100" } else { "expected 1 to 50" },
        ),
        (
            (1..=10).contains(&trial.alarms().len()),
            alarms,
            "expected 1 to 10 alarms: without one, nothing ever ends a trial before its time",
        ),
    ])
}
