//! How traffic moves to a new version: [SageMaker's deployment guardrails][doc].
//!
//! [doc]: https://docs.aws.amazon.com/sagemaker/latest/dg/deployment-guardrails.html

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use super::check::{Fault, first};
use super::length;
use trimtab_names::name::AlarmName;

/// SageMaker gives a deployment up after eight hours; one of them is for the fleets.
const LONGEST: SignedDuration = SignedDuration::from_hours(7);

/// The longest wait between two steps.
const LONGEST_WAIT: i64 = 3600;

/// How traffic moves to a new version.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Strategy {
    /// Blue/green, all of it at one moment.
    #[default]
    AllAtOnce,
    /// Blue/green: a part first, and after a while the rest.
    Canary(Canary),
    /// Blue/green: in equal steps.
    Linear(Linear),
    /// Batch by batch, without a second fleet of full size.
    Rolling(Rolling),
}

/// A part of the new fleet takes traffic first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Canary {
    /// The share of the fleet that takes traffic first, 1 to 50.
    pub percent: u8,
    /// How long it is watched, up to an hour.
    #[serde(with = "length")]
    pub bake_time: SignedDuration,
    /// The alarms that send it back, 1 to 10. Without one nothing ever would.
    pub alarms: Vec<AlarmName>,
}

/// The new fleet takes traffic in equal steps.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Linear {
    /// The share of the fleet that each step adds, 10 to 50.
    pub percent: u8,
    /// How long each step is watched, up to an hour.
    #[serde(with = "length")]
    pub bake_time: SignedDuration,
    /// The alarms that send it back, 1 to 10.
    pub alarms: Vec<AlarmName>,
}

/// The fleet is replaced batch by batch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rolling {
    /// The share of the fleet in a batch, 5 to 50.
    pub percent: u8,
    /// How long each batch is watched, up to an hour.
    #[serde(with = "length")]
    pub bake_time: SignedDuration,
    /// The alarms that send it back, 1 to 10.
    pub alarms: Vec<AlarmName>,
}

impl Strategy {
    /// The one that is written; an error if more than one is.
    pub(super) fn of(
        canary: Option<Canary>,
        linear: Option<Linear>,
        rolling: Option<Rolling>,
    ) -> Result<Self, &'static str> {
        match (canary, linear, rolling) {
            (None, None, None) => Ok(Self::AllAtOnce),
            (Some(canary), None, None) => Ok(Self::Canary(canary)),
            (None, Some(linear), None) => Ok(Self::Linear(linear)),
            (None, None, Some(rolling)) => Ok(Self::Rolling(rolling)),
            _ => Err("expected at most one of canary, linear and rolling"),
        }
    }

    /// The alarms that send a version back; none where all goes at once.
    #[must_use]
    pub fn alarms(&self) -> &[AlarmName] {
        match self {
            Self::AllAtOnce => &[],
            Self::Canary(canary) => &canary.alarms,
            Self::Linear(linear) => &linear.alarms,
            Self::Rolling(rolling) => &rolling.alarms,
        }
    }

    /// How long it is watched from the first step to the last.
    #[must_use]
    pub fn lasts(&self) -> SignedDuration {
        let steps = |percent: u8| 100_i32.div_euclid(i32::from(percent.max(1))) + i32::from(100 % percent.max(1) != 0);
        match self {
            Self::AllAtOnce => SignedDuration::ZERO,
            Self::Canary(canary) => canary.bake_time,
            Self::Linear(linear) => linear.bake_time * steps(linear.percent),
            Self::Rolling(rolling) => rolling.bake_time * steps(rolling.percent),
        }
    }
}

/// What SageMaker refuses. A fleet of one has no part of it to be replaced.
pub(super) fn limits(strategy: &Strategy, instances: Option<u32>) -> Option<Fault> {
    match strategy {
        Strategy::AllAtOnce => None,
        Strategy::Canary(canary) => self::canary(canary),
        Strategy::Linear(linear) => self::linear(strategy, linear),
        Strategy::Rolling(rolling) => self::rolling(strategy, rolling, instances),
    }
}

fn canary(canary: &Canary) -> Option<Fault> {
    first([
        ((1..=50).contains(&canary.percent), "deploy.endpoint.canary.percent", "expected 1 to 50"),
        (
            canary.bake_time.as_secs() <= LONGEST_WAIT,
            "deploy.endpoint.canary.bake_time",
            "expected at most \"1h\": SageMaker bakes no longer",
        ),
        (
            (1..=10).contains(&canary.alarms.len()),
            "deploy.endpoint.canary.alarms",
            "expected 1 to 10 alarms: without one, nothing ever sends a canary back",
        ),
    ])
}

fn linear(strategy: &Strategy, linear: &Linear) -> Option<Fault> {
    first([
        ((10..=50).contains(&linear.percent), "deploy.endpoint.linear.percent", "expected 10 to 50"),
        (
            linear.bake_time.as_secs() <= LONGEST_WAIT,
            "deploy.endpoint.linear.bake_time",
            "expected at most \"1h\": SageMaker waits no longer between two steps",
        ),
        (
            strategy.lasts() <= LONGEST,
            "deploy.endpoint.linear.bake_time",
            "expected all steps within \"7h\": SageMaker gives a deployment up after eight",
        ),
        (
            (1..=10).contains(&linear.alarms.len()),
            "deploy.endpoint.linear.alarms",
            "expected 1 to 10 alarms: without one, nothing ever sends a version back",
        ),
    ])
}

fn rolling(strategy: &Strategy, rolling: &Rolling, instances: Option<u32>) -> Option<Fault> {
    first([
        ((5..=50).contains(&rolling.percent), "deploy.endpoint.rolling.percent", "expected 5 to 50"),
        (
            rolling.bake_time.as_secs() <= LONGEST_WAIT,
            "deploy.endpoint.rolling.bake_time",
            "expected at most \"1h\": SageMaker waits no longer between two batches",
        ),
        (
            strategy.lasts() <= LONGEST,
            "deploy.endpoint.rolling.bake_time",
            "expected all batches within \"7h\": SageMaker gives a deployment up after eight",
        ),
        (
            (1..=10).contains(&rolling.alarms.len()),
            "deploy.endpoint.rolling.alarms",
            "expected 1 to 10 alarms: without one, nothing ever sends a version back",
        ),
        (
            instances.is_none_or(|instances| instances > 1),
            "deploy.endpoint.instances",
            "expected at least 2: a batch is at most half of the fleet",
        ),
    ])
}
