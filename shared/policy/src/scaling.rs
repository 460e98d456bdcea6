//! How many instances there are: by what is asked of them, and by the clock.

use serde::{Deserialize, Serialize};

use super::check::{Fault, first};

/// Target tracking, and scheduled actions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Written", into = "Written")]
pub struct Autoscaling {
    /// The fewest instances; an asynchronous endpoint may have none.
    pub min: u32,
    /// The most instances.
    pub max: u32,
    /// What is aimed at.
    pub aim: Aim,
    /// Other limits, by the clock.
    pub schedule: Vec<Scheduled>,
}

/// What target tracking aims at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Aim {
    /// Invocations per instance and minute.
    Invocations(u32),
    /// Requests that wait, per instance: what an asynchronous endpoint is scaled by.
    Backlog(u32),
}

/// From some time on the limits are others.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scheduled {
    /// Its name: 1 to 40 letters, digits, `-` and `_`.
    pub name: String,
    /// When, as Application Auto Scaling writes it: `cron(0 8 ? * MON-FRI *)`, `rate(1 day)`, `at(2026-12-01T08:00:00)`.
    pub at: String,
    /// The fewest instances from then on.
    pub min: u32,
    /// The most instances from then on.
    pub max: u32,
    /// The time zone of `cron` and `at`, such as `Europe/Paris`; UTC unless set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timezone: Option<String>,
}

/// `[deploy.endpoint.autoscaling]` as it is written.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    min: u32,
    max: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    invocations_per_instance: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    backlog_per_instance: Option<u32>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    schedule: Vec<Scheduled>,
}

impl TryFrom<Written> for Autoscaling {
    type Error = &'static str;
    fn try_from(written: Written) -> Result<Self, Self::Error> {
        let aim = match (written.invocations_per_instance, written.backlog_per_instance) {
            (Some(invocations), None) => Aim::Invocations(invocations),
            (None, Some(backlog)) => Aim::Backlog(backlog),
            _ => return Err("expected exactly one of invocations_per_instance and backlog_per_instance"),
        };
        Ok(Self { min: written.min, max: written.max, aim, schedule: written.schedule })
    }
}

impl From<Autoscaling> for Written {
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

/// `asynchronous` endpoints are scaled by what waits, down to nothing; the others by invocations.
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
            "expected 1 to max (0 to max where the endpoint is asynchronous)",
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
            "expected min of 1 to max (0 to max where the endpoint is asynchronous)",
        ),
    ])
}
