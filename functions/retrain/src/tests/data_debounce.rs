//! Batches of new data, and runs on a schedule.

use super::reconcile::reconcile_request;
use super::*;

/// The event of an object of this key, created at this time.
pub(super) fn object(key: &str, time: &str) -> Value {
    json!({"version": "0", "id": key, "source": "aws.s3", "detail-type": "Object Created", "account": "123456789012",
        "region": "eu-west-1", "time": time, "resources": ["arn:aws:s3:::churn-123456789012"],
        "detail": {"bucket": {"name": "churn-123456789012"}, "object": {"key": key}, "reason": "PutObject"}})
}

fn features(number: usize, time: &str) -> Value {
    object(&format!("features/2026-11-20/part-{number:05}.parquet"), time)
}

const MINUTE: SignedDuration = SignedDuration::from_mins(1);

#[test]
fn thousand_objects_are_one_run_and_no_history() {
    let stage = stage();
    for number in 0..1000 {
        assert_eq!(stage.try_react(&features(number, NOON)).unwrap().entry.decision, Decision::Skipped);
    }
    assert!(stage.world.ledger.contents().history.is_empty() && stage.published().is_empty());
    let epoch = stage.world.ledger.contents().aggregates.values().next().unwrap().epoch;
    assert_eq!(epoch, 1, "objects that arrive together are written once");
    stage.pass(MINUTE * 14);
    assert_eq!(stage.react(&reconcile_request()), (Decision::Skipped, "nothing_new"), "more objects may arrive");
    stage.pass(MINUTE);
    assert_eq!(stage.react(&reconcile_request()), (Decision::Acted, "data"));
    let (request, _) = &stage.started()[0];
    assert!(request.display_name.starts_with("churn-data-"), "{}", request.display_name);
    assert_eq!((stage.started().len(), request.parameters["Reason"].as_str()), (1, "data"));
    stage.services.training().status = Some(RunStatus::Executing);
    assert_eq!(stage.react(&reconcile_request()), (Decision::Skipped, "nothing_new"));
}

#[test]
fn continuous_data_waits_no_longer_than_max_wait() {
    let stage = stage();
    for number in 0..36 {
        stage.react(&features(number, NOON));
        stage.pass(MINUTE * 10);
    }
    stage.react(&features(36, "2026-11-20T18:00:00Z"));
    assert_eq!(stage.react(&reconcile_request()), (Decision::Acted, "data"));
}

#[test]
fn object_during_a_run_gets_the_next_and_earlier_one_does_not() {
    let stage = stage_with(|retrain| retrain.data.as_mut().unwrap().cool_down = false);
    stage.react(&features(0, NOON));
    stage.pass(MINUTE * 15);
    stage.react(&reconcile_request());
    assert_eq!(stage.react(&features(0, NOON)), (Decision::Skipped, "covered"), "delivered again");
    stage.pass(MINUTE);
    assert_eq!(stage.react(&features(1, "2026-11-20T12:16:00Z")), (Decision::Skipped, "batch_updated"));
    stage.services.training().status = Some(RunStatus::Executing);
    stage.pass(HOUR);
    assert_eq!(stage.react(&reconcile_request()), (Decision::Skipped, "nothing_new"), "one run at a time");
    stage.end_run(MINUTE);
    assert_eq!(stage.react(&reconcile_request()), (Decision::Acted, "data"));
    assert_eq!(stage.started().len(), 2);
}

#[test]
fn run_of_another_trigger_covers_the_batch() {
    let stage = stage();
    stage.react(&features(0, NOON));
    stage.pass(MINUTE);
    stage.react(&alarm_at(NOON));
    stage.end_run(HOUR);
    stage.pass(HOUR * 48);
    assert_eq!(stage.react(&reconcile_request()), (Decision::Skipped, "nothing_new"));
    assert_eq!(stage.started().len(), 1);
}

#[test]
fn data_in_the_cool_down_gets_its_run_at_the_end() {
    let stage = stage();
    stage.react(&alarm_at(NOON));
    stage.end_run(HOUR);
    stage.pass(MINUTE);
    stage.react(&features(0, "2026-11-20T13:01:00Z"));
    stage.pass(HOUR);
    assert_eq!(stage.react(&reconcile_request()), (Decision::Skipped, "nothing_new"));
    stage.pass(HOUR * 23);
    assert_eq!(stage.react(&reconcile_request()), (Decision::Acted, "data"));
}

