//! A watch, from the endpoint in service to the alarm, and what changes it.

use super::*;

#[test]
fn an_endpoint_in_service_is_watched_for_every_kind_that_is_asked_for_once() {
    let stage = stage(true);
    assert_eq!(stage.hears(&in_service()), ["monitoring_requested", "applying", "applying", "applying", "applying"]);
    stage.is_watched();
    assert_eq!(stage.told(), [FactKind::MonitoringStarted; 4]);
    let writes = stage.state().writes;
    for event in [in_service(), look()] {
        assert_eq!(stage.hears(&event), ["monitoring_requested", "in_place", "in_place", "in_place", "in_place"]);
    }
    assert_eq!((stage.state().writes, stage.told().len()), (writes, 4));
}

#[test]
fn names_are_those_that_sagemaker_takes() {
    let model = "m".repeat(40);
    let stage = stage(false);
    stage.apply(|text| text.replace("model = \"churn\"", &format!("model = \"{model}\"")));
    stage.world.ledger.contents().policies.retain(|name, _| name.as_str() == model);
    stage.hears(&in_service());
    let jobs = stage.jobs();
    assert_eq!(jobs.len(), 4);
    for job in &jobs {
        assert!(job.len() <= 63, "{job}");
        stage.state().jobs.insert(job.clone(), ObservedBaseline::Completed);
        stage.hears(&ended(job));
    }
    let names = stage.state().definitions.clone();
    assert!(names.len() == 4 && names.iter().all(|name| name.len() <= 63), "{names:?}");
}

#[test]
fn a_schedule_that_is_being_changed_is_changed_at_the_next_look() {
    let stage = stage(true);
    stage.hears(&in_service());
    stage.registers("v8");
    stage.state().schedules.values_mut().for_each(|actual| actual.status = ScheduleStatus::Pending);
    assert_eq!(stage.hears(&look())[1..], ["pending"; 4]);
    stage.state().schedules.values_mut().for_each(|actual| actual.status = ScheduleStatus::Scheduled);
    assert_eq!(stage.hears(&look())[1..], ["applying"; 4]);
    stage.is_watched();
}

#[test]
fn a_schedule_that_failed_is_told_once() {
    let stage = stage(true);
    stage.hears(&in_service());
    stage.state().schedules.values_mut().for_each(|actual| actual.status = ScheduleStatus::Failed);
    assert_eq!(stage.hears(&look())[1..], ["schedule_failed"; 4]);
    assert_eq!(stage.hears(&look())[1..], ["already_reported"; 4]);
}

#[test]
fn a_kind_that_is_no_longer_asked_for_is_taken_down() {
    let stage = stage(true);
    stage.hears(&in_service());
    stage.apply(|text| text.split_once("[monitor.bias]").unwrap().0.to_owned());
    stage.hears(&look());
    {
        let state = stage.state();
        assert_eq!((state.schedules.len(), state.alarms.len(), state.definitions.len()), (2, 2, 2));
    }
    stage.hears(&look());
    assert_eq!(stage.dedup_keys(FactKind::MonitoringChanged).len(), 2);
}

#[test]
fn a_kind_is_taken_down_though_whoever_asked_for_it_died_before_that_was_on_record() {
    let stage = stage(true);
    stage.hears(&requested("bias"));
    stage.apply(|text| text.split_once("[monitor.bias]").unwrap().0.to_owned());
    stage.hears(&look());
    assert!(!stage.state().schedules.contains_key("churn-bias"));
}

#[test]
fn an_endpoint_that_keeps_nothing_of_its_traffic_is_told_once_and_watched_after_the_next_rollout() {
    let stage = stage(true);
    stage.state().served.as_mut().unwrap().captures = false;
    assert_eq!(
        stage.hears(&in_service()),
        [
            "data_capture_missing",
            "data_capture_missing",
            "data_capture_missing",
            "data_capture_missing",
            "data_capture_missing"
        ]
    );
    stage.hears(&look());
    assert_eq!(stage.told(), [FactKind::DataCaptureMissing]);
    stage.serves(8);
    stage.hears(&in_service());
    stage.is_watched();
}

#[test]
fn an_alarm_that_somebody_deleted_is_put_again() {
    let stage = stage(true);
    stage.hears(&in_service());
    stage.state().alarms.clear();
    stage.hears(&look());
    stage.is_watched();
    assert_eq!(stage.told(), [FactKind::MonitoringStarted; 4], "that is no news");
}

#[test]
fn whichever_answer_is_lost_each_thing_is_made_once_and_told_once() {
    for registered in [true, false] {
        for lost in 1..=20 {
            let stage = stage(registered);
            stage.state().lost = Some(lost);
            stage.hears(&in_service());
            stage.hears(&look());
            stage.state().jobs.values_mut().for_each(|job| *job = ObservedBaseline::Completed);
            stage.jobs().iter().for_each(|job| drop(stage.hears(&ended(job))));
            stage.hears(&look());
            stage.is_watched();
            assert_eq!(stage.dedup_keys(FactKind::MonitoringStarted).len(), 4, "{lost}");
            assert_eq!(stage.dedup_keys(FactKind::MonitoringChanged).len(), 0, "{lost}");
        }
    }
}

#[test]
fn what_is_refused_is_told_and_done_when_it_is_no_longer_refused() {
    let stage = stage(true);
    stage.state().refuses = true;
    assert_eq!(stage.hears(&in_service())[1..], ["applying"; 4]);
    assert_eq!(stage.dedup_keys(FactKind::MonitoringFailed).len(), 4);
    stage.state().refuses = false;
    stage.hears(&look());
    stage.is_watched();
}

#[test]
fn an_endpoint_that_moves_or_serves_what_is_not_of_the_registry_is_left_alone_and_so_is_all_where_it_is_off() {
    let stage = stage(true);
    stage.state().served.as_mut().unwrap().status = EndpointStatus::Updating;
    assert_eq!(stage.hears(&in_service()), ["not_in_service"]);
    stage.state().served = None;
    assert_eq!(stage.hears(&in_service()), ["no_such_endpoint"]);
    stage.serves(7);
    stage.state().served.as_mut().unwrap().package = None;
    assert_eq!(stage.hears(&in_service())[1..], ["not_of_the_registry"; 4]);
    stage.apply(|text| text.split_once("[monitor]").unwrap().0.to_owned());
    assert_eq!(stage.hears(&in_service()), ["off"]);
    assert_eq!(stage.state().writes, 0);
}

/// As when a rollout is taken back: the watch had begun, and has ended again.
#[test]
fn endpoint_that_is_blind_again_is_reported_again() {
    let stage = stage(true);
    for (version, captures) in [(7, false), (8, true), (7, false)] {
        stage.serves(version);
        stage.state().served.as_mut().unwrap().captures = captures;
        stage.hears(&in_service());
        stage.hears(&look());
    }
    let told = stage.told().into_iter().filter(|kind| *kind == FactKind::DataCaptureMissing).count();
    let keys = stage.dedup_keys(FactKind::DataCaptureMissing);
    assert_eq!((told, keys.len()), (2, 2), "of one key, people read once: {keys:?}");
}

#[test]
fn report_whose_record_was_lost_has_the_same_dedup_key() {
    let stage = stage(true);
    stage.state().served.as_mut().unwrap().captures = false;
    for event in [in_service(), look()] {
        stage.world.ledger.contents().aggregates.clear();
        stage.hears(&event);
    }
    let told = stage.told().into_iter().filter(|kind| *kind == FactKind::DataCaptureMissing).count();
    assert_eq!((told, stage.dedup_keys(FactKind::DataCaptureMissing).len()), (2, 1), "people read it once");
}
