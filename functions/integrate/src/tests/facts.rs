//! The facts that `integrate` publishes: model, dedup key and details. Readers deduplicate by kind and dedup key, and
//! other functions act on the details.

use std::collections::BTreeMap;

use trimtab_core::fact::Fact;

use super::image::digest;
use super::merge::{MERGE, ended as pull_ended};
use super::pipeline::{demand, ended as execution_ended, pushed as pushed_to_demand};
use super::pull_request_build::open;
use super::reconcile::asked;
use super::*;

impl Rig {
    /// The newest fact of this kind, and that its model, version and time are those of the stage.
    fn last(&self, kind: FactKind) -> (String, BTreeMap<String, String>) {
        let fact: Fact = self.cloud.facts().into_iter().rfind(|fact| fact.kind == kind).unwrap();
        let model = self.world.ledger.contents().policies.keys().next().cloned();
        assert_eq!((fact.model, fact.version), (model, 1), "{kind:?}");
        assert_eq!(fact.at, self.world.clock.now(), "{kind:?}");
        assert!(!fact.reasons.is_empty(), "{kind:?} has a reason");
        let dedup_key = fact.subject.to_string();
        (dedup_key, fact.details.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
    }
}

fn details(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

#[test]
fn build_facts_have_commit_build_and_branch() {
    let dedup_key = format!("build/churn/{COMMIT}");
    let stage = stage();
    stage.react(&push("main", COMMIT));
    let begun = details(&[("commit", COMMIT), ("build", "churn-build:0"), ("branch", "main")]);
    assert_eq!(stage.last(FactKind::BuildStarted), (dedup_key.clone(), begun));
    stage.ends_as("SUCCEEDED");
    let built = details(&[("commit", COMMIT), ("build", "churn-build:0")]);
    assert_eq!(stage.last(FactKind::TrainingRequested), (dedup_key.clone(), built));
    let stage = stage_of(Policy::parse("churn.toml", CHURN).unwrap());
    stage.react(&push("main", COMMIT));
    stage.ends_as("FAULT");
    let failed =
        details(&[("commit", COMMIT), ("build", "churn-build:0"), ("logs", "https://console.aws.amazon.com/x")]);
    assert_eq!(stage.last(FactKind::BuildFailed), (dedup_key, failed));
    assert_eq!(stage.cloud.facts().last().unwrap().reasons, [format!("the build of {COMMIT} ended as FAULT")]);
}

#[test]
fn refusal_names_the_resource_and_the_cause() {
    let stage = stage();
    stage.refuse();
    stage.react(&push("main", COMMIT));
    let refused = format!("build-start-refused/churn/{COMMIT}");
    assert_eq!(stage.last(FactKind::BuildFailed), (refused, details(&[("commit", COMMIT)])));
    let reasons = stage.cloud.facts().pop().unwrap().reasons.join(" ");
    assert!(reasons.contains("churn-build") && reasons.contains("ValidationException"), "{reasons}");
    let stage = stage_of(Policy::parse("churn.toml", CHURN).unwrap());
    stage.react(&push("main", COMMIT));
    stage.refuse();
    stage.ends_as("SUCCEEDED");
    let refused = details(&[("commit", COMMIT), ("build", "churn-build:0")]);
    assert_eq!(
        stage.last(FactKind::BuildFailed),
        (format!("definition-refused/churn/{COMMIT}"), refused),
        "it names the build whose definition was refused"
    );
    let reasons = stage.cloud.facts().pop().unwrap().reasons.join(" ");
    assert!(reasons.contains("churn-training") && reasons.contains("ValidationException"), "{reasons}");
}

#[test]
fn request_names_its_subject() {
    let stage = demand();
    stage.react(&pushed_to_demand());
    stage.all_end(&BuildStatus::Succeeded);
    stage.react(&execution_ended("demand-integration", "execution-0"));
    let wanted = details(&[("commit", COMMIT), ("execution", "execution-0")]);
    assert_eq!(
        stage.last(FactKind::BuildRequested),
        (format!("build-request/demand/{COMMIT}/execution:execution-0"), wanted)
    );
    let stage = open();
    stage.merge();
    stage.react(&pull_ended(true));
    let wanted = details(&[("commit", MERGE), ("branch", "main"), ("merged", "41")]);
    assert_eq!(stage.last(FactKind::BuildRequested), (format!("build-request/churn/{MERGE}/merge:41"), wanted));
    let stage = stage_of(Policy::parse("churn.toml", CHURN).unwrap());
    stage.reconcile();
    stage.set_head(CommitId::parse(MERGE).ok());
    stage.points_at(2);
    stage.reconcile();
    let wanted = details(&[("commit", MERGE), ("branch", "main")]);
    assert_eq!(stage.last(FactKind::BuildRequested), (format!("build-request/churn/{MERGE}/branch:main"), wanted));
    let image = digest(2);
    let wanted = details(&[("tag", "latest"), ("digest", &image)]);
    assert_eq!(stage.last(FactKind::ImageRequested), (format!("image-push/churn/latest/{image}"), wanted));
}

#[test]
fn image_facts_name_the_image_by_its_digest() {
    for (train, kind) in [(true, FactKind::TrainingRequested), (false, FactKind::ImageAdopted)] {
        let stage = stage();
        stage.change_rules(|rules| rules.image.as_mut().unwrap().train = train);
        stage.push_image(1);
        let digest = digest(1);
        let uri = format!("123456789012.dkr.ecr.eu-west-1.amazonaws.com/churn-training@{digest}");
        let wanted = details(&[("image", &uri), ("digest", &digest), ("tag", "latest"), ("serial", "1")]);
        assert_eq!(stage.last(kind), ("image/churn/1".to_owned(), wanted));
    }
}

#[test]
fn deadline_is_exceeded_at_the_policys_limit_and_not_before() {
    let stage = stage();
    stage.react(&push("main", COMMIT));
    let decide_after = |after: i64| {
        stage.world.clock.set(NOON.parse::<jiff::Timestamp>().unwrap() + jiff::SignedDuration::from_secs(after));
        stage.react(&asked("Build Requested", &json!({"branch": "main", "commit": COMMIT})))
    };
    assert_eq!(decide_after(2 * 3600 - 1), (Decision::Skipped, "still_running"));
    assert_eq!(decide_after(2 * 3600), (Decision::Acted, "deadline_exceeded"));
    let wanted = details(&[("commit", COMMIT), ("build", "churn-build:0")]);
    assert_eq!(stage.last(FactKind::DeadlineExceeded), (format!("deadline/build/churn/{COMMIT}"), wanted));
    // The build ends after all, and leads to training like any other.
    stage.all_end(&BuildStatus::Succeeded);
    assert_eq!(decide_after(3 * 3600), (Decision::Acted, "built"));
}

#[test]
fn training_request_that_the_bus_refuses_is_published_later() {
    let stage = stage();
    stage.react(&push("main", COMMIT));
    stage.all_end(&BuildStatus::Succeeded);
    stage.cloud.fail_call(Some((5, Fault::Refused)));
    stage.try_react(&built("SUCCEEDED")).unwrap_err();
    assert_eq!(stage.published(), [FactKind::BuildStarted]);
    stage.world.clock.set(stage.world.clock.now() + LEASE);
    assert_eq!(stage.ends_as("SUCCEEDED"), (Decision::Acted, "built"));
    assert_eq!(stage.published(), [FactKind::BuildStarted, FactKind::TrainingRequested]);
}

/// A fact in the plan would be in the outbox, and the second attempt would publish it before the update.
#[test]
fn training_is_not_requested_before_the_pipeline_is_updated() {
    let stage = stage();
    stage.react(&push("main", COMMIT));
    stage.all_end(&BuildStatus::Succeeded);
    for attempt in 1..=2 {
        stage.cloud.fail_call(Some((4, Fault::Throttled)));
        stage.try_react(&built("SUCCEEDED")).unwrap_err();
        assert_eq!(stage.published(), [FactKind::BuildStarted], "attempt {attempt}");
        stage.world.clock.set(stage.world.clock.now() + LEASE);
    }
    stage.cloud.fail_call(None);
    stage.ends_as("SUCCEEDED");
    assert_eq!(stage.published(), [FactKind::BuildStarted, FactKind::TrainingRequested]);
}
