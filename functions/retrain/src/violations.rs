//! Violations that monitoring runs found. A report names features, checks and distances. It is stored in S3, where
//! others may write it: its content is untrusted.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use trimtab_core::event::DriftKind;
use trimtab_core::name::ScheduleName;
use trimtab_core::policy;
use trimtab_core::port::MonitoringRun;
use trimtab_core::text::one_line;

use crate::observation::{ObservedMonitoringRun, Report};
use crate::state::State;
use crate::trigger::{Trigger, TriggerSubject};

/// The number of bytes that are read of a report. One violation takes some 200 bytes.
pub(crate) const MAX_REPORT: u32 = 1024 * 1024;

/// Limits of a reason: the number of violations, and the characters of each description.
const MAX_DESCRIBED: usize = 3;
const MAX_DESCRIPTION: usize = 80;

/// A reconcile ignores runs that ended longer ago. A new policy would otherwise train on drift of last month.
const RECENT: SignedDuration = SignedDuration::from_hours(24);

/// The kinds of drift by the names of Model Monitor's and Clarify's checks. The bound of a metric, which names no
/// feature, belongs to model quality.
const DRIFT_BY_CHECK: [(&str, DriftKind); 8] = [
    ("bias_drift_check", DriftKind::Bias),
    ("feature_attribution_drift_check", DriftKind::FeatureAttribution),
    ("baseline_drift_check", DriftKind::DataQuality),
    ("categorical_values_check", DriftKind::DataQuality),
    ("completeness_check", DriftKind::DataQuality),
    ("data_type_check", DriftKind::DataQuality),
    ("extra_column_check", DriftKind::DataQuality),
    ("missing_column_check", DriftKind::DataQuality),
];

/// What the end of a monitoring run means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum RunFinding {
    /// SageMaker has no such run.
    NoSuchJob,
    /// The policy does not name the schedule.
    NotConfigured(ScheduleName),
    /// The run found no violations.
    NoViolations(ScheduleName),
    /// The policy ignores this kind of drift.
    Ignored(DriftKind),
    /// Drift that the policy trains on.
    Drift(Trigger),
}

/// What the end of a monitoring run means.
pub(crate) fn check_run(observed: Option<&ObservedMonitoringRun>, retrain: &policy::Retrain) -> RunFinding {
    let Some(observed) = observed else {
        return RunFinding::NoSuchJob;
    };
    let run = &observed.run;
    if !is_configured(retrain, run) {
        return RunFinding::NotConfigured(run.schedule.clone());
    }
    if !run.violated {
        return RunFinding::NoViolations(run.schedule.clone());
    }
    match drift_of(observed) {
        Some(kind) if !retrain.drift.contains(&kind) => RunFinding::Ignored(kind),
        kind => RunFinding::Drift(trigger(observed, kind)),
    }
}

/// The trigger of the first recent run with violations whose event was missed, and whose drift no run covers.
pub(crate) fn missed_trigger(
    observed: &[ObservedMonitoringRun],
    state: &State,
    retrain: &policy::Retrain,
    now: Timestamp,
) -> Option<Trigger> {
    observed.iter().find_map(|observed| {
        let ended = observed.run.ended?;
        if now.duration_since(ended) >= RECENT || state.covers(ended) {
            return None;
        }
        match check_run(Some(observed), retrain) {
            RunFinding::Drift(trigger) => Some(trigger),
            _ => None,
        }
    })
}

fn is_configured(retrain: &policy::Retrain, run: &MonitoringRun) -> bool {
    // SageMaker's ARNs contain the schedule's name in lower case.
    retrain.monitors.iter().any(|name| name.as_str().eq_ignore_ascii_case(run.schedule.as_str()))
}

fn drift_of(observed: &ObservedMonitoringRun) -> Option<DriftKind> {
    observed.report.as_ref().ok().and_then(|report| report.drift)
}

fn trigger(observed: &ObservedMonitoringRun, kind: Option<DriftKind>) -> Trigger {
    let run = &observed.run;
    let drift = kind.map_or_else(|| "drift".to_owned(), |kind| format!("{kind} drift"));
    // An unreadable report must not hide the drift that SageMaker itself reported.
    let (found, features) = match &observed.report {
        Ok(report) => (report.summary(), report.features.clone()),
        Err(cause) => (format!("its report could not be read: {}", one_line(cause, 160)), BTreeSet::new()),
    };
    let reason = format!("{drift}: schedule {} found violations: {found}", run.schedule);
    Trigger::new(TriggerSubject::MonitoringRun(run.job.clone()), reason).with_features(&features)
}

impl Report {
    /// Reads a report in the schema of [data quality][one], [bias][two] or [attribution][three].
    ///
    /// [one]: https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-interpreting-violations.html
    /// [two]: https://docs.aws.amazon.com/sagemaker/latest/dg/clarify-model-monitor-bias-drift-violations.html
    /// [three]: https://docs.aws.amazon.com/sagemaker/latest/dg/clarify-model-monitor-model-attribution-drift-violations.html
    ///
    /// # Errors
    /// The bytes are no report of violations; the error says so in words.
    pub fn parse(bytes: &[u8]) -> Result<Self, String> {
        let unreadable = || "it is not a report of violations".to_owned();
        let file: Value = serde_json::from_slice(bytes).map_err(|_| unreadable())?;
        let violations = file.get("violations").and_then(Value::as_array).ok_or_else(unreadable)?;
        Ok(Self {
            drift: violations.iter().find_map(drift),
            features: violations.iter().filter_map(feature).map(str::to_owned).collect(),
            described: violations.iter().take(MAX_DESCRIBED).map(describe).collect(),
            count: violations.len(),
        })
    }

    fn summary(&self) -> String {
        let described = self.described.join("; ");
        match self.count.saturating_sub(self.described.len()) {
            0 => described,
            more => format!("{described}; and {more} more"),
        }
    }
}

fn text<'a>(violation: &'a Value, field: &str) -> Option<&'a str> {
    violation.get(field).and_then(Value::as_str).filter(|text| !text.is_empty())
}

fn feature(violation: &Value) -> Option<&str> {
    text(violation, "feature_name").or_else(|| text(violation, "facet"))
}

fn drift(violation: &Value) -> Option<DriftKind> {
    let check = text(violation, "constraint_check_type")?;
    if let Some((_, kind)) = DRIFT_BY_CHECK.iter().find(|(name, _)| *name == check) {
        return Some(*kind);
    }
    let bounds_a_metric = text(violation, "metric_name").is_some() && feature(violation).is_none();
    bounds_a_metric.then_some(DriftKind::ModelQuality)
}

fn describe(violation: &Value) -> String {
    let subject = feature(violation).or_else(|| text(violation, "metric_name")).unwrap_or("all");
    let check = text(violation, "constraint_check_type").unwrap_or("a check");
    let description = match text(violation, "description") {
        Some(description) => format!(" ({})", one_line(description, MAX_DESCRIPTION)),
        None => String::new(),
    };
    format!("{}: {}{description}", one_line(subject, 40), one_line(check, 40))
}
