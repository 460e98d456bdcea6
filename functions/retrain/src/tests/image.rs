//! The image that runs get: the newest that `integrate` reported, in whatever order.

use super::*;

pub(super) fn uri(number: u8) -> String {
    let digest = format!("{number:02x}").repeat(32);
    format!("123456789012.dkr.ecr.eu-west-1.amazonaws.com/churn-training@sha256:{digest}")
}

pub(super) fn image(kind: &str, serial: u8, uri: &str) -> Value {
    let mut event = request_for("none");
    event["detail-type"] = json!(kind);
    event["detail"]["dedup_key"] = json!(format!("image/churn/{serial}"));
    event["detail"]["details"] = json!({"image": uri, "serial": serial.to_string()});
    event
}

impl Rig {
    fn given(&self) -> Vec<Option<String>> {
        let runs = self.started();
        runs.iter().map(|(request, _)| request.parameters.get("Image").cloned()).collect()
    }

    fn decides(&self, event: &Value) -> (Decision, &'static str) {
        let report = self.try_react(event).unwrap();
        (report.entry.decision, report.codes[0])
    }
}

#[test]
fn pushed_image_gets_one_run_with_its_digest() {
    let stage = stage();
    assert_eq!(stage.decides(&image("Training Requested", 1, &uri(1))), (Decision::Acted, "image"));
    assert_eq!(stage.decides(&image("Training Requested", 1, &uri(1))), (Decision::Skipped, "already_handled"));
    assert_eq!(stage.given(), [Some(uri(1))]);
}

#[test]
fn run_of_any_trigger_gets_the_newest_image() {
    let stage = stage();
    assert_eq!(stage.decides(&image("Image Adopted", 2, &uri(2))), (Decision::Acted, "image_adopted"));
    assert_eq!(stage.decides(&image("Image Adopted", 1, &uri(1))), (Decision::Skipped, "image_known"));
    assert_eq!(stage.decides(&image("Training Requested", 1, &uri(1))), (Decision::Skipped, "image_superseded"));
    stage.decides(&alarm_at(NOON));
    assert_eq!(stage.given(), [Some(uri(2))]);
}

#[test]
fn image_during_a_run_does_not_replace_a_queued_commit() {
    let stage = stage();
    stage.decides(&alarm_at(NOON));
    assert_eq!(stage.decides(&request_for(&"a".repeat(40))).0, Decision::Deferred);
    assert_eq!(stage.decides(&image("Training Requested", 1, &uri(1))).0, Decision::Deferred);
    let run = stage.services.training().runs[0].1.clone();
    stage.services.training().status = Some(RunStatus::Succeeded);
    stage.decides(&ended(&run, "Succeeded"));
    let runs = stage.started();
    assert_eq!(runs[1].0.parameters["Commit"], "a".repeat(40));
    assert_eq!(runs[1].0.parameters["Image"], uri(1));
}

#[test]
fn foreign_image_and_image_by_tag_fail() {
    let stage = stage();
    let elsewhere = [uri(1).replace("123456789012", "210987654321"), uri(1).replace("churn-training", "other")];
    for foreign in elsewhere {
        assert_eq!(stage.decides(&image("Training Requested", 1, &foreign)), (Decision::Failed, "foreign_image"));
    }
    let by_tag = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/churn-training:latest";
    assert_eq!(stage.decides(&image("Image Adopted", 1, by_tag)), (Decision::Failed, "no_image"));
    assert!(stage.services.training().runs.is_empty());
}

#[test]
fn image_is_adopted_once_and_replaced_by_a_newer_one() {
    let stage = stage();
    let adopted = |serial: u8| stage.decides(&image("Image Adopted", serial, &uri(serial)));
    assert_eq!(adopted(1), (Decision::Acted, "image_adopted"));
    assert_eq!(adopted(1), (Decision::Skipped, "image_known"), "reported twice");
    assert_eq!(adopted(3), (Decision::Acted, "image_adopted"));
    assert_eq!(adopted(2), (Decision::Skipped, "image_known"), "an older image is reported after a newer one");
    stage.decides(&alarm_at(NOON));
    assert_eq!(stage.given(), [Some(uri(3))]);
}

#[test]
fn request_for_the_recorded_or_a_newer_image_gets_its_run() {
    for serial in [1, 2] {
        let stage = stage();
        stage.decides(&image("Image Adopted", 1, &uri(1)));
        let request = image("Training Requested", serial, &uri(serial));
        assert_eq!(stage.decides(&request), (Decision::Acted, "image"), "image {serial} after image 1");
        assert_eq!(stage.given(), [Some(uri(serial))]);
    }
}
