//! What a monitoring run found: its report names features, checks and distances. It stands in S3 and
//! is read as what a stranger may have written.

use std::collections::BTreeSet;

use jiff::SignedDuration;
use serde_json::Value;
use trimtab_core::event::DriftKind;
use trimtab_core::plan::{Plan, Reason};
use trimtab_core::policy::{Policy, Retrain as Limits};
use trimtab_core::port::MonitoringRun;
use trimtab_core::reactor::Context;
use trimtab_core::text::one_line;

use crate::decide::{Answer, Observed, triage};
use crate::drift::ignored;
use crate::incident::{Kind, State, Trigger};

/// How much of a report is read. One violation takes some 200 bytes.
pub const MOST: u32 = 1024 * 1024;

/// How many violations a reason describes, and how long each description may be.
const DESCRIBED: usize = 3;
const DESCRIPTION: usize = 80;

/// Runs that ended longer ago are no news, for whoever looks for the first time.
const NEWS: SignedDuration = SignedDuration::from_hours(24);

/// The kinds of drift by what Model Monitor and Clarify call their checks; a metric's bound, which
/// names no feature, is model quality's.
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

/// A monitoring run, and its report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Monitored {
    /// The run.
    pub run: MonitoringRun,
    /// Its report, or why there is none to read.
    pub report: Result<Report, String>,
}

/// What a report says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// The kind of drift, where the checks tell.
    pub drift: Option<DriftKind>,
    /// The features. Untrusted.
    pub features: BTreeSet<String>,
    /// The first violations, in words that are safe to show.
    pub described: Vec<String>,
    /// How many violations there are.
    pub count: usize,
}

impl Report {
    /// Reads a report; its schemas are [data quality's][one], [bias's][two], [attribution's][three].
    ///
    /// [one]: https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-interpreting-violations.html
    /// [two]: https://docs.aws.amazon.com/sagemaker/latest/dg/clarify-model-monitor-bias-drift-violations.html
    /// [three]: https://docs.aws.amazon.com/sagemaker/latest/dg/clarify-model-monitor-model-attribution-drift-violations.html
    ///
    /// # Errors
    /// It is none, in words.
    pub fn parse(bytes: &[u8]) -> Result<Self, String> {
        let unreadable = || "it is no report of violations".to_owned();
        let file: Value = serde_json::from_slice(bytes).map_err(|_| unreadable())?;
        let violations = file.get("violations").and_then(Value::as_array).ok_or_else(unreadable)?;
        Ok(Self {
            drift: violations.iter().find_map(drift),
            features: violations.iter().filter_map(feature).map(str::to_owned).collect(),
            described: violations.iter().take(DESCRIBED).map(describe).collect(),
            count: violations.len(),
        })
    }

    fn words(&self) -> String {
        let more = self.count.saturating_sub(self.described.len());
        let rest = if more > 0 { format!("; and {more} more") } else { String::new() };
        format!("{}{rest}", self.described.join("; "))
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
    let known = DRIFT_BY_CHECK.iter().find(|(name, _)| *name == check).map(|(_, kind)| *kind);
    let of_a_metric = text(violation, "metric_name").filter(|_| feature(violation).is_none());
    known.or(of_a_metric.map(|_| DriftKind::ModelQuality))
}

fn describe(violation: &Value) -> String {
    let word = |field, max| text(violation, field).map(|text| one_line(text, max));
    let about = feature(violation).or_else(|| text(violation, "metric_name")).map(|name| one_line(name, 40));
    let check = word("constraint_check_type", 40).unwrap_or_else(|| "a check".to_owned());
    let said = word("description", DESCRIPTION).map(|said| format!(" ({said})")).unwrap_or_default();
    format!("{}: {check}{said}", about.unwrap_or_else(|| "all".to_owned()))
}

/// A run of a monitoring schedule ended.
pub(crate) fn on_run(ctx: &Context<'_, State, Observed>, policy: &Policy, limits: &Limits) -> Answer {
    let Some(monitored) = ctx.observed.monitored.first() else {
        return Plan::fail(
            "no_such_job",
            "SageMaker knows no such monitoring run: the event is forged or the job is gone",
        );
    };
    let run = &monitored.run;
    if !watches(limits, run) {
        return Plan::skip(
            "not_watched",
            format!("the policy does not name schedule {} in retrain.monitors", run.schedule),
        );
    }
    if !run.violated {
        return Plan::skip("no_violations", format!("the run of schedule {} found no violations", run.schedule));
    }
    match kind(monitored) {
        Some(kind) if !limits.drift.contains(&kind) => ignored(policy, kind),
        kind => triage(ctx, policy, limits, trigger(monitored, kind)),
    }
}

fn watches(limits: &Limits, run: &MonitoringRun) -> bool {
    limits.monitors.iter().any(|name| name.as_str().eq_ignore_ascii_case(run.schedule.as_str()))
}

fn kind(monitored: &Monitored) -> Option<DriftKind> {
    monitored.report.as_ref().ok().and_then(|report| report.drift)
}

fn trigger(monitored: &Monitored, kind: Option<DriftKind>) -> Trigger {
    let run = &monitored.run;
    let what = kind.map_or_else(|| "drift".to_owned(), |kind| format!("{kind} drift"));
    let found = match &monitored.report {
        Ok(report) => report.words(),
        Err(cause) => format!("its report could not be read: {}", one_line(cause, 160)),
    };
    let reason = format!("{what}: schedule {} found violations: {found}", run.schedule);
    let trigger = Trigger::new(Kind::Drift, format!("monitoring/{}", run.job), reason);
    let features = monitored.report.iter().flat_map(|report| &report.features);
    trigger.with_features(features.map(String::as_str))
}

/// A run found violations, nothing was answered since, and its event has not come.
pub(crate) fn unheard(ctx: &Context<'_, State, Observed>, policy: &Policy, limits: &Limits) -> Option<Answer> {
    let news = |monitored: &&Monitored| {
        let since = monitored.run.ended.filter(|ended| ctx.now.duration_since(*ended) < NEWS);
        let counts = kind(monitored).is_none_or(|kind| limits.drift.contains(&kind));
        let violated = monitored.run.violated && watches(limits, &monitored.run);
        violated && counts && since.is_some_and(|ended| !ctx.state.has_answered_since(ended))
    };
    let monitored = ctx.observed.monitored.iter().find(news)?;
    let mut plan = triage(ctx, policy, limits, trigger(monitored, kind(monitored)));
    plan.reasons
        .push(Reason::new("unheard", "the event of this monitoring run was not received: found by reconciling"));
    Some(plan)
}
