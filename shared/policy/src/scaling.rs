//! `[deploy.endpoint.autoscaling]`: the number of instances, by load and by schedule.

use serde::{Deserialize, Serialize};

use super::validate::{Fault, first};

/// Target tracking, and scheduled actions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(try_from = "AutoscalingToml", into = "AutoscalingToml")]
pub struct Autoscaling {
    /// The smallest number of instances; 0 is possible for an asynchronous endpoint.
    pub min: u32,
    /// The largest number of instances.
    pub max: u32,
    /// The target of target tracking.
    pub aim: Aim,
    /// Scheduled changes of the limits.
    pub schedule: Vec<Scheduled>,
}

/// The target of target tracking.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Aim {
    /// Invocations per instance and minute.
    Invocations(u32),
    /// Queued requests per instance, of an asynchronous endpoint.
    Backlog(u32),
}

/// A scheduled change of the limits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Scheduled {
    /// The name of the scheduled action, unique within the list.
    pub name: String,
    /// The time in the syntax of Application Auto Scaling: `cron(0 8 ? * MON-FRI *)`, `rate(1 day)` or
    /// `at(2026-12-01T08:00:00)`.
    pub at: String,
    /// The smallest number of instances from that time on.
    pub min: u32,
    /// The largest number of instances from that time on.
    pub max: u32,
    /// The time zone of `cron` and `at`, such as `"Europe/Paris"`. Without it, the time is in UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timezone: Option<String>,
}

/// `[deploy.endpoint.autoscaling]` in TOML.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
struct AutoscalingToml {
    /// The smallest number of instances; 0 is possible for an asynchronous endpoint.
    min: u32,
    /// The largest number of instances.
    max: u32,
    /// The target of invocations per instance and minute, for a real-time endpoint.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    invocations_per_instance: Option<u32>,
    /// The target of queued requests per instance, for an asynchronous endpoint.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    backlog_per_instance: Option<u32>,
    /// Scheduled changes of the limits. Trimtab deletes a scheduled action that it created and that is no longer listed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    schedule: Vec<Scheduled>,
}

impl TryFrom<AutoscalingToml> for Autoscaling {
    type Error = &'static str;
    fn try_from(written: AutoscalingToml) -> Result<Self, Self::Error> {
        let aim = match (written.invocations_per_instance, written.backlog_per_instance) {
            (Some(invocations), None) => Aim::Invocations(invocations),
            (None, Some(backlog)) => Aim::Backlog(backlog),
            _ => return Err("expected exactly one of invocations_per_instance and backlog_per_instance"),
        };
        Ok(Self { min: written.min, max: written.max, aim, schedule: written.schedule })
    }
}

impl From<Autoscaling> for AutoscalingToml {
    fn from(scaling: Autoscaling) -> Self {
        let (invocations, backlog) = match scaling.aim {
            Aim::Invocations(aim) => (Some(aim), None),
            Aim::Backlog(aim) => (None, Some(aim)),
        };
        Self {
            min: scaling.min,
            max: scaling.max,
            invocations_per_instance: invocations,
            backlog_per_instance: backlog,
            schedule: scaling.schedule,
        }
    }
}

/// An `asynchronous` endpoint scales by its queue and to 0 instances, any other by invocations.
pub(super) fn limits(scaling: &Autoscaling, asynchronous: bool) -> Option<Fault> {
    let (aim, backlog) = match scaling.aim {
        Aim::Invocations(aim) => (aim, false),
        Aim::Backlog(aim) => (aim, true),
    };
    let fewest = u32::from(!asynchronous);
    first([
        (
            scaling.min >= fewest && scaling.min <= scaling.max && scaling.max > 0,
            "deploy.endpoint.autoscaling.min",
            "expected 1 to max (0 to max if the endpoint is asynchronous)",
        ),
        (
            aim > 0,
            if backlog {
                "deploy.endpoint.autoscaling.backlog_per_instance"
            } else {
                "deploy.endpoint.autoscaling.invocations_per_instance"
            },
            "expected at least 1",
        ),
        (
            backlog == asynchronous,
            "deploy.endpoint.autoscaling",
            "expected backlog_per_instance for an asynchronous endpoint, and invocations_per_instance for others",
        ),
    ])
    .or_else(|| schedule(scaling, fewest))
}

fn schedule(scaling: &Autoscaling, fewest: u32) -> Option<Fault> {
    const KEY: &str = "deploy.endpoint.autoscaling.schedule";
    let all = &scaling.schedule;
    let word = |name: &str| {
        (1..=40).contains(&name.len()) && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))
    };
    let time = |at: &str| ["cron(", "rate(", "at("].iter().any(|kind| at.starts_with(kind)) && at.ends_with(')');
    let once = |one: &Scheduled| all.iter().filter(|other| other.name == one.name).count() == 1;
    first([
        (all.iter().all(|one| word(&one.name)), KEY, "expected names of 1 to 40 letters, digits, '-' and '_'"),
        (all.iter().all(once), KEY, "expected each name once"),
        (
            all.iter().all(|one| time(&one.at)),
            KEY,
            "expected times such as \"cron(0 8 ? * MON-FRI *)\", \"rate(1 day)\" or \"at(2026-12-01T08:00:00)\"",
        ),
        (
            all.iter().all(|one| one.min >= fewest && one.min <= one.max && one.max > 0),
            KEY,
            "expected min of 1 to max (0 to max if the endpoint is asynchronous)",
        ),
    ])
}
