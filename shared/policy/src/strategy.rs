//! How SageMaker moves the traffic to a new version, by its [deployment guardrails][doc].
//!
//! [doc]: https://docs.aws.amazon.com/sagemaker/latest/dg/deployment-guardrails.html

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use super::duration;
use super::validate::{Fault, first};
use trimtab_names::name::AlarmName;

/// The longest strategy: SageMaker gives up a deployment after eight hours, and instances need time to start.
const LONGEST: SignedDuration = SignedDuration::from_hours(7);

/// The longest bake time in seconds.
const LONGEST_WAIT: i64 = 3600;

/// How SageMaker moves the traffic to a new version.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Strategy {
    /// Blue/green, all traffic at once.
    #[default]
    AllAtOnce,
    /// Blue/green: part of the traffic first, the rest after the bake time.
    Canary(Canary),
    /// Blue/green: in equal steps.
    Linear(Linear),
    /// Batch by batch, without a second fleet of full size.
    Rolling(Rolling),
}

/// A canary: part of the traffic moves first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Canary {
    /// The share of the traffic that moves first, in percent.
    pub percent: u8,
    /// The time during which the alarms are monitored before the rest of the traffic moves.
    #[serde(with = "duration")]
    #[cfg_attr(test, schemars(with = "duration::Text"))]
    pub bake_time: SignedDuration,
    /// The alarms that roll back. A version is held while one of them has no data.
    pub alarms: Vec<AlarmName>,
}

/// A linear update: the traffic moves in equal steps.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Linear {
    /// The share of the traffic that moves in each step, in percent.
    pub percent: u8,
    /// The time during which the alarms are monitored after each step.
    #[serde(with = "duration")]
    #[cfg_attr(test, schemars(with = "duration::Text"))]
    pub bake_time: SignedDuration,
    /// The alarms that roll back. A version is held while one of them has no data.
    pub alarms: Vec<AlarmName>,
}

/// A rolling update: the instances are replaced in batches.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Rolling {
    /// The share of the instances in each batch, in percent.
    pub percent: u8,
    /// The time during which the alarms are monitored after each batch.
    #[serde(with = "duration")]
    #[cfg_attr(test, schemars(with = "duration::Text"))]
    pub bake_time: SignedDuration,
    /// The alarms that roll back. A version is held while one of them has no data.
    pub alarms: Vec<AlarmName>,
}

impl Strategy {
    /// The strategy that the policy specifies; an error if there is more than one.
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

    /// The alarms that roll back; none for [`Strategy::AllAtOnce`].
    #[must_use]
    pub fn alarms(&self) -> &[AlarmName] {
        match self {
            Self::AllAtOnce => &[],
            Self::Canary(canary) => &canary.alarms,
            Self::Linear(linear) => &linear.alarms,
            Self::Rolling(rolling) => &rolling.alarms,
        }
    }

    /// The time from the first step to the end of the last bake time.
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

/// Refuses strategies that SageMaker refuses. A batch is at most half of the instances, so one instance is too few.
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
            "expected at most \"1h\", the longest bake time of SageMaker",
        ),
        (
            (1..=10).contains(&canary.alarms.len()),
            "deploy.endpoint.canary.alarms",
            "expected 1 to 10 alarms: without one, a canary is never rolled back",
        ),
    ])
}

fn linear(strategy: &Strategy, linear: &Linear) -> Option<Fault> {
    first([
        ((10..=50).contains(&linear.percent), "deploy.endpoint.linear.percent", "expected 10 to 50"),
        (
            linear.bake_time.as_secs() <= LONGEST_WAIT,
            "deploy.endpoint.linear.bake_time",
            "expected at most \"1h\", the longest bake time of SageMaker",
        ),
        (
            strategy.lasts() <= LONGEST,
            "deploy.endpoint.linear.bake_time",
            "expected all steps within \"7h\": SageMaker gives up a deployment after eight",
        ),
        (
            (1..=10).contains(&linear.alarms.len()),
            "deploy.endpoint.linear.alarms",
            "expected 1 to 10 alarms: without one, a version is never rolled back",
        ),
    ])
}

fn rolling(strategy: &Strategy, rolling: &Rolling, instances: Option<u32>) -> Option<Fault> {
    first([
        ((5..=50).contains(&rolling.percent), "deploy.endpoint.rolling.percent", "expected 5 to 50"),
        (
            rolling.bake_time.as_secs() <= LONGEST_WAIT,
            "deploy.endpoint.rolling.bake_time",
            "expected at most \"1h\", the longest bake time of SageMaker",
        ),
        (
            strategy.lasts() <= LONGEST,
            "deploy.endpoint.rolling.bake_time",
            "expected all batches within \"7h\": SageMaker gives up a deployment after eight",
        ),
        (
            (1..=10).contains(&rolling.alarms.len()),
            "deploy.endpoint.rolling.alarms",
            "expected 1 to 10 alarms: without one, a version is never rolled back",
        ),
        (
            instances.is_none_or(|instances| instances > 1),
            "deploy.endpoint.instances",
            "expected at least 2: a batch is at most half of the instances",
        ),
    ])
}
