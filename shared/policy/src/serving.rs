//! The compute of an endpoint: instances, instances with a queue, or serverless.

use serde::{Deserialize, Serialize};

use super::validate::{Fault, first};
use trimtab_names::name::{S3Uri, TopicArn};

/// The memory of a serverless endpoint in MB, in whole gigabytes.
const MEMORY: std::ops::RangeInclusive<u32> = 1024..=6144;

/// The most concurrent requests of a serverless endpoint.
const CONCURRENCY: u32 = 200;

/// The compute of an endpoint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Serving {
    /// Real-time inference on instances.
    RealTime(Fleet),
    /// Asynchronous inference on instances.
    Asynchronous {
        /// The instances.
        fleet: Fleet,
        /// The destination of responses.
        answers: Asynchronous,
    },
    /// Serverless inference.
    Serverless(Serverless),
}

/// The instances of an endpoint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fleet {
    /// The instance type, such as `ml.m5.large`.
    pub instance_type: String,
    /// The number with which an update starts.
    pub instances: u32,
}

/// Serverless inference.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Serverless {
    /// The memory in MB.
    pub memory_mb: u32,
    /// The largest number of concurrent requests.
    pub max_concurrency: u32,
    /// The number of concurrent requests for which capacity stays provisioned. Without it, the first requests start cold.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provisioned: Option<u32>,
}

/// The destination of an asynchronous endpoint's responses.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Asynchronous {
    /// The S3 location of responses.
    pub output: S3Uri,
    /// The S3 location of failures. Without it, failures are not written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failures: Option<S3Uri>,
    /// The largest number of concurrent requests per instance. Without it, SageMaker decides.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_concurrent: Option<u32>,
    /// The SNS topics that are notified of responses and failures.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub topics: Option<Topics>,
}

/// The SNS topics of an asynchronous endpoint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Topics {
    /// The topic for responses.
    pub success: TopicArn,
    /// The topic for failures.
    pub error: TopicArn,
}

impl Serving {
    /// The compute that the policy specifies; an error if it is none, or more than one.
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

    /// The instances; `None` for serverless inference.
    #[must_use]
    pub fn fleet(&self) -> Option<&Fleet> {
        match self {
            Self::RealTime(fleet) | Self::Asynchronous { fleet, .. } => Some(fleet),
            Self::Serverless(_) => None,
        }
    }

    /// All settings as text, from which the names of models and endpoint configurations are derived.
    #[must_use]
    pub fn shape(&self) -> Vec<String> {
        let mut shape = match self.fleet() {
            Some(fleet) => vec![fleet.instance_type.clone(), fleet.instances.to_string()],
            None => Vec::new(),
        };
        match self {
            // Adds nothing, so that configurations that are live keep their names.
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
