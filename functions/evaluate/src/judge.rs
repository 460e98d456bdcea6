//! Whether a version is good enough: what its test suite gave, held against the policy and against
//! the version that is live. Pure.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use trimtab_core::decimal::Decimal;
use trimtab_core::event::ExecutionStatus;
use trimtab_core::policy::evaluate::{Evaluate, Metric};
use trimtab_core::port::ObservedExecution;
use trimtab_core::text::one_line;

/// What the test suite gives: the execution's output.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
struct Output {
    metrics: BTreeMap<String, f64>,
    #[serde(default)]
    bias_report: Option<String>,
}

/// The version that is live.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Champion {
    /// Its number.
    pub version: u32,
    /// The metrics that stand on it.
    pub metrics: BTreeMap<String, Decimal>,
}

/// How a version did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Grade {
    /// All that the policy asks for holds.
    Pass,
    /// What the policy asks for cannot be told.
    Unsure,
    /// Something does not hold.
    Fail,
}

/// How a version did, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judgement {
    /// How it did: the worst of all.
    pub grade: Grade,
    /// A line for each thing that was looked at.
    pub reasons: Vec<String>,
    /// The metrics that the policy names, as far as they are there.
    pub metrics: BTreeMap<String, Decimal>,
}

/// The longest text of a test suite's that is shown.
const SHOWN: usize = 160;

/// Holds what the execution gave against the rules and the version that is live.
#[must_use]
pub fn judge(rules: &Evaluate, execution: &ObservedExecution, champion: Option<&Champion>) -> Judgement {
    let output = match output(execution) {
        Ok(output) => output,
        Err(reason) => return Judgement { grade: Grade::Fail, reasons: vec![reason], metrics: BTreeMap::new() },
    };
    let read = |metric: &Metric| Some((metric.name.clone(), Decimal::of(*output.metrics.get(&metric.name)?)?));
    let metrics: BTreeMap<String, Decimal> = rules.metrics.iter().filter_map(read).collect();
    let mut lines: Vec<(Grade, String)> =
        rules.metrics.iter().map(|metric| of_metric(metric, metrics.get(&metric.name).copied(), champion)).collect();
    if rules.bias_report {
        lines.push(match &output.bias_report {
            Some(report) => (Grade::Pass, format!("the bias report is {}", one_line(report, SHOWN))),
            None => (Grade::Fail, "the test suite names no bias report".to_owned()),
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
        let cause = execution.cause.as_deref().map(|cause| format!(": {}", one_line(cause, SHOWN)));
        return Err(format!("the test suite ended {}{}", execution.status, cause.unwrap_or_default()));
    }
    serde_json::from_str(execution.output.as_deref().unwrap_or_default())
        .map_err(|_| "the test suite gave no metrics: expected {\"metrics\": {\"name\": number}}".to_owned())
}

fn of_metric(metric: &Metric, value: Option<Decimal>, champion: Option<&Champion>) -> (Grade, String) {
    let name = &metric.name;
    let Some(value) = value else { return (Grade::Fail, format!("the test suite gives no {name}")) };
    let (bound, holds) = match (metric.at_least, metric.at_most) {
        (Some(least), _) => (format!("at least {least}"), value >= least),
        (_, Some(most)) => (format!("at most {most}"), value <= most),
        (None, None) => (String::new(), true),
    };
    if !holds {
        return (Grade::Fail, format!("{name} is {value}, and the policy asks for {bound}"));
    }
    let line = format!("{name} is {value} ({bound})");
    let Some(margin) = metric.margin else { return (Grade::Pass, line) };
    let Some(champion) = champion else {
        return (Grade::Pass, format!("{line}; no version is live to compare it with"));
    };
    let version = champion.version;
    let Some(live) = champion.metrics.get(name).copied() else {
        return (Grade::Unsure, format!("{line}; nothing says what it is for version {version}, which is live"));
    };
    let worse = if metric.at_least.is_some() { value < live - margin } else { value > live + margin };
    let against = format!("version {version}, which is live, has {live}");
    if worse {
        (Grade::Fail, format!("{name} is {value}: {against}, and the policy allows a margin of {margin}"))
    } else {
        (Grade::Pass, format!("{line}; {against}"))
    }
}
