//! Baselines: registered, computed, or missing.

use super::*;

#[test]
fn missing_baseline_is_computed_and_its_end_starts_monitoring() {
    let stage = stage(false);
    stage.receives(&in_service());
    assert_eq!(stage.reported(), [FactKind::BaselineStarted; 4]);
    assert_eq!(stage.receives(&in_service())[1..], ["computing"; 4]);
    assert!(stage.state().schedules.is_empty());
    for job in stage.jobs() {
        stage.state().jobs.insert(job.clone(), ObservedBaseline::Completed);
        assert_eq!(stage.receives(&ended(&job)), ["applying"]);
    }
    stage.is_monitored();
    assert_eq!(stage.dedup_keys(FactKind::MonitoringStarted).len(), 4);
    assert_eq!(stage.jobs().len(), 4);
}

#[test]
fn end_of_a_job_with_a_lost_event_is_found_by_a_reconcile() {
    let stage = stage(false);
    stage.receives(&reconcile_request());
    stage.state().jobs.values_mut().for_each(|job| *job = ObservedBaseline::Completed);
    stage.receives(&reconcile_request());
    stage.is_monitored();
}

#[test]
fn job_of_another_owner_is_skipped() {
    let stage = stage(false);
    assert_eq!(stage.receives(&ended("model-monitoring-202611220300")), ["not_concerned"]);
    assert_eq!(stage.receives(&ended("churn-preprocessing-1a2b3c4d")), ["not_concerned"]);
}

#[test]
fn failed_baseline_is_reported_once_and_delays_no_other_kind() {
    let stage = stage(false);
    stage.receives(&in_service());
    let jobs = stage.jobs();
    for (number, job) in jobs.iter().enumerate() {
        let failed = ObservedBaseline::Failed("ClientError: no such column".to_owned());
        let end = if number == 0 { failed } else { ObservedBaseline::Completed };
        stage.state().jobs.insert(job.clone(), end);
        stage.receives(&ended(job));
    }
    stage.receives(&ended(&jobs[0]));
    stage.receives(&reconcile_request());
    assert_eq!(stage.dedup_keys(FactKind::MonitoringFailed).len(), 1);
    assert_eq!(stage.reported().iter().filter(|kind| **kind == FactKind::MonitoringFailed).count(), 1);
    assert_eq!(stage.state().schedules.len(), 3);
    assert_eq!(stage.jobs(), jobs, "a job of the same name is not tried again");
}

#[test]
fn missing_baseline_or_configuration_is_reported() {
    let stage = stage(false);
    stage.apply(|text| {
        let text = text.replace("baseline = \"s3://churn-training/train.csv\"", "");
        text.replace("config = \"s3://churn-monitoring/config/bias.json\"", "")
    });
    let codes = stage.receives(&in_service());
    assert_eq!(codes, ["monitoring_requested", "no_baseline", "no_baseline_yet", "no_baseline", "no_baseline"]);
    stage.registers("v7");
    assert_eq!(stage.receives(&reconcile_request())[3], "no_configuration");
    assert_eq!(stage.dedup_keys(FactKind::MonitoringFailed).len(), 4);
}

#[test]
fn next_version_replaces_baselines_and_definitions() {
    let stage = stage(true);
    stage.receives(&in_service());
    let before = stage.state().definitions.clone();
    stage.serves(8);
    stage.registers("v8");
    stage.receives(&in_service());
    stage.is_monitored();
    assert!(stage.state().definitions.is_disjoint(&before));
    assert_eq!(stage.dedup_keys(FactKind::MonitoringChanged).len(), 4);
}
