//! Bounds and margins of the policy, in one table.

use trimtab_core::decimal::Decimal;
use trimtab_core::policy::evaluate::Evaluate;

use super::*;
use crate::judge::{Champion, Grade, judge};

/// `[evaluate]` with these metrics.
fn rules(metrics: &str, bias_report: bool) -> Evaluate {
    let text = include_str!("../../../../policies/churn.toml");
    let (before, rest) = text.split_once("metrics = [").unwrap();
    let after = rest.split_once("\n]").unwrap().1;
    let text = format!("{before}metrics = [{metrics}\n]{after}")
        .replace("bias_report = true", &format!("bias_report = {bias_report}"));
    Policy::parse("churn.toml", &text).unwrap().evaluate.unwrap()
}

fn gave(output: &str) -> ObservedExecution {
    ObservedExecution { status: ExecutionStatus::Succeeded, output: Some(output.to_owned()), cause: None }
}

fn live(metrics: &[(&str, &str)]) -> Champion {
    let metrics = metrics.iter().map(|(name, value)| ((*name).to_owned(), Decimal::parse(value).unwrap()));
    Champion { version: 6, metrics: metrics.collect() }
}

const LEAST: &str = r#"{ name = "m", at_least = 0.85 }"#;
const MOST: &str = r#"{ name = "m", at_most = 0.4 }"#;
const LEAST_WITHIN: &str = r#"{ name = "m", at_least = 0.85, margin = 0.01 }"#;
const MOST_WITHIN: &str = r#"{ name = "m", at_most = 0.4, margin = 0.02 }"#;
const NO_WORSE: &str = r#"{ name = "m", at_least = 0.85, margin = 0 }"#;
const BELOW_ZERO: &str = r#"{ name = "m", at_least = -2.5, margin = 0.5 }"#;

/// A metric's rule, the reported value, the value of the live version, and the grade. The bound itself passes, and so
/// does a value that is worse than live by exactly the margin.
const TABLE: [(&str, &str, Option<&str>, Grade); 31] = [
    (LEAST, "0.850001", None, Grade::Pass),
    (LEAST, "0.85", None, Grade::Pass),
    (LEAST, "0.849999", None, Grade::Fail),
    (LEAST, "0.85", Some("0.99"), Grade::Pass),
    (LEAST, "-0.85", None, Grade::Fail),
    (MOST, "0.399999", None, Grade::Pass),
    (MOST, "0.4", None, Grade::Pass),
    (MOST, "0.400001", None, Grade::Fail),
    (MOST, "0.4", Some("0.1"), Grade::Pass),
    (MOST, "-7", None, Grade::Pass),
    (LEAST_WITHIN, "0.91", Some("0.9"), Grade::Pass),
    (LEAST_WITHIN, "0.890001", Some("0.9"), Grade::Pass),
    (LEAST_WITHIN, "0.89", Some("0.9"), Grade::Pass),
    (LEAST_WITHIN, "0.889999", Some("0.9"), Grade::Fail),
    (LEAST_WITHIN, "0.84", Some("0.8"), Grade::Fail),
    (LEAST_WITHIN, "0.99", Some("0.86"), Grade::Pass),
    (LEAST_WITHIN, "0.85", None, Grade::Pass),
    (MOST_WITHIN, "0.29", Some("0.3"), Grade::Pass),
    (MOST_WITHIN, "0.319999", Some("0.3"), Grade::Pass),
    (MOST_WITHIN, "0.32", Some("0.3"), Grade::Pass),
    (MOST_WITHIN, "0.320001", Some("0.3"), Grade::Fail),
    (MOST_WITHIN, "0.41", Some("0.5"), Grade::Fail),
    (MOST_WITHIN, "0.01", Some("0.3"), Grade::Pass),
    (MOST_WITHIN, "0.4", None, Grade::Pass),
    (NO_WORSE, "0.9", Some("0.9"), Grade::Pass),
    (NO_WORSE, "0.899999", Some("0.9"), Grade::Fail),
    (NO_WORSE, "0.900001", Some("0.9"), Grade::Pass),
    (BELOW_ZERO, "-2.5", Some("-2"), Grade::Pass),
    (BELOW_ZERO, "-2.5", Some("-1.999999"), Grade::Fail),
    (BELOW_ZERO, "-2.500001", None, Grade::Fail),
    (BELOW_ZERO, "3", Some("2.9"), Grade::Pass),
];

