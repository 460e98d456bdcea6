//! What a version is served by: instances, instances that answer later, or nothing that is kept.

use serde::{Deserialize, Serialize};

use super::check::{Fault, first};
use trimtab_names::name::{S3Uri, TopicArn};

/// The memory that a serverless endpoint can have, in MB: whole gigabytes.
const MEMORY: std::ops::RangeInclusive<u32> = 1024..=6144;

/// The most requests that a serverless endpoint takes at once.
const CONCURRENCY: u32 = 200;

/// What a version is served by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Serving {
    /// Instances, which answer at once.
    RealTime(Fleet),
    /// Instances, which write their answers to S3.
    Asynchronous {
        /// The instances.
        fleet: Fleet,
        /// Where the answers go.
        answers: Asynchronous,
    },
    /// Memory and a number of requests at once; SageMaker sees to the rest.
    Serverless(Serverless),
}

/// Instances.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fleet {
    /// The instance type, such as `ml.m5.large`.
    pub instance_type: String,
    /// How many at first.
    pub instances: u32,
}

/// A serverless endpoint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Serverless {
    /// Its memory in MB: 1024 to 6144, in steps of 1024.
    pub memory_mb: u32,
    /// How many requests it takes at once, 1 to 200.
    pub max_concurrency: u32,
    /// For how many of them it is kept warm.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provisioned: Option<u32>,
}

/// Where the answers of an asynchronous endpoint go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Asynchronous {
    /// Where answers are written.
    pub output: S3Uri,
    /// Where failures are written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failures: Option<S3Uri>,
    /// How many requests an instance works on at once, 1 to 1000; SageMaker chooses unless set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_concurrent: Option<u32>,
    /// Who is told of an answer, and of a failure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub topics: Option<Topics>,
}

/// SNS topics.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Topics {
    /// Told of each answer.
    pub success: TopicArn,
    /// Told of each failure.
    pub error: TopicArn,
}

impl Serving {
    /// The one that is written; an error if it is none, or more than one.
    pub(super) fn of(
        fleet: (Option<String>, Option<u32>),
        serverless: Option<Serverless>,
        asynchronous: Option<Asynchronous>,
    ) -> Result<Self, &'static str> {
        match (fleet, serverless, asynchronous) {
            ((Some(instance_type), Some(instances)), None, answers) => {
                let fleet = Fleet { instance_type, instances };
                Ok(match answers {
                    None => Self::RealTime(fleet),
                    Some(answers) => Self::Asynchronous { fleet, answers },
                })
            }
            ((None, None), Some(serverless), None) => Ok(Self::Serverless(serverless)),
            ((_, _), Some(_), Some(_)) => Err("a serverless endpoint cannot be asynchronous"),
            _ => Err("expected instance_type and instances, or serverless"),
        }
    }

    /// The instances, where there are any.
    #[must_use]
    pub fn fleet(&self) -> Option<&Fleet> {
        match self {
            Self::RealTime(fleet) | Self::Asynchronous { fleet, .. } => Some(fleet),
            Self::Serverless(_) => None,
        }
    }

    /// All that it holds, as one text: names are digests of it.
    #[must_use]
    pub fn shape(&self) -> Vec<String> {
        let mut shape = match self.fleet() {
            Some(fleet) => vec![fleet.instance_type.clone(), fleet.instances.to_string()],
            None => Vec::new(),
        };
        match self {
            // As it was before there were others: the names of what is live stay.
            Self::RealTime(_) => {}
            Self::Asynchronous { answers, .. } => {
                let topics = answers.topics.as_ref().map(|topics| format!("{} {}", topics.success, topics.error));
                shape.push(format!(
                    "asynchronous {} {} {} {}",
                    answers.output,
                    answers.failures.as_ref().map_or("", S3Uri::as_str),
                    answers.max_concurrent.unwrap_or_default(),
                    topics.unwrap_or_default()
                ));
            }
            Self::Serverless(serverless) => shape.push(format!(
                "serverless {} {} {}",
                serverless.memory_mb,
                serverless.max_concurrency,
                serverless.provisioned.unwrap_or_default()
            )),
        }
        shape
    }
}

pub(super) fn limits(serving: &Serving) -> Option<Fault> {
    match serving {
        Serving::RealTime(fleet) => self::fleet(fleet),
        Serving::Asynchronous { fleet, answers } => self::fleet(fleet).or_else(|| asynchronous(answers)),
        Serving::Serverless(serverless) => self::serverless(serverless),
    }
}

fn fleet(fleet: &Fleet) -> Option<Fault> {
    first([
        (fleet.instances > 0, "deploy.endpoint.instances", "expected at least 1"),
        (
            fleet.instance_type.starts_with("ml."),
            "deploy.endpoint.instance_type",
            "expected a SageMaker instance type such as \"ml.m5.large\"",
        ),
    ])
}

fn asynchronous(answers: &Asynchronous) -> Option<Fault> {
    first([(
        answers.max_concurrent.is_none_or(|most| (1..=1000).contains(&most)),
        "deploy.endpoint.asynchronous.max_concurrent",
        "expected 1 to 1000",
    )])
}

fn serverless(serverless: &Serverless) -> Option<Fault> {
    first([
        (
            MEMORY.contains(&serverless.memory_mb) && serverless.memory_mb.is_multiple_of(1024),
            "deploy.endpoint.serverless.memory_mb",
            "expected 1024 to 6144, in steps of 1024",
        ),
        (
            (1..=CONCURRENCY).contains(&serverless.max_concurrency),
            "deploy.endpoint.serverless.max_concurrency",
            "expected 1 to 200",
        ),
        (
            serverless.provisioned.is_none_or(|kept| (1..=serverless.max_concurrency).contains(&kept)),
            "deploy.endpoint.serverless.provisioned",
            "expected 1 to max_concurrency",
        ),
    ])
}
