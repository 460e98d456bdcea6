//! Monitoring runs that found violations, with an alarm or without.

use super::reconcile::reconcile_request;
use super::*;
use crate::observation::Report;

const JOB: &str = "model-monitoring-202611201200-7c1d2e3f";

pub(super) fn ended_job(id: &str) -> Value {
    let mut event = ended_job_of(JOB, "Completed");
    event["id"] = json!(id);
    event
}

pub(super) fn ended_job_of(job: &str, status: &str) -> Value {
    json!({"version": "0", "id": "j1", "source": "aws.sagemaker", "detail-type": "SageMaker Processing Job State Change",
        "account": "123456789012", "region": "eu-west-1", "time": NOON, "resources": [],
        "detail": {"ProcessingJobName": job, "ProcessingJobStatus": status}})
}

const REPORT: &str = "s3://churn-123456789012/monitoring/constraint_violations.json";

fn violation(feature: &str, check: &str, description: &str) -> Value {
    json!({"feature_name": feature, "constraint_check_type": check, "description": description})
}

fn report() -> String {
    let distance = "Baseline drift distance: 0.31 exceeds threshold: 0.1";
    let all =
        [violation("tenure", "baseline_drift_check", distance), violation("region", "categorical_values_check", "")];
    json!({"violations": all}).to_string()
}

pub(super) fn monitored(report: Option<&str>) -> Rig {
    let stage = stage();
    stage.set_alarm(&AlarmState::Ok);
    let denied = Failure::permanent("s3:GetObject", "AccessDenied: Access Denied");
    match report {
        Some("denied") => stage.services.refuse("objects.read", denied),
        report => stage.services.s3().extend(report.map(|text| (REPORT.to_owned(), text.into()))),
    }
    stage.services.monitoring().run = Some(MonitoringRun {
        job: ResourceName::parse(JOB).unwrap(),
        schedule: ScheduleName::parse("churn-prod-data-quality").unwrap(),
        violated: true,
        ended: Some(NOON.parse().unwrap()),
        report: Some(ObjectUri::parse(REPORT).unwrap()),
    });
    stage
}

impl Rig {
    fn change_run(&self, change: impl Fn(&mut MonitoringRun)) {
        self.services.monitoring().run.as_mut().map(change).unwrap();
    }
}

#[test]
fn violations_without_an_alarm_start_one_run_that_lists_them() {
    let stage = monitored(Some(&report()));
    let entry = stage.try_react(&ended_job("1")).unwrap().entry;
    assert_eq!(
        entry.reasons[0],
        "data quality drift: schedule churn-prod-data-quality found violations: tenure: baseline_drift_check \
         (Baseline drift distance: 0.31 exceeds threshold: 0.1); region: categorical_values_check"
    );
    let (request, _) = &stage.started()[0];
    assert_eq!(request.parameters["Features"], "region,tenure");
    assert_eq!(stage.react(&ended_job("2")), (Decision::Skipped, "already_handled"));
    assert_eq!(stage.started().len(), 1);
}

#[test]
fn violations_after_the_alarm_of_the_same_drift_start_no_run() {
    let stage = monitored(Some(&report()));
    stage.set_alarm(&AlarmState::Alarm);
    stage.react(&alarm_at(NOON));
    assert_eq!(stage.react(&ended_job("1")), (Decision::Skipped, "run_in_progress"));
    stage.end_run(HOUR);
    stage.change_run(|run| run.job = ResourceName::parse("model-monitoring-later").unwrap());
    let later = ended_job("2").to_string().replace(JOB, "model-monitoring-later");
    assert_eq!(stage.react(&serde_json::from_str(&later).unwrap()), (Decision::Skipped, "cool_down"));
    assert_eq!(stage.react(&reconcile_request()), (Decision::Skipped, "nothing_new"));
    assert_eq!(stage.started().len(), 1);
}

#[test]
fn monitoring_run_without_violations_is_not_recorded() {
    let stage = monitored(None);
    stage.change_run(|run| run.violated = false);
    assert_eq!(stage.react(&ended_job("1")), (Decision::Skipped, "no_violations"));
    assert!(stage.world.ledger.contents().history.is_empty());
}

#[test]
fn monitoring_schedule_without_a_policy_is_not_dead_lettered() {
    let stage = monitored(Some(&report()));
    stage.change_run(|run| run.schedule = ScheduleName::parse("shop-quality").unwrap());
    assert_eq!(stage.react(&ended_job("1")), (Decision::Skipped, "not_configured"));
    assert!(stage.world.ledger.contents().dead_letters.is_empty());
}

#[test]
fn unreadable_report_is_mentioned_and_the_run_starts() {
    for (report, words) in [
        (None, "could not be read: it does not exist"),
        (Some("denied"), "could not be read: AccessDenied"),
        (Some("[1, 2"), "could not be read: it is not a report of violations"),
    ] {
        let stage = monitored(report);
        let entry = stage.try_react(&ended_job("1")).unwrap().entry;
        assert!(entry.reasons[0].contains(words), "{:?}", entry.reasons);
        assert_eq!((entry.decision, stage.started().len()), (Decision::Acted, 1));
        assert_eq!(stage.started()[0].0.parameters.get("Features"), None);
    }
}