#[test]
fn budget_that_refuses_data_is_reported_once() {
    let stage = stage_with(|retrain| retrain.data.as_mut().unwrap().cool_down = false);
    for n in 0..4 {
        stage.react(&request_for(&format!("{n:040x}")));
        stage.end_run(HOUR);
    }
    stage.pass(MINUTE);
    stage.react(&features(0, "2026-11-20T16:01:00Z"));
    stage.pass(HOUR);
    assert_eq!(stage.react(&reconcile_request()), (Decision::Skipped, "budget"));
    assert_eq!(stage.react(&reconcile_request()), (Decision::Skipped, "nothing_new"));
    let skips = stage.published().into_iter().filter(|kind| *kind == FactKind::TrainingSkipped).count();
    assert_eq!(skips, 1);
    stage.pass(HOUR * 24 * 7);
    assert_eq!(
        stage.react(&reconcile_request()),
        (Decision::Acted, "data"),
        "the batch gets its run when the budget allows it"
    );
}

#[test]
fn batch_waits_for_min_objects_and_counts_each_once() {
    let stage = stage_with(|retrain| retrain.data.as_mut().unwrap().min_objects = 3);
    for number in [0, 0, 0, 1] {
        stage.react(&features(number, NOON));
    }
    stage.pass(HOUR);
    assert_eq!(stage.react(&reconcile_request()), (Decision::Skipped, "nothing_new"), "two objects");
    stage.react(&features(2, "2026-11-20T13:00:00Z"));
    stage.pass(HOUR);
    assert_eq!(stage.react(&reconcile_request()), (Decision::Acted, "data"));
}

#[test]
fn offline_data_of_a_feature_group_is_a_trigger_of_its_kind() {
    let stage = stage();
    let key = "123456789012/sagemaker/eu-west-1/offline-store/churn-features-1795166530/data/year=2026/x.parquet";
    assert_eq!(stage.react(&object(key, NOON)), (Decision::Skipped, "batch_updated"));
    stage.pass(MINUTE * 15);
    assert_eq!(stage.react(&reconcile_request()), (Decision::Acted, "features"));
    assert!(stage.started()[0].0.display_name.starts_with("churn-features-"));
}

#[test]
fn unconfigured_objects_and_folders_are_not_recorded() {
    let stage = stage();
    for key in ["reports/x.csv", "features/", "x.csv", "offline-store/other-features-1/data/x.parquet", "features.csv"]
    {
        assert_eq!(stage.react(&object(key, NOON)), (Decision::Skipped, "not_configured"), "{key}");
    }
    let contents = stage.world.ledger.contents();
    assert!(contents.aggregates.is_empty() && contents.history.is_empty() && contents.dead_letters.is_empty());
}

#[test]
fn data_during_a_pause_gets_its_run_after_it() {
    let stage = stage();
    let pause = trimtab_core::port::Pause { by: "maya".into(), since: NOON.parse().unwrap() };
    stage.world.ledger.contents().paused = Some(pause);
    assert_eq!(stage.react(&features(0, NOON)), (Decision::Skipped, "batch_updated"));
    stage.pass(HOUR);
    assert_eq!(stage.react(&reconcile_request()), (Decision::Skipped, "paused"));
    stage.world.ledger.contents().paused = None;
    assert_eq!(stage.react(&reconcile_request()), (Decision::Acted, "data"));
}

#[test]
fn model_without_a_run_for_long_gets_one_on_schedule() {
    let stage = stage_with(|retrain| retrain.every = Some(HOUR * 24 * 30));
    assert_eq!(stage.react(&reconcile_request()), (Decision::Acted, "counting"));
    stage.pass(HOUR * 24 * 29);
    assert_eq!(stage.react(&reconcile_request()), (Decision::Skipped, "nothing_new"));
    stage.pass(HOUR * 24);
    assert_eq!(stage.react(&reconcile_request()), (Decision::Acted, "schedule"));
    assert!(stage.started()[0].0.display_name.starts_with("churn-schedule-"));
    stage.end_run(HOUR);
    stage.pass(HOUR * 24 * 28);
    assert_eq!(
        stage.react(&reconcile_request()),
        (Decision::Skipped, "nothing_new"),
        "the schedule counts from the last run of any kind"
    );
}

fn reason_of_the_run(stage: &Rig) -> String {
    stage.try_react(&reconcile_request()).unwrap().entry.reasons[0].clone()
}

const OFFLINE: &str = "offline-store/churn-features-1795166530/data/x.parquet";

