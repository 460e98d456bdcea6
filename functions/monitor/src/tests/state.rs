//! Monitoring, from the endpoint in service to the alarm, and its changes.

use super::*;

#[test]
fn endpoint_in_service_is_monitored_for_each_configured_kind() {
    let stage = stage(true);
    assert_eq!(stage.receives(&in_service()), ["monitoring_requested", "applying", "applying", "applying", "applying"]);
    stage.is_monitored();
    assert_eq!(stage.reported(), [FactKind::MonitoringStarted; 4]);
    let writes = stage.services.effects();
    for event in [in_service(), reconcile_request()] {
        assert_eq!(stage.receives(&event), ["monitoring_requested", "in_place", "in_place", "in_place", "in_place"]);
    }
    assert_eq!((stage.services.effects(), stage.reported().len()), (writes, 4));
}

#[test]
fn names_fit_sagemakers_limits() {
    let model = "m".repeat(40);
    let stage = stage(false);
    stage.apply(|text| text.replace("model = \"churn\"", &format!("model = \"{model}\"")));
    stage.world.ledger.contents().policies.retain(|name, _| name.as_str() == model);
    stage.receives(&in_service());
    let jobs = stage.jobs();
    assert_eq!(jobs.len(), 4);
    for job in &jobs {
        assert!(job.len() <= 63, "{job}");
        stage.state().jobs.insert(job.clone(), ObservedBaseline::Completed);
        stage.receives(&ended(job));
    }
    let names = stage.state().definitions.clone();
    assert!(names.len() == 4 && names.iter().all(|name| name.len() <= 63), "{names:?}");
}

#[test]
fn pending_schedule_is_changed_at_the_next_reconcile() {
    let stage = stage(true);
    stage.receives(&in_service());
    stage.registers("v8");
    stage.state().schedules.values_mut().for_each(|actual| actual.status = ScheduleStatus::Pending);
    assert_eq!(stage.receives(&reconcile_request())[1..], ["pending"; 4]);
    stage.state().schedules.values_mut().for_each(|actual| actual.status = ScheduleStatus::Scheduled);
    assert_eq!(stage.receives(&reconcile_request())[1..], ["applying"; 4]);
    stage.is_monitored();
}

#[test]
fn failed_schedule_is_reported_once() {
    let stage = stage(true);
    stage.receives(&in_service());
    stage.state().schedules.values_mut().for_each(|actual| actual.status = ScheduleStatus::Failed);
    assert_eq!(stage.receives(&reconcile_request())[1..], ["schedule_failed"; 4]);
    assert_eq!(stage.receives(&reconcile_request())[1..], ["already_reported"; 4]);
}

#[test]
fn kind_that_the_policy_lost_is_removed() {
    let stage = stage(true);
    stage.receives(&in_service());
    stage.apply(|text| text.split_once("[monitor.bias]").unwrap().0.to_owned());
    stage.receives(&reconcile_request());
    {
        let state = stage.state();
        assert_eq!(
            (state.schedules.len(), stage.services.cloudwatch().alarms.len(), state.definitions.len()),
            (2, 2, 2)
        );
    }
    stage.receives(&reconcile_request());
    assert_eq!(stage.dedup_keys(FactKind::MonitoringChanged).len(), 2);
}

#[test]
fn kind_is_removed_though_its_setup_was_not_recorded() {
    let stage = stage(true);
    stage.receives(&requested("bias"));
    stage.apply(|text| text.split_once("[monitor.bias]").unwrap().0.to_owned());
    stage.receives(&reconcile_request());
    assert!(!stage.state().schedules.contains_key("churn-bias"));
}

#[test]
fn endpoint_without_data_capture_is_reported_once() {
    let stage = stage(true);
    stage.change_served(|served| served.captures = false);
    assert_eq!(
        stage.receives(&in_service()),
        [
            "data_capture_missing",
            "data_capture_missing",
            "data_capture_missing",
            "data_capture_missing",
            "data_capture_missing"
        ]
    );
    stage.receives(&reconcile_request());
    assert_eq!(stage.reported(), [FactKind::DataCaptureMissing]);
    stage.serves(8);
    stage.receives(&in_service());
    stage.is_monitored();
}

