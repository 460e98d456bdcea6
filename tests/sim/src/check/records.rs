//! The terminal records of events.

use serde_json::Value;

use crate::promise::{Promise, Violation};
use crate::services::Services;

/// Requires a terminal record of every delivered event, except of scheduled and high-volume events.
pub(super) fn records(services: &Services) -> Vec<Violation> {
    let routine = |event: &Value| {
        const QUIET: [&str; 8] = [
            "Scheduled Event",
            "Reconcile Requested",
            "Stage Reconcile Requested",
            "Build Requested",
            "Image Requested",
            "Evaluation Requested",
            "Monitoring Requested",
            // Objects are high-volume, like monitoring runs: only those that cause a change are recorded.
            "Object Created",
        ];
        let job = event["detail"]["ProcessingJobName"].as_str();
        job.is_some_and(|job| job.starts_with("model-monitoring-"))
            || QUIET.iter().any(|kind| event["detail-type"] == *kind)
    };
    let missing = services.log.iter().filter(|(_, event, _)| !routine(event)).filter(|(function, event, _)| {
        let key = function.key(event);
        !services.history.contains(&key) && !services.dead_letters.contains(&key)
    });
    missing
        .map(|(function, event, _)| {
            Violation::of_run(Promise::Recorded, format!("{function:?} has no record of {}", event["id"]))
        })
        .collect()
}
