//! `[evaluate]`: what a version must show before it goes on.

use serde::{Deserialize, Serialize};

use super::check::Fault;
use trimtab_names::decimal::Decimal;
use trimtab_names::name::StateMachineArn;

/// What a version must show, and what comes of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Evaluate {
    /// The test suite: a STANDARD state machine that gives the metrics. Its name ends with
    /// [`TESTS`]: the suite hears of no other, and may start no other.
    pub tests: StateMachineArn,
    /// What is done about a version that passes.
    pub on_pass: OnPass,
    /// What is done about a version that does not.
    pub on_fail: OnFail,
    /// Whether the test suite must name a bias report.
    #[serde(default)]
    pub bias_report: bool,
    /// What the metrics must be.
    #[serde(default)]
    pub metrics: Vec<Metric>,
}

/// What is done about a version that passes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnPass {
    /// It is approved.
    Approve,
    /// A person is asked.
    ManualApproval,
}

/// What is done about a version that does not pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnFail {
    /// It is rejected.
    Reject,
    /// A person is asked.
    ManualApproval,
}

/// One metric: exactly one of `at_least` and `at_most`, which also says which way is better.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Metric {
    /// Its name, as the test suite writes it.
    pub name: String,
    /// The least that passes; more is better.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_least: Option<Decimal>,
    /// The most that passes; less is better.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_most: Option<Decimal>,
    /// By how much it may be worse than the version that is live; absent means that they are not
    /// compared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub margin: Option<Decimal>,
}

/// What the name of a test suite's state machine ends with.
pub const TESTS: &str = "-tests";

/// The longest name of a metric: it stands in a metadata property of the package.
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
    fault.or(nothing.then_some(("evaluate.metrics", "expected at least one metric: nothing approves by itself")))
}