#[test]
fn deleted_alarm_is_put_again() {
    let stage = stage(true);
    stage.receives(&in_service());
    stage.services.cloudwatch().alarms.clear();
    stage.receives(&reconcile_request());
    stage.is_monitored();
    assert_eq!(stage.reported(), [FactKind::MonitoringStarted; 4], "that is no news");
}

#[test]
fn any_lost_response_leads_to_one_resource_and_one_report() {
    for registered in [true, false] {
        for lost in 1..=20 {
            let stage = stage(registered);
            stage.services.fail_effect(lost - 1, Fault::Lost);
            stage.receives(&in_service());
            stage.receives(&reconcile_request());
            stage.state().jobs.values_mut().for_each(|job| *job = ObservedBaseline::Completed);
            stage.jobs().iter().for_each(|job| drop(stage.receives(&ended(job))));
            stage.receives(&reconcile_request());
            stage.is_monitored();
            assert_eq!(stage.dedup_keys(FactKind::MonitoringStarted).len(), 4, "{lost}");
            assert_eq!(stage.dedup_keys(FactKind::MonitoringChanged).len(), 0, "{lost}");
        }
    }
}

#[test]
fn refused_call_is_reported_and_repeated() {
    let stage = stage(true);
    stage.services.refuse_effects(Failure::permanent("sagemaker:Create", "AccessDeniedException"));
    assert_eq!(stage.receives(&in_service())[1..], ["applying"; 4]);
    assert_eq!(stage.dedup_keys(FactKind::MonitoringFailed).len(), 4);
    stage.services.accept();
    stage.receives(&reconcile_request());
    stage.is_monitored();
}

#[test]
fn updating_unregistered_or_disabled_endpoint_is_skipped() {
    let stage = stage(true);
    stage.change_served(|served| served.status = EndpointStatus::Updating);
    assert_eq!(stage.receives(&in_service()), ["not_in_service"]);
    stage.services.endpoints().serving.clear();
    assert_eq!(stage.receives(&in_service()), ["no_such_endpoint"]);
    stage.serves(7);
    stage.change_served(|served| served.package = None);
    assert_eq!(stage.receives(&in_service())[1..], ["not_of_the_registry"; 4]);
    stage.apply(|text| text.split_once("[monitor]").unwrap().0.to_owned());
    assert_eq!(stage.receives(&in_service()), ["off"]);
    assert_eq!(stage.services.effects(), 0);
}

/// A rollback brings the configuration without data capture again, after monitoring had started.
#[test]
fn endpoint_without_data_capture_again_is_reported_again() {
    let stage = stage(true);
    for (version, captures) in [(7, false), (8, true), (7, false)] {
        stage.serves(version);
        stage.change_served(|served| served.captures = captures);
        stage.receives(&in_service());
        stage.receives(&reconcile_request());
    }
    let reported = stage.reported().into_iter().filter(|kind| *kind == FactKind::DataCaptureMissing).count();
    let keys = stage.dedup_keys(FactKind::DataCaptureMissing);
    assert_eq!((reported, keys.len()), (2, 2), "of one key, people read once: {keys:?}");
}

#[test]
fn report_with_a_lost_record_has_the_same_dedup_key() {
    let stage = stage(true);
    stage.change_served(|served| served.captures = false);
    for event in [in_service(), reconcile_request()] {
        stage.world.ledger.contents().aggregates.clear();
        stage.receives(&event);
    }
    let reported = stage.reported().into_iter().filter(|kind| *kind == FactKind::DataCaptureMissing).count();
    assert_eq!((reported, stage.dedup_keys(FactKind::DataCaptureMissing).len()), (2, 1), "people read it once");
}
