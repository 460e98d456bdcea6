//! Dev, staging in another account, and production with a manual gate: `policies/loans.toml`.

use trimtab_fake::sagemaker_endpoints::Outcome;
use trimtab_fake::sagemaker_registry::Package;

use super::*;

const HUB: &str = "123456789012";
const STAGING: &str = "210987654321";

fn version(config: &str) -> &str {
    config.split('-').nth(1).unwrap_or_default()
}

struct Loans(Rig);

fn loans_with(change: impl Fn(String) -> String) -> Loans {
    let text = change(include_str!("../../../../policies/loans.toml").to_owned());
    Loans(rig_of([Policy::parse("loans.toml", &text).unwrap()]))
}

fn loans() -> Loans {
    loans_with(|text| text)
}

impl Loans {
    /// Another account is reached by its own role, and smoke tests have the policy's content type.
    fn react(&self, account: &str, kind: &str, source: &str, detail: &Value) -> (Decision, &'static str) {
        let outcome = self.0.react_in(account, kind, source, detail);
        for call in self.0.services.take_calls() {
            if call.contains("accounts.assume_role") {
                assert_eq!(call, format!("{STAGING} accounts.assume_role trimtab-loans-staging"));
            }
            assert!(!call.contains("invocations.invoke") || call.contains(" text/csv "), "{call}");
        }
        outcome
    }

    fn services(&self, account: &str) -> Services {
        self.0.services.in_account(account)
    }

    fn package(&self, version: u32, verdict: &str, fields: &[&str]) -> (Decision, &'static str) {
        let arn = arn("loans", version);
        let lifecycle = self.0.services.registry().packages.get(&arn).and_then(|package| package.lifecycle.clone());
        let lifecycle = lifecycle.map(|of| json!({"Stage": of.stage, "StageStatus": of.stage_status}));
        self.0.services.registry().set_approval(&arn, Approval::parse(verdict));
        let detail = json!({"ModelPackageGroupName": "loans", "ModelPackageVersion": version, "ModelPackageArn": arn,
            "ModelApprovalStatus": verdict, "ModelPackageStatus": "Completed", "ModelLifeCycle": lifecycle,
            "UpdatedModelPackageFields": fields});
        self.react(HUB, "SageMaker Model Package State Change", "aws.sagemaker", &detail)
    }

    fn approve(&self, version: u32) -> (Decision, &'static str) {
        self.package(version, "Approved", &["ModelApprovalStatus"])
    }

    /// The endpoint serves what is pending, if it moves.
    fn end_transition(&self, account: &str, name: &str) {
        self.services(account).endpoints().end(name, Outcome::Served);
    }

    fn rests(&self, account: &str, name: &str) -> (Decision, &'static str) {
        self.end_transition(account, name);
        let detail = json!({"EndpointName": name, "EndpointStatus": "IN_SERVICE"});
        self.react(account, "SageMaker Endpoint State Change", "aws.sagemaker", &detail)
    }

    /// The bus delivers the newest request of this kind.
    fn deliver_newest(&self, kind: FactKind, stage: &str) -> (Decision, &'static str) {
        let facts = self.0.world.bus.facts();
        let fact =
            facts.iter().rev().find(|fact| fact.kind == kind && fact.details.text("stage").unwrap() == stage).unwrap();
        self.react(HUB, kind.as_str(), "trimtab", &json!(fact))
    }

    fn promote(&self, version: u32) -> (Decision, &'static str) {
        let details = json!({"stage": "prod", "version": version.to_string(), "by": "maya"});
        let detail = json!({"version": 1, "model": "loans", "dedup_key": "promotion/loans/prod/2/x", "at": NOON, "details": details});
        self.react(HUB, "Promotion Requested", "trimtab", &detail)
    }

    /// Live in dev and in staging.
    fn proven(&self, version: u32) -> (Decision, &'static str) {
        self.approve(version);
        self.rests(HUB, "loans-dev");
        self.deliver_newest(FactKind::PromotionRequested, "staging");
        self.rests(STAGING, "loans");
        self.deliver_newest(FactKind::PromotionRequested, "prod")
    }

    fn updates(&self) -> (Vec<String>, Vec<String>) {
        let [hub, staging] = [HUB, STAGING].map(|account| {
            let updates = self.services(account).endpoints().updates.clone();
            updates.iter().map(|request| format!("{}: {}", request.endpoint, version(&request.config))).collect()
        });
        (hub, staging)
    }

    fn keys(&self, kind: FactKind) -> Vec<String> {
        self.0.world.bus.facts().into_iter().filter(|fact| fact.kind == kind).map(|fact| fact.dedup_key()).collect()
    }
}

