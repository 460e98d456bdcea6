//! The port to CloudWatch alarms.

use std::future::Future;

use jiff::Timestamp;

use crate::event::{AlarmState, DriftKind};
use crate::name::{AlarmArn, AlarmName};
use crate::port::Answer;

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
    /// The kind of drift that its metric tells of, if a monitor publishes it.
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
    fn describe(&self, alarms: &[AlarmName]) -> impl Future<Output = Answer<Vec<ObservedAlarm>>> + Send;
}
