//! Dev, staging in another account, and production with a manual gate: `policies/loans.toml`.

use std::collections::BTreeMap;

use super::*;

const HUB: &str = "123456789012";
const STAGING: &str = "210987654321";

/// An account's endpoints by name, their calls, and their responses.
#[derive(Default)]
struct Account {
    endpoints: Mutex<BTreeMap<String, ObservedEndpoint>>,
    updates: Mutex<Vec<String>>,
    broken: Mutex<bool>,
}

#[derive(Default)]
struct Accounts {
    registry: Cloud,
    hub: Account,
    staging: Account,
}

impl Registry for &Accounts {
    async fn newest(&self, group: &GroupName) -> PortResult<Vec<ListedPackage>> {
        (&&self.registry).newest(group).await
    }

    async fn package(&self, package: &PackageArn) -> PortResult<Option<ObservedPackage>> {
        (&&self.registry).package(package).await
    }
}

impl Endpoints for &Account {
    async fn describe(&self, endpoint: &EndpointName) -> PortResult<Option<ObservedEndpoint>> {
        Ok(self.endpoints.lock().unwrap().get(endpoint.as_str()).cloned())
    }

    async fn create_model(&self, _: &ModelRequest) -> PortResult<()> {
        Ok(())
    }

    async fn create_config(&self, _: &ServingRequest) -> PortResult<()> {
        Ok(())
    }

    async fn create(&self, request: &EndpointRequest) -> PortResult<UpdateAccepted> {
        self.update(request).await
    }

    async fn update(&self, request: &EndpointRequest) -> PortResult<UpdateAccepted> {
        self.updates.lock().unwrap().push(format!("{}: {}", request.endpoint, version(&request.config)));
        let actual = ObservedEndpoint {
            status: EndpointStatus::Updating,
            config: Some(request.config.clone()),
            pending: None,
            failure: None,
            modified: None,
        };
        self.endpoints.lock().unwrap().insert(request.endpoint.to_string(), actual);
        Ok(UpdateAccepted::Started)
    }

    async fn delete(&self, _: &EndpointName) -> PortResult<()> {
        Ok(())
    }
}

fn version(config: &str) -> &str {
    config.split('-').nth(1).unwrap_or_default()
}

impl Alarms for &Account {
    async fn describe(&self, _: &[AlarmName]) -> PortResult<Vec<ObservedAlarm>> {
        Ok(vec![])
    }
}

impl Scaling for &Account {
    async fn scale(&self, _: &EndpointName, _: &Autoscaling) -> PortResult<()> {
        Ok(())
    }

    async fn schedule(&self, _: &EndpointName, _: &Autoscaling) -> PortResult<()> {
        Ok(())
    }
}

impl Invocations for &Account {
    async fn invoke(&self, _: &EndpointName, smoke: &SmokeTest) -> PortResult<SmokeTestResult> {
        assert_eq!(smoke.content_type, "text/csv");
        let broken = *self.broken.lock().unwrap();
        let failed = || SmokeTestResult::Failed("the model answered 500: no such column".into());
        Ok(if broken { failed() } else { SmokeTestResult::Passed { took: SignedDuration::from_millis(20) } })
    }
}

impl<'a> StageAccounts for &'a Accounts {
    type Endpoints = &'a Account;
    type Transforms = &'a Cloud;
    type Scaling = &'a Account;
    type Alarms = &'a Account;
    type Invocations = &'a Account;

    async fn clients_for(&self, place: Option<&CrossAccountRole>) -> PortResult<StageClientsOf<Self>> {
        let all: &'a Accounts = self;
        let account = match place {
            Some(place) => {
                assert_eq!((place.role.account(), place.session.as_str()), (STAGING, "trimtab-loans-staging"));
                &all.staging
            }
            None => &all.hub,
        };
        Ok(StageClients {
            endpoints: account,
            transforms: &all.registry,
            scaling: account,
            alarms: account,
            invocations: account,
        })
    }
}

struct Loans {
    accounts: Accounts,
    world: World<MemoryLedger, MemoryBus, FixedClock>,
}

fn loans_with(change: impl Fn(String) -> String) -> Loans {
    let text = change(include_str!("../../../../policies/loans.toml").to_owned());
    let policy = Policy::parse("loans.toml", &text).unwrap();
    let clock = FixedClock::at(NOON.parse().unwrap());
    let world = World { ledger: MemoryLedger::with([policy]), bus: MemoryBus::default(), clock };
    Loans { accounts: Accounts::default(), world }
}

