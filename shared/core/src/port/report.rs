//! The ports to what monitoring schedules found: their runs, and the reports that these write to S3.

use std::future::Future;

use jiff::Timestamp;

use super::Answer;
use crate::name::{ObjectUri, ResourceName, ScheduleName};

/// What the exit message of a run that found violations begins with.
pub const VIOLATIONS: &str = "CompletedWithViolations";

/// What a run writes its violations into, below its output.
pub const REPORT: &str = "constraint_violations.json";

/// A run of a monitoring schedule: a processing job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MonitoringRun {
    /// The job.
    pub job: ResourceName,
    /// The schedule; in lower case, as its ARN has it.
    pub schedule: ScheduleName,
    /// Whether it completed, and found violations.
    pub violated: bool,
    /// When it ended.
    pub ended: Option<Timestamp>,
    /// Its report, where the job says where its output is.
    pub report: Option<ObjectUri>,
}

/// Runs of monitoring schedules, reading.
pub trait MonitoringRuns {
    /// The run that is this job; `None` where there is no such job, or no schedule runs it.
    fn run(&self, job: &ResourceName) -> impl Future<Output = Answer<Option<MonitoringRun>>> + Send;
    /// The job of the newest run of this schedule that found violations.
    fn newest(&self, schedule: &ScheduleName) -> impl Future<Output = Answer<Option<ResourceName>>> + Send;
}

/// Objects in S3, reading.
pub trait Objects {
    /// The object's first bytes, `most` of them; `None` where there is no such object. Untrusted.
    fn read(&self, object: &ObjectUri, most: u32) -> impl Future<Output = Answer<Option<Vec<u8>>>> + Send;
}
