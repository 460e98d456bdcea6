//! The training image: the newest push, checked against ECR, published once.

use super::reconcile::asked;
use super::*;

pub(super) fn digest(number: u8) -> String {
    format!("sha256:{}", format!("{number:02x}").repeat(32))
}

pub(super) fn pushed(tag: &str, digest: &str) -> Value {
    let detail = json!({"result": "SUCCESS", "repository-name": "churn-training", "image-digest": digest,
        "action-type": "PUSH", "image-tag": tag});
    event("aws.ecr", "ECR Image Action", &detail)
}

impl Rig {
    pub(super) fn points_at(&self, number: u8) {
        let uri = format!("123456789012.dkr.ecr.eu-west-1.amazonaws.com/churn-training@{}", digest(number));
        self.cloud.ecr().insert("churn-training latest".into(), ImageUri::parse(&uri).unwrap());
    }

    pub(super) fn push_image(&self, number: u8) -> (Decision, &'static str) {
        self.points_at(number);
        self.react(&pushed("latest", &digest(number)))
    }
}

#[test]
fn pushed_image_is_published_once_by_its_digest() {
    let stage = stage();
    assert_eq!(stage.push_image(1), (Decision::Acted, "image_pushed"));
    assert_eq!(stage.push_image(1), (Decision::Skipped, "already_adopted"));
    let facts = stage.cloud.facts();
    assert_eq!(stage.published(), [FactKind::TrainingRequested]);
    let uri = format!("123456789012.dkr.ecr.eu-west-1.amazonaws.com/churn-training@{}", digest(1));
    assert_eq!(
        (facts[0].details.text("image").unwrap(), facts[0].details.text("serial").unwrap()),
        (uri.as_str(), "1")
    );
}

#[test]
fn image_that_comes_back_has_a_higher_serial() {
    let stage = stage();
    for number in [1, 2, 1] {
        assert_eq!(stage.push_image(number).0, Decision::Acted);
    }
    assert_eq!(stage.cloud.facts()[2].details.text("serial").unwrap(), "3");
}

#[test]
fn image_without_train_is_adopted_for_the_next_run() {
    let stage = stage();
    stage.change_rules(|rules| rules.image.as_mut().unwrap().train = false);
    assert_eq!(stage.push_image(1), (Decision::Acted, "image_pushed"));
    assert_eq!(stage.published(), [FactKind::ImageAdopted]);
}

#[test]
fn image_that_ecr_does_not_report_is_not_adopted() {
    let stage = stage();
    assert_eq!(stage.react(&pushed("latest", &digest(1))), (Decision::Skipped, "tag_gone"));
    stage.points_at(2);
    assert_eq!(stage.react(&pushed("latest", &digest(1))), (Decision::Skipped, "tag_moved"));
    assert_eq!(stage.react(&pushed("nightly", &digest(2))), (Decision::Skipped, "tag_not_configured"));
    assert_eq!(stage.react(&pushed("latest", "sha256:short")), (Decision::Failed, "no_digest"));
    let mut deleted = pushed("latest", &digest(2));
    deleted["detail"]["action-type"] = json!("DELETE");
    assert_eq!(stage.react(&deleted), (Decision::Skipped, "not_a_push"));
    let mut foreign = pushed("latest", &digest(2));
    foreign["account"] = json!("210987654321");
    assert_eq!(stage.react(&foreign), (Decision::Failed, "foreign_registry"));
    assert!(!stage.published().contains(&FactKind::TrainingRequested));
}

#[test]
fn image_of_an_unknown_repository_leaves_no_record() {
    let stage = stage();
    let mut other = pushed("latest", &digest(1));
    other["detail"]["repository-name"] = json!("of-another-team");
    assert_eq!(stage.react(&other), (Decision::Skipped, "not_configured"));
    assert!(stage.world.ledger.contents().history.is_empty());
}

#[test]
fn missed_image_is_found_by_the_second_reconcile() {
    let stage = stage();
    stage.set_head(None);
    stage.points_at(1);
    assert_eq!(stage.reconcile(), (Decision::Acted, "first_reconcile"));
    assert_eq!(stage.reconcile(), (Decision::Skipped, "nothing_new"));
    stage.points_at(2);
    assert_eq!(stage.reconcile(), (Decision::Acted, "build_open"));
    let wanted = stage.cloud.facts().pop().unwrap();
    assert_eq!(wanted.kind, FactKind::ImageRequested);
    assert_eq!(stage.react(&asked("Image Requested", &json!(wanted.details))), (Decision::Acted, "image_pushed"));
    assert_eq!(stage.reconcile(), (Decision::Skipped, "nothing_new"));
    assert_eq!(stage.react(&asked("Image Requested", &json!({"tag": "latest"}))), (Decision::Failed, "no_digest"));
}

