//! `[evaluate]`: the tests that decide whether a version is approved.

use serde::{Deserialize, Serialize};

use super::validate::Fault;
use trimtab_names::decimal::Decimal;
use trimtab_names::name::StateMachineArn;

/// The tests of new versions, and the verdicts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Evaluate {
    /// The STANDARD state machine that tests a version and returns its metrics, by its ARN. Its name must end with
    /// `-tests`: Trimtab starts no other state machine, and receives events of no other.
    pub tests: StateMachineArn,
    /// The reaction to a version that passes: `"approve"`, or `"manual_approval"`, after which an operator decides.
    pub on_pass: OnPass,
    /// The reaction to a version that fails: `"reject"`, or `"manual_approval"`, after which an operator decides.
    pub on_fail: OnFail,
    /// Whether the tests must return the S3 URI of a bias report.
    #[serde(default)]
    pub bias_report: bool,
    /// The metrics that a version must satisfy.
    #[serde(default)]
    pub metrics: Vec<Metric>,
}

/// The reaction to a version that passes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum OnPass {
    /// Approves the version.
    Approve,
    /// Leaves the verdict to an operator.
    ManualApproval,
}

/// The reaction to a version that fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum OnFail {
    /// Rejects the version.
    Reject,
    /// Leaves the verdict to an operator.
    ManualApproval,
}

/// One metric, with exactly one of `at_least` and `at_most`, which also says in which direction it improves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Metric {
    /// The name of the metric in the output of the tests.
    pub name: String,
    /// The lowest value that passes; a higher value is better. Write exactly one of `at_least` and `at_most`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_least: Option<Decimal>,
    /// The highest value that passes; a lower value is better.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_most: Option<Decimal>,
    /// The amount by which the value may be worse than that of the live version. Without it, the version is not compared
    /// with the live version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub margin: Option<Decimal>,
}

/// The required ending of the name of a test state machine.
pub const TESTS: &str = "-tests";

/// The longest name of a metric: a metadata property of the version contains it.
const NAME: usize = 64;

pub(super) fn limits(rules: &Evaluate) -> Option<Fault> {
    let word = |name: &str| {
        (1..=NAME).contains(&name.len()) && name.chars().all(|c| c.is_ascii_alphanumeric() || "_.-".contains(c))
    };
    let metrics = &rules.metrics;
    let faults = [
        (metrics.iter().all(|metric| word(&metric.name)), "expected names of letters, digits, '_', '.' and '-'"),
        (
            metrics.iter().all(|metric| metric.at_least.is_some() != metric.at_most.is_some()),
            "expected exactly one of at_least and at_most for each metric",
        ),
        (
            metrics.iter().all(|metric| metric.margin.is_none_or(|margin| margin >= Decimal::default())),
            "expected margins of 0 or more",
        ),
        (
            metrics
                .iter()
                .enumerate()
                .all(|(at, metric)| metrics.iter().skip(at + 1).all(|other| other.name != metric.name)),
            "expected each metric once",
        ),
    ];
    if !rules.tests.as_str().ends_with(TESTS) {
        return Some(("evaluate.tests", "expected a state machine whose name ends with \"-tests\""));
    }
    let fault = faults.into_iter().find(|(holds, _)| !holds).map(|(_, problem)| ("evaluate.metrics", problem));
    let nothing = rules.on_pass == OnPass::Approve && metrics.is_empty();
    fault.or(nothing
        .then_some(("evaluate.metrics", "expected at least one metric: without one, every version would be approved")))
}
