//! Requests survive the bus, and what is no request is refused.

use serde_json::json;

use super::*;
use crate::fact::{Fact, FactKind, FactSubject};
use crate::name::ModelName;

const COMMIT: &str = "8c1f0d5a2b7e4963d1c0a9f8e7b6a5d4c3b2a190";
const DIGEST: &str = "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";

fn model() -> ModelName {
    ModelName::parse("churn").unwrap()
}

fn package() -> PackageArn {
    PackageArn::parse("arn:aws:sagemaker:eu-west-1:123456789012:model-package/churn/3").unwrap()
}

fn stage() -> StageName {
    StageName::parse("staging").unwrap()
}

fn now() -> Timestamp {
    "2026-11-20T03:10:00Z".parse().unwrap()
}

fn all() -> Vec<Request> {
    let commit = || CommitId::parse(COMMIT).unwrap();
    let image = ImageUri::parse(&format!("123456789012.dkr.ecr.eu-west-1.amazonaws.com/churn@{DIGEST}")).unwrap();
    let tag = || ImageTag::parse("latest").unwrap();
    let build = Build { commit: commit(), branch: None, execution: None, pull_request: None, merged: None };
    let id = PullRequestId::parse("7").unwrap();
    vec![
        Request::Build(Build { branch: BranchName::parse("main").ok(), ..build.clone() }),
        Request::Build(Build {
            branch: BranchName::parse("main").ok(),
            pull_request: Some(id.clone()),
            ..build.clone()
        }),
        Request::Build(Build { branch: BranchName::parse("main").ok(), merged: Some(id), ..build }),
        Request::Image { tag: tag(), digest: ImageDigest::parse(DIGEST).unwrap() },
        Request::TrainCommit { commit: commit(), build: Some("churn-build:1".to_owned()) },
        Request::TrainImage(TrainingImage { image, tag: Some(tag()), serial: 3 }),
        Request::Retrain(Retrain { by: "maya".into(), reason: None, id: Some("a/b".into()), over_budget: true }),
        Request::Retrain(Retrain {
            by: "maya".into(),
            reason: Some("labels".into()),
            id: Some("a".into()),
            over_budget: false,
        }),
        Request::Evaluate { package: package() },
        Request::Promote(Promote { stage: stage(), version: 3, by: Promoter::Operator("maya".into()) }),
        Request::Promote(Promote {
            stage: stage(),
            version: 3,
            by: Promoter::PreviousStage { package: package(), attempt: 2 },
        }),
        Request::Withdraw { stage: stage(), package: package(), attempt: 4 },
        Request::RollBack(RollBack { stage: None, version: None, by: "maya".into() }),
        Request::RollBack(RollBack { stage: Some(stage()), version: Some(2), by: "maya".into() }),
        Request::Monitor { kind: DriftKind::Bias, package: Some(package()) },
        Request::Reconcile,
        Request::ReconcileStage { stage: stage(), cause: StageReconcile::OfModel(now()) },
        Request::ReconcileStage { stage: stage(), cause: StageReconcile::OfRollout { version: 3, since: now() } },
    ]
}

#[test]
fn every_request_survives_the_bus() {
    for request in all() {
        let fact = request.clone().into_fact(&model(), "why", now());
        assert!(fact.kind.is_request(), "{fact:?}");
        let read = Fact::from_value(&fact.to_value()).unwrap();
        assert_eq!(read, fact);
        assert_eq!(Request::from_fact(&read), Ok(request));
    }
}

#[test]
fn requests_that_differ_have_subjects_that_differ() {
    let facts: Vec<Fact> = all().into_iter().map(|request| request.into_fact(&model(), "why", now())).collect();
    let subjects: std::collections::BTreeSet<(FactKind, String)> =
        facts.iter().map(|fact| (fact.kind, fact.dedup_key())).collect();
    // The two rollbacks are of one moment.
    assert_eq!(subjects.len(), facts.len() - 1);
}

#[test]
fn request_without_a_required_detail_is_malformed() {
    for request in all() {
        let mut value = request.into_fact(&model(), "why", now()).to_value();
        value["detail"]["details"] = json!({});
        let fact = Fact::from_value(&value).unwrap();
        let needs_none = fact.kind == FactKind::ReconcileRequested;
        assert_eq!(Request::from_fact(&fact).is_ok(), needs_none, "{fact:?}");
    }
}

#[test]
fn request_with_a_malformed_detail_is_refused() {
    for request in all() {
        let fact = request.into_fact(&model(), "why", now());
        for (name, _) in fact.details.iter().filter(|(name, _)| !["by", "reason", "request", "build"].contains(name)) {
            let mut value = fact.to_value();
            value["detail"]["details"][name] = json!("");
            let fact = Fact::from_value(&value).unwrap();
            let malformed = Details::NAMES.iter().find(|typed| **typed == name).unwrap();
            assert_eq!(Request::from_fact(&fact), Err(MalformedRequest::Malformed(malformed)), "{fact:?}");
        }
    }
}

#[test]
fn request_with_an_unknown_detail_is_refused() {
    for request in all() {
        let mut value = request.into_fact(&model(), "why", now()).to_value();
        value["detail"]["details"]["versoin"] = json!("3");
        let fact = Fact::from_value(&value).unwrap();
        assert_eq!(Request::from_fact(&fact), Err(MalformedRequest::Unknown), "{fact:?}");
    }
}

#[test]
fn promotion_or_withdrawal_with_another_subject_is_refused() {
    let promote =
        Promote { stage: stage(), version: 3, by: Promoter::PreviousStage { package: package(), attempt: 2 } };
    let withdraw = Request::Withdraw { stage: stage(), package: package(), attempt: 4 };
    for request in [Request::Promote(promote), withdraw] {
        let fact = request.into_fact(&model(), "why", now());
        for other in [
            "promotion/churn/prod/3/2",
            "promotion/churn/staging/4/2",
            "withdrawal/churn/prod/3/4",
            "withdrawal/churn/staging/4/4",
        ] {
            let fact = Fact { subject: other.parse().unwrap(), ..fact.clone() };
            assert_eq!(Request::from_fact(&fact), Err(MalformedRequest::Mismatch), "{other}");
        }
    }
}

#[test]
fn retraining_request_without_an_id_is_one_per_minute() {
    let request = |at: &str| {
        let retrain = Retrain { by: "maya".into(), reason: None, id: None, over_budget: false };
        Request::Retrain(retrain).into_fact(&model(), "why", at.parse().unwrap()).subject
    };
    assert_eq!(request("2026-11-20T03:10:02Z"), request("2026-11-20T03:10:59Z"));
    assert_ne!(request("2026-11-20T03:10:02Z"), request("2026-11-20T03:11:02Z"));
}

#[test]
fn fact_that_is_no_request_is_refused() {
    for kind in FactKind::ALL.iter().filter(|kind| !kind.is_request()) {
        let fact = Fact::new(*kind, FactSubject::Reconcile { model: model(), at: now() }, now());
        assert!(Request::from_fact(&fact).is_err(), "{kind:?}");
    }
}

#[test]
fn hostile_operator_name_is_one_short_line() {
    let by = format!("maya\nBcc: all{}", "x".repeat(500));
    let fact = Request::RollBack(RollBack { stage: None, version: None, by }).into_fact(&model(), "why", now());
    let by = fact.details.by().unwrap();
    assert!(by.chars().count() <= 80 && !by.contains('\n'), "{by}");
}
