//! CloudWatch alarms.

use std::future::Future;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::PortResult;
use crate::event::{AlarmState, DriftKind};
use crate::name::{AlarmArn, AlarmName};
use crate::policy::monitor::Measure;

/// An alarm as CloudWatch knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObservedAlarm {
    /// Its name.
    pub name: AlarmName,
    /// Its ARN.
    pub arn: AlarmArn,
    /// Its state now.
    pub state: AlarmState,
    /// Since when: `StateTransitionedTimestamp`.
    pub since: Option<Timestamp>,
    /// The kind of drift of its metric, if a monitor publishes it.
    pub drift: Option<DriftKind>,
    /// The features that its metrics are about. Untrusted.
    pub features: Vec<String>,
    /// The alarms that its rule names; empty unless it is a composite alarm.
    pub children: Vec<AlarmName>,
    /// Whether its actions are held back by another alarm or a wait.
    pub suppressed: bool,
}

impl ObservedAlarm {
    /// Whether it watches other alarms instead of metrics.
    #[must_use]
    pub fn is_composite(&self) -> bool {
        !self.children.is_empty()
    }
}

/// CloudWatch alarms, reading.
pub trait Alarms {
    /// Those of these alarms that there are, up to 100 at once.
    fn describe(&self, alarms: &[AlarmName]) -> impl Future<Output = PortResult<Vec<ObservedAlarm>>> + Send;
}

/// An alarm on what a monitor publishes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlarmRequest {
    /// Its name.
    pub name: AlarmName,
    /// The description that operators read.
    pub description: String,
    /// What it is about.
    #[serde(flatten)]
    pub measure: Measure,
    /// How often there is something new, in seconds.
    pub period: i32,
}

/// CloudWatch alarms, writing.
pub trait AlarmWrites {
    /// `PutMetricAlarm`: a put.
    fn put(&self, request: &AlarmRequest) -> impl Future<Output = PortResult<()>> + Send;
    /// `DeleteAlarms`; one that is gone counts as deleted.
    fn delete(&self, name: &AlarmName) -> impl Future<Output = PortResult<()>> + Send;
}
