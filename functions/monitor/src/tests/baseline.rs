//! Baselines: the registry's, or computed; and what is told where there are none.

use super::*;

#[test]
fn a_baseline_that_the_registry_has_not_is_computed_and_its_end_begins_the_watch() {
    let stage = stage(false);
    stage.hears(&in_service());
    assert_eq!(stage.told(), [FactKind::BaselineStarted; 4]);
    assert_eq!(stage.hears(&in_service())[1..], ["computing"; 4]);
    assert!(stage.state().schedules.is_empty());
    for job in stage.jobs() {
        stage.state().jobs.insert(job.clone(), ObservedBaseline::Completed);
        assert_eq!(stage.hears(&ended(&job)), ["applying"]);
    }
    stage.is_watched();
    assert_eq!(stage.dedup_keys(FactKind::MonitoringStarted).len(), 4);
    assert_eq!(stage.jobs().len(), 4);
}

#[test]
fn an_end_that_nobody_heard_of_is_found_by_looking() {
    let stage = stage(false);
    stage.hears(&look());
    stage.state().jobs.values_mut().for_each(|job| *job = ObservedBaseline::Completed);
    stage.hears(&look());
    stage.is_watched();
}

#[test]
fn a_job_of_somebody_elses_is_left_alone() {
    let stage = stage(false);
    assert_eq!(stage.hears(&ended("model-monitoring-202611220300")), ["not_concerned"]);
    assert_eq!(stage.hears(&ended("churn-preprocessing-1a2b3c4d")), ["not_concerned"]);
}

#[test]
fn a_baseline_that_failed_is_told_once_and_the_other_kinds_go_on() {
    let stage = stage(false);
    stage.hears(&in_service());
    let jobs = stage.jobs();
    for (number, job) in jobs.iter().enumerate() {
        let failed = ObservedBaseline::Failed("ClientError: no such column".to_owned());
        let end = if number == 0 { failed } else { ObservedBaseline::Completed };
        stage.state().jobs.insert(job.clone(), end);
        stage.hears(&ended(job));
    }
    stage.hears(&ended(&jobs[0]));
    stage.hears(&look());
    assert_eq!(stage.dedup_keys(FactKind::MonitoringFailed).len(), 1);
    assert_eq!(stage.told().iter().filter(|kind| **kind == FactKind::MonitoringFailed).count(), 1);
    assert_eq!(stage.state().schedules.len(), 3);
    assert_eq!(stage.jobs(), jobs, "a job of the same name is not tried again");
}

#[test]
fn without_a_baseline_or_a_configuration_it_is_told_what_is_missing() {
    let stage = stage(false);
    stage.apply(|text| {
        let text = text.replace("baseline = \"s3://churn-training/train.csv\"", "");
        text.replace("config = \"s3://churn-monitoring/config/bias.json\"", "")
    });
    let codes = stage.hears(&in_service());
    assert_eq!(codes, ["monitoring_requested", "no_baseline", "no_baseline_yet", "no_baseline", "no_baseline"]);
    stage.registers("v7");
    assert_eq!(stage.hears(&look())[3], "no_configuration");
    assert_eq!(stage.dedup_keys(FactKind::MonitoringFailed).len(), 4);
}

#[test]
fn the_next_versions_baselines_replace_the_old_ones_and_their_definitions_go() {
    let stage = stage(true);
    stage.hears(&in_service());
    let before = stage.state().definitions.clone();
    stage.serves(8);
    stage.registers("v8");
    stage.hears(&in_service());
    stage.is_watched();
    assert!(stage.state().definitions.is_disjoint(&before));
    assert_eq!(stage.dedup_keys(FactKind::MonitoringChanged).len(), 4);
}
