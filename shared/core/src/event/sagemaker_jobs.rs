//! Events of SageMaker's processing and transform jobs.

use serde_json::Value;

use super::{EventError, fault};

/// A status change of a processing or transform job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// Its name.
    pub name: String,
    /// Its status.
    pub status: String,
}

impl Job {
    pub(super) fn read(what: &str, detail: &Value, kind: &str) -> Result<Self, EventError> {
        let text = |field: String| {
            let found = detail.get(&field).and_then(Value::as_str).map(str::to_owned);
            found.ok_or_else(|| fault(what, &format!("detail.{field}"), "expected text"))
        };
        Ok(Self { name: text(format!("{kind}JobName"))?, status: text(format!("{kind}JobStatus"))? })
    }
}

/// The prefix of the names that SageMaker gives to the jobs of monitoring schedules.
const MONITORING: &str = "model-monitoring-";

impl Job {
    /// Whether a monitoring schedule started the job, by its name. The event may not say which schedule.
    #[must_use]
    pub fn is_of_a_monitor(&self) -> bool {
        self.name.starts_with(MONITORING)
    }
}
