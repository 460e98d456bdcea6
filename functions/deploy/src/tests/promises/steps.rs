//! The steps of a run, in the world and in the reference.

use proptest::strategy::Strategy;
use trimtab_fake::sagemaker_registry;

use super::*;

/// A change of a verdict in the registry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Said {
    /// The verdict changes, and its event arrives.
    Incoming,
    /// The verdict changes, and its event is lost.
    Unheard,
    /// An old or repeated event arrives; the registry is unchanged.
    EventOnly,
}

#[derive(Debug, Clone)]
pub(super) enum Step {
    /// Approved, rejected, or pending again.
    Verdict(u32, Option<bool>, Said),
    Completes(u32),
    Lifecycle(u32, bool, Said),
    Ends(usize, Outcome, bool),
    /// The endpoint's event alone: a copy, or one from before.
    Event(usize, i64),
    Theirs(usize),
    Look,
    Rollback(usize, u8, Option<u32>),
    Promote(usize, u32),
    Deliver(prop::sample::Index),
    Silent(bool),
    Broken(bool),
    Luck(UpdateFault),
}

fn version() -> impl Strategy<Value = u32> {
    1..=5_u32
}

fn said() -> impl Strategy<Value = Said> {
    prop_oneof![6 => Just(Said::Incoming), 1 => Just(Said::Unheard), 1 => Just(Said::EventOnly)]
}

fn outcome() -> impl Strategy<Value = Outcome> {
    prop_oneof![
        8 => Just(Outcome::Served),
        3 => Just(Outcome::RolledBack),
        1 => Just(Outcome::RollbackFailed),
        1 => Just(Outcome::Failed),
    ]
}

fn luck() -> impl Strategy<Value = UpdateFault> {
    prop_oneof![Just(UpdateFault::Busy), Just(UpdateFault::Refused), Just(UpdateFault::Lost)]
}

pub(super) fn any_step(staged: bool) -> BoxedStrategy<Step> {
    let stages = if staged { 3_usize } else { 1 };
    let word = prop_oneof![6 => Just(Some(true)), 4 => Just(Some(false)), 1 => Just(None)];
    let one = prop_oneof![
        12 => (version(), word, said()).prop_map(|(version, word, said)| Step::Verdict(version, word, said)),
        3 => version().prop_map(Step::Completes),
        12 => (0..stages, outcome(), prop::bool::weighted(0.8)).prop_map(|(at, how, received)| Step::Ends(at, how, received)),
        2 => (0..stages, prop_oneof![Just(0), Just(3600)]).prop_map(|(at, age)| Step::Event(at, age)),
        1 => (0..stages).prop_map(Step::Theirs),
        3 => Just(Step::Look),
        2 => (0..stages, 0..6_u8, prop::option::of(version())).prop_map(|(at, id, named)| Step::Rollback(at, id, named)),
        2 => any::<bool>().prop_map(Step::Silent),
        1 => luck().prop_map(Step::Luck),
    ];
    let several = prop_oneof![
        12 => any::<prop::sample::Index>().prop_map(Step::Deliver),
        4 => (1..3_usize, version()).prop_map(|(at, version)| Step::Promote(at, version)),
        2 => (version(), any::<bool>(), said()).prop_map(|(version, on, said)| Step::Lifecycle(version, on, said)),
        2 => any::<bool>().prop_map(Step::Broken),
    ];
    if staged { prop_oneof![2 => one, 1 => several].boxed() } else { one.boxed() }
}

impl Step {
    pub(super) fn play(&self, run: &mut Run) {
        match self {
            Self::Verdict(version, word, said) => verdict(run, *version, *word, *said),
            Self::Lifecycle(version, on, said) => life(run, *version, *on, *said),
            Self::Completes(version) => {
                run.facts.packages.entry(*version).or_default().completed = true;
                publish(run, *version);
            }
            Self::Ends(at, how, received) => {
                let rules = run.stages[*at].rules;
                let moved = run.rig.services.in_account(rules.account).endpoints().end(rules.endpoint, *how);
                run.stages[*at].ends(*how);
                if *received && moved {
                    endpoint(run, *at, 0);
                }
            }
            Self::Event(at, age) => endpoint(run, *at, *age),
            Self::Theirs(at) => {
                let rules = run.stages[*at].rules;
                run.rig.services.in_account(rules.account).endpoints().update_by_another(rules.endpoint);
                run.stages[*at].theirs();
            }
            Self::Look => {
                unlucky(run);
                run.fact("Reconcile Requested", &format!("reconcile/{MODEL}/{NOON}"), &json!({}));
                run.stages[0].deliver(&mut run.facts, reference::Stage::reconcile);
            }
            Self::Rollback(at, id, named) => {
                let mut details = json!({"stage": name(run, *at), "by": "maya"});
                if let Some(named) = named {
                    details["version"] = json!(named.to_string());
                }
                run.fact(
                    "Rollback Requested",
                    &format!(
                        "rollback/{MODEL}/{}",
                        jiff::Timestamp::from_second(i64::from(*id) * 10 + i64::try_from(*at).unwrap()).unwrap()
                    ),
                    &details,
                );
                run.stages[*at].deliver(&mut run.facts, |stage, facts| stage.by_operator(facts, *id, *named));
            }
            Self::Promote(at, version) => {
                let details = json!({"stage": STAGES[*at], "version": version.to_string(), "by": "maya"});
                run.fact("Promotion Requested", &format!("promotion/{MODEL}/prod/1/x"), &details);
                run.stages[*at].deliver(&mut run.facts, |stage, facts| stage.promote(facts, *version, true));
            }
            Self::Deliver(index) => deliver(run, *index),
            Self::Silent(on) => {
                run.facts.silent = *on;
                let state = if *on { AlarmState::InsufficientData } else { AlarmState::Ok };
                run.accounts().iter().for_each(|account| account.cloudwatch().others = Some(state.clone()));
            }
            Self::Broken(on) => {
                run.facts.broken = *on;
                let failure = on.then(|| "the model answered 500".to_owned());
                run.accounts().iter().for_each(|account| account.runtime().clone_from(&failure));
            }
            Self::Luck(luck) => {
                run.facts.luck = Some(*luck);
                run.rig.services.fail_update(Some(*luck));
            }
        }
    }
}