fn loans() -> Loans {
    loans_with(|text| text)
}

impl Loans {
    fn react(&self, account: &str, kind: &str, source: &str, detail: &Value) -> (Decision, &'static str) {
        self.world.clock.set(self.world.clock.now() + SignedDuration::from_secs(1));
        let event = json!({"version": "0", "id": "e", "source": source, "detail-type": kind, "account": account,
            "region": "eu-west-1", "time": self.world.clock.now().to_string(), "resources": [], "detail": detail});
        let all = &self.accounts;
        let (pipelines, stacks) = (&all.registry, &all.registry);
        let report = run(self.world.react(&Reaction { registry: all, accounts: all, pipelines, stacks }, &event));
        let report = report.unwrap().unwrap();
        (report.entry.decision, report.codes.last().copied().unwrap())
    }

    fn package(&self, version: u32, verdict: &str, fields: &[&str]) -> (Decision, &'static str) {
        let arn = arn("loans", version);
        let lifecycle = self.accounts.registry.lifecycles.lock().unwrap().get(&arn).cloned();
        let lifecycle = lifecycle.map(|of| json!({"Stage": of.stage, "StageStatus": of.stage_status}));
        self.accounts.registry.approvals.lock().unwrap().insert(arn.clone(), Approval::parse(verdict));
        let detail = json!({"ModelPackageGroupName": "loans", "ModelPackageVersion": version, "ModelPackageArn": arn,
            "ModelApprovalStatus": verdict, "ModelPackageStatus": "Completed", "ModelLifeCycle": lifecycle,
            "UpdatedModelPackageFields": fields});
        self.react(HUB, "SageMaker Model Package State Change", "aws.sagemaker", &detail)
    }

    fn approve(&self, version: u32) -> (Decision, &'static str) {
        self.package(version, "Approved", &["ModelApprovalStatus"])
    }

    fn rests(&self, account: &str, name: &str) -> (Decision, &'static str) {
        let of = if account == HUB { &self.accounts.hub } else { &self.accounts.staging };
        of.endpoints.lock().unwrap().get_mut(name).unwrap().status = EndpointStatus::InService;
        let detail = json!({"EndpointName": name, "EndpointStatus": "IN_SERVICE"});
        self.react(account, "SageMaker Endpoint State Change", "aws.sagemaker", &detail)
    }

    /// The bus delivers the newest request of this kind.
    fn heard(&self, kind: FactKind, stage: &str) -> (Decision, &'static str) {
        let facts = self.world.bus.facts();
        let fact = facts.iter().rev().find(|fact| fact.kind == kind && fact.details["stage"] == stage).unwrap();
        self.react(HUB, kind.as_str(), "trimtab", &json!(fact))
    }

    fn promote(&self, version: u32) -> (Decision, &'static str) {
        let details = json!({"stage": "prod", "version": version.to_string(), "by": "maya"});
        let detail =
            json!({"version": 1, "model": "loans", "dedup_key": "promotion/x", "at": NOON, "details": details});
        self.react(HUB, "Promotion Requested", "trimtab", &detail)
    }

    /// Live in dev and in staging.
    fn proven(&self, version: u32) -> (Decision, &'static str) {
        self.approve(version);
        self.rests(HUB, "loans-dev");
        self.heard(FactKind::PromotionRequested, "staging");
        self.rests(STAGING, "loans");
        self.heard(FactKind::PromotionRequested, "prod")
    }

    fn updates(&self) -> (Vec<String>, Vec<String>) {
        (self.accounts.hub.updates.lock().unwrap().clone(), self.accounts.staging.updates.lock().unwrap().clone())
    }

    fn told(&self, kind: FactKind) -> Vec<String> {
        self.world.bus.facts().into_iter().filter(|fact| fact.kind == kind).map(|fact| fact.dedup_key).collect()
    }
}