#[test]
fn missed_violations_get_one_run_by_a_reconcile() {
    let stage = monitored(Some(&report()));
    stage.pass(HOUR);
    assert_eq!(stage.react(&reconcile_request()), (Decision::Acted, "drift"));
    stage.services.training().status = Some(RunStatus::Executing);
    assert_eq!(stage.react(&reconcile_request()), (Decision::Skipped, "nothing_new"));
    assert_eq!(stage.react(&ended_job("1")), (Decision::Skipped, "already_handled"));
    assert_eq!(stage.started().len(), 1);
}

#[test]
fn first_reconcile_ignores_old_violations() {
    let stage = monitored(Some(&report()));
    stage.pass(HOUR * 25);
    assert_eq!(stage.react(&reconcile_request()), (Decision::Skipped, "nothing_new"));
}

#[test]
fn report_of_each_monitor_implies_its_kind_of_drift() {
    let of = |violation: Value| Report::parse(json!({"violations": [violation]}).to_string().as_bytes()).unwrap();
    let bias = of(
        json!({"facet": "age", "facet_value": "60", "metric_name": "DPPL", "constraint_check_type": "bias_drift_check"}),
    );
    assert_eq!((bias.drift, bias.features.first().unwrap().as_str()), (Some(DriftKind::Bias), "age"));
    let shap =
        json!({"label": "label0", "metric_name": "shap", "constraint_check_type": "feature_attribution_drift_check"});
    assert_eq!(of(shap).drift, Some(DriftKind::FeatureAttribution));
    let auc = json!({"metric_name": "auc", "constraint_check_type": "LessThanThreshold"});
    assert_eq!(of(auc).drift, Some(DriftKind::ModelQuality));
    assert_eq!(of(violation("x", "baseline_drift_check", "")).drift, Some(DriftKind::DataQuality));
    assert_eq!(of(violation("x", "a check of tomorrow", "")).drift, None);
}

#[test]
fn untrusted_report_text_is_one_line_and_safe_in_parameters() {
    let bad = violation("a b\r\n$(id),\u{202e}", "x\u{7}", &"long ".repeat(200));
    let all: Vec<Value> = (0..5000).map(|number| violation(&format!("f{number}"), "y", "")).collect();
    let all: Vec<Value> = std::iter::once(bad).chain(all).collect();
    let stage = monitored(Some(&json!({"violations": all}).to_string()));
    let entry = stage.try_react(&ended_job("1")).unwrap().entry;
    assert!(!entry.reasons[0].contains(char::is_control) && entry.reasons[0].chars().count() <= 400);
    let features = stage.started()[0].0.parameters["Features"].clone();
    let plain = |c: char| c.is_ascii_alphanumeric() || "_.-,".contains(c);
    assert!(features.chars().all(plain) && features.len() <= 1024, "{features}");
    assert_eq!(features.split(',').count(), 15);
}

#[test]
fn check_implies_the_kind_of_drift_that_aws_documents() {
    // Interpreting violations: data quality's six, Clarify's two; model quality's bounds name a metric only.
    let checks = [
        ("data_type_check", Some(DriftKind::DataQuality)),
        ("completeness_check", Some(DriftKind::DataQuality)),
        ("baseline_drift_check", Some(DriftKind::DataQuality)),
        ("missing_column_check", Some(DriftKind::DataQuality)),
        ("extra_column_check", Some(DriftKind::DataQuality)),
        ("categorical_values_check", Some(DriftKind::DataQuality)),
        ("bias_drift_check", Some(DriftKind::Bias)),
        ("feature_attribution_drift_check", Some(DriftKind::FeatureAttribution)),
        ("LessThanThreshold", None),
    ];
    for (check, kind) in checks {
        let text = json!({"violations": [violation("x", check, "")]}).to_string();
        assert_eq!(Report::parse(text.as_bytes()).unwrap().drift, kind, "{check} of a feature");
    }
    let drift_of_bound = |check: &str, feature: &str| {
        let violation = json!({"metric_name": "auc", "feature_name": feature, "constraint_check_type": check});
        Report::parse(json!({"violations": [violation]}).to_string().as_bytes()).unwrap().drift
    };
    assert_eq!(drift_of_bound("GreaterThanThreshold", ""), Some(DriftKind::ModelQuality), "an empty name is no name");
    assert_eq!(drift_of_bound("GreaterThanThreshold", "tenure"), None, "a feature's metric is not the model's");
}

#[test]
fn reason_shows_three_violations_and_counts_the_others() {
    for (count, rest) in [(1, ""), (3, ""), (4, "; and 1 more"), (9, "; and 6 more")] {
        let all: Vec<Value> = (0..count).map(|n| violation(&format!("f{n}"), "data_type_check", "")).collect();
        let stage = monitored(Some(&json!({"violations": all}).to_string()));
        let reason = stage.try_react(&ended_job("1")).unwrap().entry.reasons[0].clone();
        let shown: Vec<String> = (0..count.min(3)).map(|n| format!("f{n}: data_type_check")).collect();
        assert!(reason.ends_with(&format!("found violations: {}{rest}", shown.join("; "))), "{count}: {reason}");
    }
}

