//! Monitoring runs that found violations, with an alarm or without.

use super::reconcile::look;
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

fn violation(feature: &str, check: &str, description: &str) -> Value {
    json!({"feature_name": feature, "constraint_check_type": check, "description": description})
}

fn report() -> String {
    let distance = "Baseline drift distance: 0.31 exceeds threshold: 0.1";
    let all =
        [violation("tenure", "baseline_drift_check", distance), violation("region", "categorical_values_check", "")];
    json!({"violations": all}).to_string()
}

pub(super) fn monitored(report: Option<&str>) -> Stage {
    let stage = stage();
    *stage.cloud.alarm.lock().unwrap() = Some(AlarmState::Ok);
    *stage.cloud.report.lock().unwrap() = report.map(str::to_owned);
    *stage.cloud.monitored.lock().unwrap() = Some(MonitoringRun {
        job: ResourceName::parse(JOB).unwrap(),
        schedule: ScheduleName::parse("churn-prod-data-quality").unwrap(),
        violated: true,
        ended: Some(NOON.parse().unwrap()),
        report: Some(ObjectUri::parse("s3://churn-123456789012/monitoring/constraint_violations.json").unwrap()),
    });
    stage
}

impl Stage {
    fn change_run(&self, change: impl Fn(&mut MonitoringRun)) {
        self.cloud.monitored.lock().unwrap().as_mut().map(change).unwrap();
    }
}