#[test]
fn version_passes_dev_and_staging_and_waits_at_the_gate() {
    let loans = loans();
    assert_eq!(loans.approve(1), (Decision::Acted, "approved"));
    assert_eq!(loans.rests(HUB, "loans-dev"), (Decision::Acted, "live"));
    assert_eq!(loans.heard(FactKind::PromotionRequested, "staging"), (Decision::Acted, "approved"));
    assert_eq!(loans.rests(STAGING, "loans"), (Decision::Acted, "live"));
    assert_eq!(loans.heard(FactKind::PromotionRequested, "prod"), (Decision::Deferred, "promotion_pending"));
    assert_eq!(loans.told(FactKind::PromotionPending), ["rollout/loans/prod/1/1"]);
    let waits = loans.world.bus.facts().into_iter().find(|fact| fact.kind == FactKind::PromotionPending).unwrap();
    assert!(waits.reasons[0].contains("trimtab promote loans 1 --to prod --by YOUR-NAME"), "{:?}", waits.reasons);
    assert_eq!(loans.promote(1), (Decision::Acted, "promoted"));
    assert_eq!(loans.promote(1), (Decision::Skipped, "promoted"), "once");
    assert_eq!(loans.rests(HUB, "loans"), (Decision::Acted, "live"));
    assert_eq!(loans.updates(), (vec!["loans-dev: v1".into(), "loans: v1".into()], vec!["loans: v1".into()]));
    let live = ["rollout/loans/dev/1/1", "rollout/loans/staging/1/1", "rollout/loans/prod/1/1"];
    assert_eq!(loans.told(FactKind::RolloutSucceeded), live);
}

#[test]
fn repeated_requests_change_nothing() {
    let loans = loans();
    loans.proven(1);
    assert_eq!(loans.heard(FactKind::PromotionRequested, "staging"), (Decision::Skipped, "already_handled"));
    assert_eq!(loans.heard(FactKind::PromotionRequested, "prod"), (Decision::Deferred, "promotion_pending"));
    assert_eq!(loans.updates().1, ["loans: v1"]);
}

#[test]
fn failed_smoke_test_rolls_back_and_promotes_nothing() {
    let loans = loans();
    loans.proven(1);
    loans.approve(2);
    loans.rests(HUB, "loans-dev");
    loans.heard(FactKind::PromotionRequested, "staging");
    *loans.accounts.staging.broken.lock().unwrap() = true;
    assert_eq!(loans.rests(STAGING, "loans"), (Decision::Acted, "rollback"));
    assert_eq!(loans.rests(STAGING, "loans"), (Decision::Acted, "live"), "going back is not held up");
    assert_eq!(loans.updates().1, ["loans: v1", "loans: v2", "loans: v1"]);
    assert_eq!(loans.told(FactKind::SmokeTestFailed), ["rollout/loans/staging/2/1"]);
    assert_eq!(loans.promote(2), (Decision::Failed, "not_offered"));
}

#[test]
fn first_version_that_fails_its_smoke_test_is_not_promoted() {
    let loans = loans();
    *loans.accounts.staging.broken.lock().unwrap() = true;
    loans.approve(1);
    loans.rests(HUB, "loans-dev");
    loans.heard(FactKind::PromotionRequested, "staging");
    assert_eq!(loans.rests(STAGING, "loans"), (Decision::Acted, "nothing_before"));
    assert_eq!(loans.told(FactKind::PromotionRequested), ["promotion/loans/staging/1/1"]);
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
    loans.accounts.registry.approvals.lock().unwrap().insert(arn("loans", 1), Approval::Rejected);
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
    assert_eq!(loans.heard(FactKind::WithdrawalRequested, "staging"), (Decision::Acted, "rollback"));
    assert_eq!(loans.heard(FactKind::WithdrawalRequested, "prod"), (Decision::Acted, "rollback"));
    assert_eq!(loans.heard(FactKind::WithdrawalRequested, "prod"), (Decision::Skipped, "already_handled"));
    let (hub, staging) = loans.updates();
    assert_eq!(hub[4..], ["loans-dev: v1", "loans: v1"]);
    assert_eq!(staging[2..], ["loans: v1"]);
}

#[test]
fn forged_withdrawal_changes_nothing() {
    let loans = loans();
    loans.proven(1);
    let details = json!({"stage": "staging", "package": arn("loans", 1), "version": "1"});
    let detail = json!({"version": 1, "model": "loans", "dedup_key": "withdrawal/x", "at": NOON, "details": details});
    assert_eq!(loans.react(HUB, "Withdrawal Requested", "trimtab", &detail), (Decision::Skipped, "stale"));
}

