//! Comparison of a version's metrics with the policy and with the live version. Pure.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use trimtab_core::decimal::Decimal;
use trimtab_core::event::ExecutionStatus;
use trimtab_core::policy::evaluate::{Evaluate, Metric};
use trimtab_core::port::ObservedExecution;
use trimtab_core::text::one_line;

/// The output of the test suite's execution.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
struct Output {
    metrics: BTreeMap<String, f64>,
    #[serde(default)]
    bias_report: Option<String>,
}

/// The version that is live.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Champion {
    /// Number of the version.
    pub version: u32,
    /// The metrics in its metadata; empty for a version that Trimtab did not evaluate.
    pub metrics: BTreeMap<String, Decimal>,
}

/// The result of a comparison; the worst is the greatest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Grade {
    /// Every bound holds.
    Pass,
    /// A comparison was impossible.
    Unsure,
    /// A bound is violated, or a result is missing.
    Fail,
}

/// The grade of a version with its reasons.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judgement {
    /// The worst grade of all lines.
    pub grade: Grade,
    /// One line for each metric, and one for the bias report.
    pub reasons: Vec<String>,
    /// The metrics that the policy names and the test suite reported.
    pub metrics: BTreeMap<String, Decimal>,
}

/// Longest text of a test suite in a reason.
const TEXT_MAX: usize = 160;

/// Compares the output of an execution with the policy and with the live version.
#[must_use]
pub fn judge(rules: &Evaluate, execution: &ObservedExecution, champion: Option<&Champion>) -> Judgement {
    let output = match output(execution) {
        Ok(output) => output,
        Err(reason) => return Judgement { grade: Grade::Fail, reasons: vec![reason], metrics: BTreeMap::new() },
    };
    let read = |metric: &Metric| Some((metric.name.clone(), Decimal::of(*output.metrics.get(&metric.name)?)?));
    let metrics: BTreeMap<String, Decimal> = rules.metrics.iter().filter_map(read).collect();
    let mut lines: Vec<(Grade, String)> =
        rules.metrics.iter().map(|metric| compare(metric, metrics.get(&metric.name).copied(), champion)).collect();
    if rules.bias_report {
        lines.push(match &output.bias_report {
            Some(report) => (Grade::Pass, format!("the bias report is {}", one_line(report, TEXT_MAX))),
            None => (Grade::Fail, "the test suite reported no bias report, and the policy requires one".to_owned()),
        });
    }
    if lines.is_empty() {
        lines.push((Grade::Pass, "the test suite succeeded".to_owned()));
    }
    let grade = lines.iter().map(|(grade, _)| *grade).max().unwrap_or(Grade::Unsure);
    Judgement { grade, reasons: lines.into_iter().map(|(_, reason)| reason).collect(), metrics }
}

fn output(execution: &ObservedExecution) -> Result<Output, String> {
    if execution.status != ExecutionStatus::Succeeded {
        let cause = execution.cause.as_deref().map(|cause| format!(": {}", one_line(cause, TEXT_MAX)));
        return Err(format!("the test suite ended {}{}", execution.status, cause.unwrap_or_default()));
    }
    serde_json::from_str(execution.output.as_deref().unwrap_or_default()).map_err(|_| {
        "the output of the test suite has no metrics: expected {\"metrics\": {\"name\": number}}".to_owned()
    })
}

fn compare(metric: &Metric, value: Option<Decimal>, champion: Option<&Champion>) -> (Grade, String) {
    let name = &metric.name;
    let Some(value) = value else { return (Grade::Fail, format!("the test suite reported no {name}")) };
    let (bound, holds) = match (metric.at_least, metric.at_most) {
        (Some(least), _) => (format!("at least {least}"), value >= least),
        (_, Some(most)) => (format!("at most {most}"), value <= most),
        (None, None) => (String::new(), true),
    };
    if !holds {
        return (Grade::Fail, format!("{name} is {value}, and the policy requires {bound}"));
    }
    let line = format!("{name} is {value} ({bound})");
    let Some(margin) = metric.margin else { return (Grade::Pass, line) };
    let Some(champion) = champion else {
        return (Grade::Pass, format!("{line}; no version is live to compare it with"));
    };
    let version = champion.version;
    let Some(live) = champion.metrics.get(name).copied() else {
        return (Grade::Unsure, format!("{line}; the live version {version} has no recorded {name} to compare with"));
    };
    let worse = if metric.at_least.is_some() { value < live - margin } else { value > live + margin };
    let comparison = format!("the live version {version} has {live}");
    if worse {
        (Grade::Fail, format!("{name} is {value}: {comparison}, and the policy allows a margin of {margin}"))
    } else {
        (Grade::Pass, format!("{line}; {comparison}"))
    }
}