#[test]
fn bounds_and_margins_pass_exactly_what_the_policy_allows() {
    for (metric, value, on_live, grade) in TABLE {
        let champion = on_live.map(|value| live(&[("m", value)]));
        let output = format!(r#"{{"metrics": {{"m": {value}}}}}"#);
        let judged = judge(&rules(metric, false), &gave(&output), champion.as_ref());
        assert_eq!(judged.grade, grade, "{metric}, given {value}, live has {on_live:?}: {:?}", judged.reasons);
        assert_eq!(judged.metrics["m"], Decimal::parse(value).unwrap(), "the metric is written on the version");
    }
}

#[test]
fn live_version_without_the_metric_requires_manual_approval() {
    for metric in [LEAST_WITHIN, MOST_WITHIN] {
        let rules = rules(metric, false);
        let good = if metric == LEAST_WITHIN { "0.9" } else { "0.1" };
        let output = gave(&format!(r#"{{"metrics": {{"m": {good}}}}}"#));
        let judged = judge(&rules, &output, Some(&live(&[("other", "0.1")])));
        assert_eq!(judged.grade, Grade::Unsure, "an impossible comparison requires manual approval");
        let words = "the live version 6 has no recorded m to compare with";
        assert!(judged.reasons[0].ends_with(words), "{:?}", judged.reasons);
        let bad = gave(&format!(r#"{{"metrics": {{"m": {}}}}}"#, if metric == LEAST_WITHIN { "0.8" } else { "0.5" }));
        assert_eq!(judge(&rules, &bad, Some(&live(&[]))).grade, Grade::Fail, "a value out of bounds fails");
    }
}

#[test]
fn grade_of_several_metrics_is_the_worst_of_them() {
    let rules = rules(&format!("{},\n{}", LEAST_WITHIN, MOST.replace("\"m\"", "\"loss\"")), false);
    for (metrics, on_live, grade) in [
        (r#"{"m": 0.9, "loss": 0.1}"#, live(&[("m", "0.9")]), Grade::Pass),
        (r#"{"m": 0.9, "loss": 0.1}"#, live(&[]), Grade::Unsure),
        (r#"{"m": 0.9, "loss": 0.5}"#, live(&[]), Grade::Fail),
        (r#"{"m": 0.1, "loss": 0.1}"#, live(&[("m", "0.9")]), Grade::Fail),
    ] {
        let judged = judge(&rules, &gave(&format!(r#"{{"metrics": {metrics}}}"#)), Some(&on_live));
        assert_eq!((judged.grade, judged.reasons.len()), (grade, 2), "{metrics}: a line for each metric");
    }
}

#[test]
fn output_that_has_no_usable_number_fails() {
    let cases = [
        r#"{"metrics": {"m": NaN}}"#,
        r#"{"metrics": {"m": Infinity}}"#,
        r#"{"metrics": {"m": 1e400}}"#,
        r#"{"metrics": {"m": 2e12}}"#,
        r#"{"metrics": {"m": "0.9"}}"#,
        r#"{"metrics": {"m": null}}"#,
        r#"{"metrics": {"M": 0.9}}"#,
        r#"{"metrics": {}}"#,
        r#"{"m": 0.9}"#,
        "0.9",
        "",
    ];
    for output in cases {
        let judged = judge(&rules(LEAST, false), &gave(output), None);
        assert_eq!((judged.grade, judged.metrics.len()), (Grade::Fail, 0), "{output} is no pass");
    }
    let none = ObservedExecution { status: ExecutionStatus::Succeeded, output: None, cause: None };
    assert_eq!(judge(&rules(LEAST, false), &none, None).grade, Grade::Fail, "no output is no pass");
}

#[test]
fn test_suite_that_did_not_succeed_fails_despite_its_output() {
    use ExecutionStatus::{Aborted, Failed, TimedOut};
    for (status, word) in [(Failed, "FAILED"), (TimedOut, "TIMED_OUT"), (Aborted, "ABORTED")] {
        let execution = ObservedExecution { status, cause: None, ..gave(r#"{"metrics": {"m": 0.99}}"#) };
        let judged = judge(&rules(LEAST, false), &execution, None);
        assert_eq!((judged.grade, judged.metrics.len()), (Grade::Fail, 0), "{word}");
        assert_eq!(judged.reasons, [format!("the test suite ended {word}")]);
    }
}

#[test]
fn bias_report_is_required_by_the_policy_only() {
    let (with, without) =
        (r#"{"metrics": {"m": 0.9}, "bias_report": "s3://churn/bias.json"}"#, r#"{"metrics": {"m": 0.9}}"#);
    for (needed, output, grade, lines) in [
        (true, with, Grade::Pass, 2),
        (true, without, Grade::Fail, 2),
        (false, with, Grade::Pass, 1),
        (false, without, Grade::Pass, 1),
    ] {
        let judged = judge(&rules(LEAST, needed), &gave(output), None);
        assert_eq!((judged.grade, judged.reasons.len()), (grade, lines), "needed: {needed}, given {output}");
    }
}

#[test]
fn test_suite_without_required_metrics_passes_by_succeeding() {
    let judged = judge(&rules("", false), &gave(r#"{"metrics": {"other": 1}}"#), None);
    assert_eq!((judged.grade, judged.metrics.len()), (Grade::Pass, 0), "only the policy's metrics are written");
    assert_eq!(judged.reasons, ["the test suite succeeded"]);
}