#[test]
fn violation_is_described_by_its_subject_and_check() {
    let cases = [
        (
            json!({"facet": "age", "metric_name": "DPPL", "constraint_check_type": "bias_drift_check"}),
            "age: bias_drift_check",
        ),
        (json!({"metric_name": "auc", "constraint_check_type": "LessThanThreshold"}), "auc: LessThanThreshold"),
        (
            json!({"constraint_check_type": "extra_column_check", "description": "3 more"}),
            "all: extra_column_check (3 more)",
        ),
        (json!({"feature_name": "x"}), "x: a check"),
    ];
    for (violation, words) in cases {
        let report = Report::parse(json!({"violations": [violation]}).to_string().as_bytes()).unwrap();
        assert_eq!(report.described, [words]);
    }
}

#[test]
fn report_of_thousands_of_violations_is_read_whole() {
    let long = "x".repeat(100);
    let all: Vec<Value> = (0..5000).map(|n| violation(&format!("f{n}"), "data_type_check", &long)).collect();
    let stage = monitored(Some(&json!({"violations": all}).to_string()));
    let reason = stage.try_react(&ended_job("1")).unwrap().entry.reasons[0].clone();
    assert!(reason.contains("and 4997 more"), "a violation takes some 200 bytes: {reason}");
}

#[test]
fn violations_of_an_ignored_kind_start_no_run() {
    let stage = monitored(Some(&report()));
    for policy in stage.world.ledger.contents().policies.values_mut() {
        policy.retrain.as_mut().unwrap().drift = [DriftKind::Bias].into();
    }
    assert_eq!(stage.react(&ended_job("1")), (Decision::Skipped, "drift_ignored"));
    assert_eq!(stage.react(&reconcile_request()), (Decision::Skipped, "nothing_new"));
    assert!(stage.started().is_empty());
}

#[test]
fn reconcile_ignores_violations_of_other_schedules() {
    type Change = fn(&mut MonitoringRun);
    let change: [(&str, Change); 2] = [
        ("no violations", |run| run.violated = false),
        ("another schedule", |run| run.schedule = ScheduleName::parse("shop-quality").unwrap()),
    ];
    for (ctx, change) in change {
        let stage = monitored(Some(&report()));
        // The list of a schedule's runs and the description of the run may disagree.
        stage.services.monitoring().newest = Some(ResourceName::parse(JOB).unwrap());
        stage.change_run(change);
        assert_eq!(stage.react(&reconcile_request()), (Decision::Skipped, "nothing_new"), "{ctx}");
    }
}

#[test]
fn monitoring_schedule_is_matched_in_any_case() {
    let stage = monitored(Some(&report()));
    for policy in stage.world.ledger.contents().policies.values_mut() {
        policy.retrain.as_mut().unwrap().monitors = [ScheduleName::parse("Churn-Prod-Data-Quality").unwrap()].into();
    }
    assert_eq!(stage.react(&ended_job("1")), (Decision::Acted, "drift"));
}

#[test]
fn missed_violations_get_a_run_within_a_day() {
    for (minutes, recent) in [(24 * 60 - 1, true), (24 * 60, false), (24 * 60 + 1, false)] {
        let stage = monitored(Some(&report()));
        stage.pass(SignedDuration::from_mins(minutes));
        assert_eq!(stage.react(&reconcile_request()).0 == Decision::Acted, recent, "after {minutes} minutes");
    }
}

#[test]
fn handled_monitoring_run_is_not_read_by_each_reconcile() {
    let stage = monitored(Some(&report()));
    stage.react(&ended_job("1"));
    stage.end_run(HOUR);
    let before = stage.reads();
    stage.react(&reconcile_request());
    assert_eq!(stage.reads(), before, "handled runs are not read again");
}

/// An alarm can be read again when the limit ends; the next monitoring run reports other drift again.
#[test]
fn violations_in_the_cool_down_are_not_deferred() {
    let stage = monitored(Some(&report()));
    stage.react(&alarm_at(NOON));
    stage.set_alarm(&AlarmState::Alarm);
    stage.react(&request_for(&"c".repeat(40)));
    stage.end_run(HOUR);
    assert_eq!(stage.react(&ended_job("1")), (Decision::Skipped, "cool_down"));
    assert_eq!(
        stage.react(&reconcile_request()),
        (Decision::Skipped, "nothing_new"),
        "nothing was deferred, so nothing recovers"
    );
}

#[test]
fn monitoring_run_unknown_to_sagemaker_is_not_dead_lettered() {
    let stage = monitored(Some(&report()));
    let other = ended_job_of("model-monitoring-another", "Completed");
    assert_eq!(stage.react(&other), (Decision::Skipped, "not_configured"));
}