#[test]
fn version_passes_dev_and_staging_and_waits_at_the_gate() {
    let loans = loans();
    assert_eq!(loans.approve(1), (Decision::Acted, "approved"));
    assert_eq!(loans.rests(HUB, "loans-dev"), (Decision::Acted, "live"));
    assert_eq!(loans.deliver_newest(FactKind::PromotionRequested, "staging"), (Decision::Acted, "approved"));
    assert_eq!(loans.rests(STAGING, "loans"), (Decision::Acted, "live"));
    assert_eq!(loans.deliver_newest(FactKind::PromotionRequested, "prod"), (Decision::Deferred, "promotion_pending"));
    assert_eq!(loans.keys(FactKind::PromotionPending), ["rollout/loans/prod/1/1"]);
    let waits = loans.0.world.bus.facts().into_iter().find(|fact| fact.kind == FactKind::PromotionPending).unwrap();
    assert!(waits.reasons[0].contains("trimtab promote loans 1 --to prod --by YOUR-NAME"), "{:?}", waits.reasons);
    assert_eq!(loans.promote(1), (Decision::Acted, "promoted"));
    assert_eq!(loans.promote(1), (Decision::Skipped, "promoted"), "once");
    assert_eq!(loans.rests(HUB, "loans"), (Decision::Acted, "live"));
    assert_eq!(loans.updates(), (vec!["loans-dev: v1".into(), "loans: v1".into()], vec!["loans: v1".into()]));
    let live = ["rollout/loans/dev/1/1", "rollout/loans/staging/1/1", "rollout/loans/prod/1/1"];
    assert_eq!(loans.keys(FactKind::RolloutSucceeded), live);
}

#[test]
fn repeated_requests_change_nothing() {
    let loans = loans();
    loans.proven(1);
    assert_eq!(loans.deliver_newest(FactKind::PromotionRequested, "staging"), (Decision::Skipped, "already_handled"));
    assert_eq!(loans.deliver_newest(FactKind::PromotionRequested, "prod"), (Decision::Deferred, "promotion_pending"));
    assert_eq!(loans.updates().1, ["loans: v1"]);
}

#[test]
fn failed_smoke_test_rolls_back_and_promotes_nothing() {
    let loans = loans();
    loans.proven(1);
    loans.approve(2);
    loans.rests(HUB, "loans-dev");
    loans.deliver_newest(FactKind::PromotionRequested, "staging");
    *loans.services(STAGING).runtime() = Some("the model answered 500: no such column".into());
    assert_eq!(loans.rests(STAGING, "loans"), (Decision::Acted, "rollback"));
    assert_eq!(loans.rests(STAGING, "loans"), (Decision::Acted, "live"), "going back is not held up");
    assert_eq!(loans.updates().1, ["loans: v1", "loans: v2", "loans: v1"]);
    assert_eq!(loans.keys(FactKind::SmokeTestFailed), ["rollout/loans/staging/2/1"]);
    assert_eq!(loans.promote(2), (Decision::Failed, "not_offered"));
}

#[test]
fn first_version_that_fails_its_smoke_test_is_not_promoted() {
    let loans = loans();
    *loans.services(STAGING).runtime() = Some("the model answered 500: no such column".into());
    loans.approve(1);
    loans.rests(HUB, "loans-dev");
    loans.deliver_newest(FactKind::PromotionRequested, "staging");
    assert_eq!(loans.rests(STAGING, "loans"), (Decision::Acted, "nothing_before"));
    assert_eq!(loans.keys(FactKind::PromotionRequested), ["promotion/loans/staging/1/1"]);
}

#[test]
fn operator_cannot_promote_a_version_that_is_not_offered() {
    let loans = loans();
    loans.approve(1);
    loans.rests(HUB, "loans-dev");
    assert_eq!(loans.promote(1), (Decision::Failed, "not_offered"));
}

#[test]
fn version_that_lost_its_approval_is_not_promoted() {
    let loans = loans();
    loans.proven(1);
    loans.0.services.registry().set_approval(&arn("loans", 1), Approval::Rejected);
    assert_eq!(loans.promote(1), (Decision::Skipped, "no_longer_approved"));
}

#[test]
fn rejection_withdraws_the_version_from_every_stage() {
    let loans = loans();
    for version in [1, 2] {
        loans.proven(version);
        loans.promote(version);
        loans.rests(HUB, "loans");
    }
    assert_eq!(loans.package(2, "Rejected", &["ModelApprovalStatus"]), (Decision::Acted, "rollback"));
    assert_eq!(loans.deliver_newest(FactKind::WithdrawalRequested, "staging"), (Decision::Acted, "rollback"));
    assert_eq!(loans.deliver_newest(FactKind::WithdrawalRequested, "prod"), (Decision::Acted, "rollback"));
    assert_eq!(loans.deliver_newest(FactKind::WithdrawalRequested, "prod"), (Decision::Skipped, "already_handled"));
    let (hub, staging) = loans.updates();
    assert_eq!(hub[4..], ["loans-dev: v1", "loans: v1"]);
    assert_eq!(staging[2..], ["loans: v1"]);
}

#[test]
fn forged_withdrawal_changes_nothing() {
    let loans = loans();
    loans.proven(1);
    let details = json!({"stage": "staging", "package": arn("loans", 1), "version": "1"});
    let detail = json!({"version": 1, "model": "loans", "dedup_key": "withdrawal/loans/staging/1/1", "at": NOON, "details": details});
    assert_eq!(loans.react(HUB, "Withdrawal Requested", "trimtab", &detail), (Decision::Skipped, "stale"));
}