#[test]
fn run_for_new_data_names_its_sources_and_time() {
    let one = stage();
    one.react(&features(0, NOON));
    one.pass(MINUTE * 15);
    let folder = "s3://churn-123456789012/features/";
    assert_eq!(reason_of_the_run(&one), format!("new data in {folder}: 1 object since {NOON}"));
    let several = stage();
    several.react(&features(0, NOON));
    several.react(&object(OFFLINE, NOON));
    several.pass(MINUTE * 15);
    let sources = format!("feature group churn-features, {folder}");
    assert_eq!(reason_of_the_run(&several), format!("new data in {sources}: objects since {NOON}"));
}

#[test]
fn run_for_new_data_waits_for_the_debounce_time() {
    let stage = stage();
    for minutes in [0, 2, 12] {
        stage.pass(MINUTE * minutes);
        stage.react(&features(minutes.unsigned_abs() as usize, &(NOON.parse::<Timestamp>().unwrap()).to_string()));
    }
    stage.pass(MINUTE * 14);
    assert_eq!(stage.react(&reconcile_request()), (Decision::Skipped, "nothing_new"), "14 minutes after the last");
    stage.pass(MINUTE);
    assert_eq!(stage.react(&reconcile_request()), (Decision::Acted, "data"), "15 minutes after the last");
}

/// A batch that the policy no longer names starts no run.
#[test]
fn batch_gets_its_run_only_while_the_policy_names_data() {
    let after = |change: fn(&mut Retrain)| {
        let stage = stage();
        stage.react(&features(0, NOON));
        for policy in stage.world.ledger.contents().policies.values_mut() {
            change(policy.retrain.as_mut().unwrap());
        }
        stage.pass(HOUR);
        stage.react(&reconcile_request())
    };
    let acted = (Decision::Acted, "data");
    assert_eq!(after(|retrain| retrain.feature_groups.clear()), acted, "folders alone are enough");
    assert_eq!(after(|retrain| retrain.data = None), acted, "feature groups alone are enough");
    let neither = after(|retrain| {
        retrain.data = None;
        retrain.feature_groups.clear();
    });
    assert_eq!(neither, (Decision::Skipped, "nothing_new"));
}

#[test]
fn object_counts_once_however_often_it_is_delivered() {
    let stage = stage_with(|retrain| retrain.data.as_mut().unwrap().min_objects = 2);
    for _ in 0..4 {
        stage.react(&features(0, NOON));
        stage.pass(MINUTE * 5);
    }
    stage.pass(HOUR * 7);
    assert_eq!(stage.react(&reconcile_request()), (Decision::Skipped, "nothing_new"), "one object of two");
    stage.react(&features(1, "2026-11-20T19:20:00Z"));
    stage.pass(HOUR);
    assert_eq!(stage.react(&reconcile_request()), (Decision::Acted, "data"));
}

#[test]
fn schedule_is_due_when_its_time_has_passed() {
    for (minutes, due) in [(59, false), (60, true), (61, true)] {
        let stage = stage_with(|retrain| retrain.every = Some(HOUR));
        stage.react(&reconcile_request());
        stage.pass(MINUTE * minutes);
        assert_eq!(
            stage.react(&reconcile_request()).0 == Decision::Acted,
            due,
            "{minutes} minutes after the first reconcile"
        );
    }
}

#[test]
fn two_buckets_with_the_same_key_count_as_two_objects() {
    let stage = stage_with(|retrain| {
        let data = retrain.data.as_mut().unwrap();
        data.min_objects = 2;
        data.prefixes.insert(trimtab_core::name::S3Prefix::parse("s3://churn-archive/features/").unwrap());
    });
    let first = features(0, NOON);
    let second = serde_json::from_str(&first.to_string().replace("churn-123456789012", "churn-archive")).unwrap();
    stage.react(&first);
    assert_eq!(stage.react(&second), (Decision::Skipped, "batch_updated"));
    stage.pass(HOUR);
    assert_eq!(stage.react(&reconcile_request()), (Decision::Acted, "data"), "two objects of two");
}

#[test]
fn schedule_waits_for_the_end_of_a_run() {
    let stage = stage_with(|retrain| retrain.every = Some(HOUR));
    stage.react(&alarm_at(NOON));
    stage.services.training().status = Some(RunStatus::Executing);
    stage.pass(HOUR * 2);
    assert_eq!(stage.react(&reconcile_request()), (Decision::Skipped, "nothing_new"), "one run at a time");
    assert_eq!(stage.started().len(), 1);
    stage.end_run(HOUR);
    assert_eq!(stage.react(&reconcile_request()), (Decision::Acted, "schedule"));
}