/// A reconcile that is retried has one more finding.
fn unlucky(run: &mut Run) {
    run.facts.luck = None;
    run.rig.services.fail_update(None);
}

fn name(run: &Run, at: usize) -> &'static str {
    if run.options.staged { STAGES[at] } else { "prod" }
}

fn word(package: Option<bool>) -> &'static str {
    match package {
        Some(true) => "Approved",
        Some(false) => "Rejected",
        None => "PendingManualApproval",
    }
}

/// The registry has the verdict of the reference.
fn publish(run: &mut Run, version: u32) {
    let Package { approved, completed, let_in } = run.facts.get(version);
    let actual = sagemaker_registry::Package {
        status: if completed { "Completed" } else { "InProgress" }.to_owned(),
        lifecycle: Some(lifecycle("Staging", if let_in { "Approved" } else { "PendingApproval" })),
        ..sagemaker_registry::Package::completed(Approval::parse(word(approved)))
    };
    run.rig.services.registry().packages.insert(arn(MODEL, version), actual);
}

fn package(run: &Run, version: u32, approval: &str, field: &str) {
    let Package { let_in, completed, .. } = run.facts.get(version);
    let status = if let_in { "Approved" } else { "PendingApproval" };
    let detail = json!({"ModelPackageGroupName": MODEL, "ModelPackageVersion": version,
        "ModelPackageArn": arn(MODEL, version), "ModelApprovalStatus": approval,
        "ModelPackageStatus": if completed { "Completed" } else { "InProgress" },
        "ModelLifeCycle": {"Stage": "Staging", "StageStatus": status}, "UpdatedModelPackageFields": [field]});
    run.react(HUB, "SageMaker Model Package State Change", "aws.sagemaker", 0, &detail);
}

fn verdict(run: &mut Run, version: u32, approved: Option<bool>, said: Said) {
    if said != Said::EventOnly {
        // Most packages are complete when they get a verdict.
        let known = run.facts.packages.contains_key(&version);
        let entry = run.facts.packages.entry(version).or_default();
        entry.approved = approved;
        entry.completed |= !known && !version.is_multiple_of(5);
        publish(run, version);
    }
    if said == Said::Unheard {
        return;
    }
    package(run, version, word(approved), "ModelApprovalStatus");
    // An event that the registry no longer bears out is out of date.
    let known = run.facts.packages.contains_key(&version);
    let stale = !known || run.facts.get(version).approved != approved;
    run.stages[0].deliver(&mut run.facts, |stage, facts| match approved {
        _ if stale => {}
        Some(true) => stage.approve(facts, version),
        Some(false) => stage.reject(facts, version),
        None => {}
    });
}

fn life(run: &mut Run, version: u32, on: bool, said: Said) {
    if said != Said::EventOnly {
        run.facts.packages.entry(version).or_default().let_in = on;
        publish(run, version);
    }
    if said == Said::Unheard || !run.facts.packages.contains_key(&version) {
        return;
    }
    package(run, version, word(run.facts.get(version).approved), "ModelLifeCycle");
    match run.options.gate {
        Gate::Lifecycle => run.stages[1].deliver(&mut run.facts, |stage, facts| stage.lifecycle(facts, version)),
        // Whom it lets in nowhere, it is an edit like any other.
        Gate::Open | Gate::Manual => run.stages[0].deliver(&mut run.facts, |_, _| {}),
    }
}

fn endpoint(run: &mut Run, at: usize, age: i64) {
    let rules = run.stages[at].rules;
    let detail = json!({"EndpointName": rules.endpoint, "EndpointStatus": "IN_SERVICE"});
    run.react(rules.account, "SageMaker Endpoint State Change", "aws.sagemaker", age, &detail);
    run.stages[at].rested(&mut run.facts, age > 0);
}

fn deliver(run: &mut Run, index: prop::sample::Index) {
    if run.mail.is_empty() {
        return;
    }
    let fact = run.mail[index.index(run.mail.len())].clone();
    let at = run.stage_of(&fact);
    let version = fact.details.text("version").and_then(|version| version.parse().ok()).unwrap_or_default();
    if fact.kind == FactKind::StageReconcileRequested {
        unlucky(run);
    }
    run.react(HUB, fact.kind.as_str(), "trimtab", 0, &json!(fact));
    run.stages[at].deliver(&mut run.facts, |stage, facts| match fact.kind {
        FactKind::PromotionRequested => stage.promote(facts, version, false),
        FactKind::WithdrawalRequested => stage.withdraw(facts, version),
        FactKind::StageReconcileRequested => stage.reconcile(facts),
        other => panic!("no stage receives {other:?}"),
    });
}