#[test]
fn same_image_under_another_tag_is_not_published_again() {
    let stage = stage();
    let tag = trimtab_core::name::ImageTag::parse("stable").unwrap();
    stage.change_rules(|rules| assert!(rules.image.as_mut().unwrap().tags.insert(tag)));
    stage.push_image(1);
    let image = stage.cloud.ecr()["churn-training latest"].clone();
    stage.cloud.ecr().insert("churn-training stable".into(), image);
    assert_eq!(stage.react(&pushed("stable", &digest(1))), (Decision::Acted, "already_there"));
    assert_eq!(stage.react(&pushed("stable", &digest(1))), (Decision::Skipped, "already_adopted"));
    assert_eq!(stage.published().len(), 1, "a run has this image already");
    // Another image under the second tag is the newer one.
    stage.points_at(2);
    let image = stage.cloud.ecr()["churn-training latest"].clone();
    stage.cloud.ecr().insert("churn-training stable".into(), image);
    assert_eq!(stage.react(&pushed("stable", &digest(2))), (Decision::Acted, "image_pushed"));
    let fact = stage.cloud.facts().pop().unwrap();
    assert_eq!((fact.details.text("serial").unwrap(), fact.details.text("tag").unwrap()), ("2", "stable"));
}

/// An invocation claimed the image and died before it published the fact.
#[test]
fn unpublished_image_is_published_by_the_next_event() {
    let stage = stage();
    stage.points_at(1);
    let uri = stage.cloud.ecr()["churn-training latest"].to_string();
    let state = json!({"aggregate": "training_image", "uri": uri, "tag": "latest", "serial": 4, "published": false,
        "handled": {"latest": digest(1)}});
    stage.store("image", state);
    assert_eq!(stage.react(&pushed("latest", &digest(1))), (Decision::Acted, "already_adopted"));
    assert_eq!(stage.published(), [FactKind::TrainingRequested]);
    assert_eq!(stage.react(&pushed("latest", &digest(1))), (Decision::Skipped, "already_adopted"));
}

#[test]
fn policy_without_an_image_never_calls_ecr() {
    let stage = stage();
    stage.change_rules(|rules| rules.image = None);
    let request = asked("Image Requested", &json!({"tag": "latest", "digest": digest(1)}));
    assert_eq!(stage.react(&request), (Decision::Skipped, "off"));
    stage.reconcile();
    assert!(!stage.cloud.calls().iter().any(|call| call.starts_with("images")), "ECR was called");
}

/// The same without a further event: the record has the image as claimed, not as published.
#[test]
fn unpublished_image_is_requested_by_reconcile() {
    let stage = stage();
    stage.set_head(None);
    stage.points_at(1);
    assert_eq!(stage.reconcile(), (Decision::Acted, "first_reconcile"));
    stage.points_at(2);
    let uri = stage.cloud.ecr()["churn-training latest"].to_string();
    let state = json!({"aggregate": "training_image", "uri": uri, "tag": "latest", "serial": 4, "published": false,
        "handled": {"latest": digest(2)}});
    stage.store("image", state);
    assert_eq!(stage.reconcile(), (Decision::Acted, "build_open"), "an image that was not published is open");
    let wanted = stage.cloud.facts().pop().unwrap();
    assert_eq!((wanted.kind, wanted.details.text("digest").unwrap()), (FactKind::ImageRequested, digest(2).as_str()));
    stage.react(&asked("Image Requested", &json!(wanted.details)));
    assert_eq!(stage.published().last(), Some(&FactKind::TrainingRequested));
    assert_eq!(stage.reconcile(), (Decision::Skipped, "nothing_new"));
}

/// `retrain` ignores an image whose serial it has: an image that was claimed has used its serial.
#[test]
fn image_after_an_unpublished_one_has_the_next_serial() {
    let stage = stage();
    let tag = trimtab_core::name::ImageTag::parse("stable").unwrap();
    stage.change_rules(|rules| assert!(rules.image.as_mut().unwrap().tags.insert(tag)));
    stage.points_at(1);
    stage.cloud.fail_call(Some((1, Fault::Lost)));
    stage.try_react(&pushed("latest", &digest(1))).unwrap_err();
    stage.world.clock.set(stage.world.clock.now() + LEASE);
    stage.points_at(2);
    let image = stage.cloud.ecr()["churn-training latest"].clone();
    stage.cloud.ecr().insert("churn-training stable".into(), image);
    assert_eq!(stage.react(&pushed("stable", &digest(2))), (Decision::Acted, "image_pushed"));
    let serials: Vec<_> =
        stage.cloud.facts().iter().map(|fact| fact.details.text("serial").unwrap().to_owned()).collect();
    assert_eq!(serials, ["1", "2"]);
}