#[test]
fn endpoint_of_that_name_in_a_third_account_is_ignored() {
    let loans = loans();
    let detail = json!({"EndpointName": "loans", "EndpointStatus": "IN_SERVICE"});
    let outcome = loans.react("999999999999", "SageMaker Endpoint State Change", "aws.sagemaker", &detail);
    assert_eq!(outcome, (Decision::Failed, "foreign_account"));
}

#[test]
fn life_cycle_edit_opens_only_its_own_gate() {
    let loans = loans_with(|text| text.replace("gate = \"none\"", "gate = { lifecycle = \"Staging\" }"));
    let edited = |stage: &str, status: &str| {
        let lifecycle = LifeCycle { stage: stage.into(), stage_status: status.into() };
        let (arn, new) = (arn("loans", 1), Package::completed(Approval::Approved));
        loans.0.services.registry().packages.entry(arn).or_insert(new).lifecycle = Some(lifecycle);
        loans.package(1, "Approved", &["ModelLifeCycle"])
    };
    assert_eq!(edited("Development", "Approved"), (Decision::Skipped, "metadata_only"), "it is not approved");
    loans.approve(1);
    assert_eq!(edited("Staging", "Approved"), (Decision::Skipped, "not_offered"), "it is not live in dev yet");
    assert_eq!(edited("Staging", "InReview"), (Decision::Skipped, "gate_closed"));
    loans.rests(HUB, "loans-dev");
    assert_eq!(
        loans.deliver_newest(FactKind::PromotionRequested, "staging"),
        (Decision::Deferred, "promotion_pending")
    );
    assert_eq!(edited("Staging", "Approved"), (Decision::Acted, "approved"));
    assert_eq!(edited("Staging", "Approved"), (Decision::Skipped, "already_handled"));
    assert_eq!(loans.updates().1, ["loans: v1"]);
}

#[test]
fn reconcile_covers_each_stage_and_finds_a_missed_end() {
    let loans = loans();
    let reconcile = json!({"version": 1, "model": "loans", "dedup_key": "reconcile/loans/2026-11-20T12:00:00Z", "at": NOON, "details": {}});
    assert_eq!(loans.react(HUB, "Reconcile Requested", "trimtab", &reconcile), (Decision::Acted, "first_reconcile"));
    assert_eq!(
        loans.keys(FactKind::StageReconcileRequested),
        ["stage-reconcile/loans/staging/2026-11-20T12:00:00Z", "stage-reconcile/loans/prod/2026-11-20T12:00:00Z"]
    );
    loans.approve(1);
    loans.rests(HUB, "loans-dev");
    loans.deliver_newest(FactKind::PromotionRequested, "staging");
    loans.end_transition(STAGING, "loans");
    assert_eq!(
        loans.deliver_newest(FactKind::StageReconcileRequested, "staging"),
        (Decision::Acted, "resumed_pending")
    );
    assert_eq!(loans.keys(FactKind::PromotionRequested).len(), 2, "and it goes on");
    assert_eq!(loans.deliver_newest(FactKind::StageReconcileRequested, "prod"), (Decision::Skipped, "nothing_new"));
}

#[test]
fn version_that_waits_at_the_gate_again_is_reported_again() {
    let loans = loans();
    loans.proven(1);
    loans.promote(1);
    loans.rests(HUB, "loans");
    loans.package(1, "Rejected", &["ModelApprovalStatus"]);
    for stage in ["staging", "prod"] {
        loans.deliver_newest(FactKind::WithdrawalRequested, stage);
    }
    loans.proven(1);
    let keys = loans.keys(FactKind::PromotionPending);
    let distinct: std::collections::BTreeSet<&String> = keys.iter().collect();
    assert_eq!((keys.len(), distinct.len()), (2, 2), "the second message is no duplicate of the first: {keys:?}");
}

#[test]
fn rollback_promotes_nothing_to_the_next_stage() {
    let loans = loans();
    for version in [1, 2] {
        loans.approve(version);
        loans.rests(HUB, "loans-dev");
    }
    let before = loans.keys(FactKind::PromotionRequested);
    loans.package(2, "Rejected", &["ModelApprovalStatus"]);
    assert_eq!(loans.rests(HUB, "loans-dev"), (Decision::Acted, "live"));
    assert_eq!(loans.updates().0, ["loans-dev: v1", "loans-dev: v2", "loans-dev: v1"]);
    assert_eq!(loans.keys(FactKind::PromotionRequested), before);
}

#[test]
fn withdrawn_version_is_no_longer_offered() {
    let loans = loans();
    loans.proven(1);
    loans.package(1, "Rejected", &["ModelApprovalStatus"]);
    loans.deliver_newest(FactKind::WithdrawalRequested, "prod");
    loans.0.services.registry().set_approval(&arn("loans", 1), Approval::Approved);
    assert_eq!(loans.promote(1), (Decision::Failed, "not_offered"));
}