#[test]
fn violations_without_an_alarm_start_one_run_that_names_features_checks_and_distances() {
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
fn an_alarm_that_answered_the_same_drift_has_the_run_or_the_cool_down() {
    let stage = monitored(Some(&report()));
    *stage.cloud.alarm.lock().unwrap() = Some(AlarmState::Alarm);
    stage.react(&alarm_at(NOON));
    assert_eq!(stage.react(&ended_job("1")), (Decision::Skipped, "run_in_progress"));
    stage.end_run(HOUR);
    stage.change_run(|run| run.job = ResourceName::parse("model-monitoring-later").unwrap());
    let later = ended_job("2").to_string().replace(JOB, "model-monitoring-later");
    assert_eq!(stage.react(&serde_json::from_str(&later).unwrap()), (Decision::Skipped, "cool_down"));
    assert_eq!(stage.react(&look()), (Decision::Skipped, "nothing_new"));
    assert_eq!(stage.started().len(), 1);
}

#[test]
fn a_run_without_violations_leaves_no_record() {
    let stage = monitored(None);
    stage.change_run(|run| run.violated = false);
    assert_eq!(stage.react(&ended_job("1")), (Decision::Skipped, "no_violations"));
    assert!(stage.world.ledger.contents().history.is_empty());
}

#[test]
fn a_schedule_that_no_policy_names_is_nobodys() {
    let stage = monitored(Some(&report()));
    stage.change_run(|run| run.schedule = ScheduleName::parse("shop-quality").unwrap());
    assert_eq!(stage.react(&ended_job("1")), (Decision::Skipped, "not_watched"));
    assert!(stage.world.ledger.contents().dead_letters.is_empty());
}

#[test]
fn a_report_that_cannot_be_read_is_said_and_the_drift_is_answered() {
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
fn violations_that_nobody_heard_of_are_found_by_looking_once() {
    let stage = monitored(Some(&report()));
    stage.pass(HOUR);
    assert_eq!(stage.react(&look()), (Decision::Acted, "drift"));
    *stage.cloud.status.lock().unwrap() = Some(RunStatus::Executing);
    assert_eq!(stage.react(&look()), (Decision::Skipped, "nothing_new"));
    assert_eq!(stage.react(&ended_job("1")), (Decision::Skipped, "already_handled"));
    assert_eq!(stage.started().len(), 1);
}

#[test]
fn the_first_look_does_not_dig_out_what_is_old() {
    let stage = monitored(Some(&report()));
    stage.pass(HOUR * 25);
    assert_eq!(stage.react(&look()), (Decision::Skipped, "nothing_new"));
}

#[test]
fn each_monitor_has_words_of_its_own_for_its_kind_of_drift() {
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
fn what_a_stranger_wrote_into_a_report_stays_on_one_line_and_out_of_parameters() {
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
fn each_check_is_of_the_kind_of_drift_that_aws_documents_for_it() {
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
    let bound = |check: &str, feature: &str| {
        let violation = json!({"metric_name": "auc", "feature_name": feature, "constraint_check_type": check});
        Report::parse(json!({"violations": [violation]}).to_string().as_bytes()).unwrap().drift
    };
    assert_eq!(bound("GreaterThanThreshold", ""), Some(DriftKind::ModelQuality), "an empty name is none");
    assert_eq!(bound("GreaterThanThreshold", "tenure"), None, "a feature's metric is not the model's");
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
fn violation_is_described_by_what_it_is_about() {
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
fn violations_of_a_kind_that_the_policy_leaves_out_start_nothing() {
    let stage = monitored(Some(&report()));
    for policy in stage.world.ledger.contents().policies.values_mut() {
        policy.retrain.as_mut().unwrap().drift = [DriftKind::Bias].into();
    }
    assert_eq!(stage.react(&ended_job("1")), (Decision::Skipped, "drift_ignored"));
    assert_eq!(stage.react(&look()), (Decision::Skipped, "nothing_new"));
    assert!(stage.started().is_empty());
}

#[test]
fn look_takes_up_only_violations_of_a_schedule_of_the_policy() {
    type Change = fn(&mut MonitoringRun);
    let change: [(&str, Change); 2] = [
        ("no violations", |run| run.violated = false),
        ("another schedule", |run| run.schedule = ScheduleName::parse("shop-quality").unwrap()),
    ];
    for (ctx, change) in change {
        let stage = monitored(Some(&report()));
        // What the list of a schedule's runs and the run itself say need not agree.
        *stage.cloud.newest.lock().unwrap() = Some(ResourceName::parse(JOB).unwrap());
        stage.change_run(change);
        assert_eq!(stage.react(&look()), (Decision::Skipped, "nothing_new"), "{ctx}");
    }
}

#[test]
fn schedule_is_known_in_whatever_case_its_arn_has_it() {
    let stage = monitored(Some(&report()));
    for policy in stage.world.ledger.contents().policies.values_mut() {
        policy.retrain.as_mut().unwrap().monitors = [ScheduleName::parse("Churn-Prod-Data-Quality").unwrap()].into();
    }
    assert_eq!(stage.react(&ended_job("1")), (Decision::Acted, "drift"));
}

#[test]
fn violations_are_news_for_a_day() {
    for (minutes, news) in [(24 * 60 - 1, true), (24 * 60, false), (24 * 60 + 1, false)] {
        let stage = monitored(Some(&report()));
        stage.pass(SignedDuration::from_mins(minutes));
        assert_eq!(stage.react(&look()).0 == Decision::Acted, news, "after {minutes} minutes");
    }
}

#[test]
fn monitoring_run_that_was_answered_is_not_read_by_each_look() {
    let stage = monitored(Some(&report()));
    stage.react(&ended_job("1"));
    stage.end_run(HOUR);
    let before = *stage.cloud.reads.lock().unwrap();
    stage.react(&look());
    assert_eq!(*stage.cloud.reads.lock().unwrap(), before, "a look costs no more for what is answered");
}

/// An alarm that stays on can be looked at again; of what no alarm tells, the next run tells again.
#[test]
fn violations_in_the_cool_down_are_not_held() {
    let stage = monitored(Some(&report()));
    stage.react(&alarm_at(NOON));
    *stage.cloud.alarm.lock().unwrap() = Some(AlarmState::Alarm);
    stage.react(&request_for(&"c".repeat(40)));
    stage.end_run(HOUR);
    assert_eq!(stage.react(&ended_job("1")), (Decision::Skipped, "cool_down"));
    assert_eq!(stage.react(&look()), (Decision::Skipped, "nothing_new"), "nothing was held, so nothing recovers");
}

#[test]
fn monitoring_run_that_sagemaker_does_not_know_is_nobodys() {
    let stage = monitored(Some(&report()));
    let other = ended_job_of("model-monitoring-another", "Completed");
    assert_eq!(stage.react(&other), (Decision::Skipped, "not_watched"));
}