#[test]
fn endpoint_of_that_name_in_a_third_account_is_ignored() {
    let loans = loans();
    let detail = json!({"EndpointName": "loans", "EndpointStatus": "IN_SERVICE"});
    let heard = loans.react("999999999999", "SageMaker Endpoint State Change", "aws.sagemaker", &detail);
    assert_eq!(heard, (Decision::Failed, "foreign_account"));
}

#[test]
fn life_cycle_edit_opens_only_its_own_gate() {
    let loans = loans_with(|text| text.replace("gate = \"none\"", "gate = { lifecycle = \"Staging\" }"));
    let edited = |stage: &str, status: &str| {
        let lifecycle = LifeCycle { stage: stage.into(), stage_status: status.into() };
        loans.accounts.registry.lifecycles.lock().unwrap().insert(arn("loans", 1), lifecycle);
        loans.package(1, "Approved", &["ModelLifeCycle"])
    };
    assert_eq!(edited("Development", "Approved"), (Decision::Skipped, "metadata_only"), "it is not approved");
    loans.approve(1);
    assert_eq!(edited("Staging", "Approved"), (Decision::Skipped, "not_offered"), "it is not live in dev yet");
    assert_eq!(edited("Staging", "InReview"), (Decision::Skipped, "gate_closed"));
    loans.rests(HUB, "loans-dev");
    assert_eq!(loans.heard(FactKind::PromotionRequested, "staging"), (Decision::Deferred, "promotion_pending"));
    assert_eq!(edited("Staging", "Approved"), (Decision::Acted, "approved"));
    assert_eq!(edited("Staging", "Approved"), (Decision::Skipped, "already_handled"));
    assert_eq!(loans.updates().1, ["loans: v1"]);
}

#[test]
fn reconcile_covers_each_stage_and_finds_a_missed_end() {
    let loans = loans();
    let look = json!({"version": 1, "model": "loans", "dedup_key": "look/loans/x", "at": NOON, "details": {}});
    assert_eq!(loans.react(HUB, "Reconcile Requested", "trimtab", &look), (Decision::Acted, "first_reconcile"));
    assert_eq!(loans.told(FactKind::StageReconcileRequested), ["look/loans/x/staging", "look/loans/x/prod"]);
    loans.approve(1);
    loans.rests(HUB, "loans-dev");
    loans.heard(FactKind::PromotionRequested, "staging");
    loans.accounts.staging.endpoints.lock().unwrap().get_mut("loans").unwrap().status = EndpointStatus::InService;
    assert_eq!(loans.heard(FactKind::StageReconcileRequested, "staging"), (Decision::Acted, "resumed_pending"));
    assert_eq!(loans.told(FactKind::PromotionRequested).len(), 2, "and it goes on");
    assert_eq!(loans.heard(FactKind::StageReconcileRequested, "prod"), (Decision::Skipped, "nothing_new"));
}

#[test]
fn version_that_waits_at_the_gate_again_is_reported_again() {
    let loans = loans();
    loans.proven(1);
    loans.promote(1);
    loans.rests(HUB, "loans");
    loans.package(1, "Rejected", &["ModelApprovalStatus"]);
    for stage in ["staging", "prod"] {
        loans.heard(FactKind::WithdrawalRequested, stage);
    }
    loans.proven(1);
    let keys = loans.told(FactKind::PromotionPending);
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
    let before = loans.told(FactKind::PromotionRequested);
    loans.package(2, "Rejected", &["ModelApprovalStatus"]);
    assert_eq!(loans.rests(HUB, "loans-dev"), (Decision::Acted, "live"));
    assert_eq!(loans.updates().0, ["loans-dev: v1", "loans-dev: v2", "loans-dev: v1"]);
    assert_eq!(loans.told(FactKind::PromotionRequested), before);
}

#[test]
fn withdrawn_version_is_no_longer_offered() {
    let loans = loans();
    loans.proven(1);
    loans.package(1, "Rejected", &["ModelApprovalStatus"]);
    loans.heard(FactKind::WithdrawalRequested, "prod");
    loans.accounts.registry.approvals.lock().unwrap().insert(arn("loans", 1), Approval::Approved);
    assert_eq!(loans.promote(1), (Decision::Failed, "not_offered"));
}
