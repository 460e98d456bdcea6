//! Which stage an event is of, and how a version gets from one stage to the next. Each stage is an
//! aggregate of its own; they tell each other by facts.

use jiff::Timestamp;
use trimtab_core::event::{Approval, Body, Event, Package};
use trimtab_core::fact::{self, Fact, FactKind};
use trimtab_core::name::{PackageArn, StageName, TransformName};
use trimtab_core::plan::{Decision, Plan, Reason};
use trimtab_core::policy::{Deploy, Gate, Policy, SOLE, Stage, Target};
use trimtab_core::reactor::Context;
use trimtab_core::text::one_line;

use crate::decide::{Answer, Observed, on_approved, on_rejected};
use crate::rollout::{Rollout, State};
use crate::rollout_fact::{RolloutScope, tell};
use crate::variant_test;

/// How many versions that may go further are remembered; the lowest are forgotten first.
const OFFERED_REMEMBERED: usize = 50;

/// The stage that this event is of; `None` where the policy has no such stage.
pub(crate) fn of<'a>(event: &Event, deploy: &'a Deploy) -> Option<&'a Stage> {
    match &event.body {
        Body::Package(package) => package
            .lifecycle_edit()
            .and_then(|edit| deploy.stages.iter().find(|stage| stage.gate == Gate::Lifecycle(edit.stage.clone())))
            .or_else(|| deploy.first()),
        // Two accounts may each have an endpoint of this name.
        Body::Endpoint(endpoint) => deploy.stages.iter().find(|stage| {
            let named = matches!(&stage.target, Target::Endpoint(target) if target.name == endpoint.name);
            named && stage.account() == Some(event.envelope.account.as_str())
        }),
        Body::CodePipelineExecution(delivery) => deploy
            .stages
            .iter()
            .find(|stage| matches!(&stage.target, Target::Pipeline(target) if target.name == delivery.pipeline)),
        Body::Stack(stack) => deploy
            .stages
            .iter()
            .find(|stage| matches!(&stage.target, Target::Stack(target) if target.name == stack.name)),
        Body::TransformJob(job) => deploy.stages.iter().find(|stage| {
            let name = TransformName::of_job(&job.name);
            let named = matches!(&stage.target, Target::Transform(target) if Some(&target.name) == name.as_ref());
            named && stage.account() == Some(event.envelope.account.as_str())
        }),
        Body::Fact(fact) => match (fact.kind, fact.details.get("stage")) {
            (FactKind::ReconcileRequested, _) => deploy.first(),
            (FactKind::RollbackRequested, None) => deploy.production(),
            (_, named) => deploy.stage(named?),
        },
        _ => deploy.first(),
    }
}

/// Its aggregate. A policy that gets stages goes on with what it had in the one of that name.
pub(crate) fn aggregate(stage: &Stage) -> String {
    if stage.name.as_str() == SOLE { "rollout".to_owned() } else { format!("rollout#{}", stage.name) }
}

/// What is said of an event that is of no stage.
pub(crate) fn stranger(event: &Event) -> Answer {
    match &event.body {
        Body::Endpoint(_) | Body::TransformJob(_) => Plan::fail(
            "foreign_account",
            "it belongs to another account than that of the stage that has one of its name",
        ),
        Body::Fact(fact) if fact.kind.is_request() => {
            Plan::fail("no_such_stage", "the policy has no stage of the name that the request gives")
        }
        _ => Plan::skip("not_concerned", "nothing in this event moves a rollout"),
    }
}

/// A version is live in this stage: the next one hears of it.
pub(crate) fn onward(policy: &Policy, stage: &Stage, rollout: &Rollout, now: Timestamp) -> Option<Fact> {
    let next = policy.deploy.as_ref()?.after(stage)?;
    let text = format!("version {} is live in {}", rollout.package.version(), stage.name);
    Some(ask(FactKind::PromotionRequested, policy, &next.name, (&rollout.package, rollout.attempt), &text, now))
}

/// A version is rejected: the other stages hear of it from the first, which the registry's event is for.
pub(crate) fn withdrawals(
    policy: &Policy,
    stage: &Stage,
    package: &PackageArn,
    attempt: u32,
    now: Timestamp,
) -> Vec<Fact> {
    let text = format!("version {} is rejected", package.version());
    let ask = |other: &StageName| ask(FactKind::WithdrawalRequested, policy, other, (package, attempt), &text, now);
    others(policy, stage).map(ask).collect()
}

/// The other stages, as the first one tells them; none where this is not the first.
fn others<'a>(policy: &'a Policy, stage: &Stage) -> impl Iterator<Item = &'a StageName> {
    let deploy = policy.deploy.as_ref().filter(|deploy| deploy.first().is_some_and(|first| first.name == stage.name));
    deploy.into_iter().flat_map(|deploy| deploy.stages.iter().skip(1)).map(|stage| &stage.name)
}

/// A look at the model is a look at each of its stages.
pub(crate) fn looks(policy: &Policy, stage: &Stage, look: &Fact, now: Timestamp) -> Vec<Fact> {
    let ask = |other: &StageName| Fact {
        kind: FactKind::StageReconcileRequested,
        dedup_key: format!("{}/{other}", look.dedup_key),
        at: now,
        details: [("stage".to_owned(), other.to_string())].into(),
        ..look.clone()
    };
    others(policy, stage).filter(|_| look.kind == FactKind::ReconcileRequested).map(ask).collect()
}

/// What has no event of its own is found by looking: the rollout's stage is asked to look at once.
pub(crate) fn look_again(rollout: &Rollout, why: &str, at: Timestamp) -> Fact {
    let stage = rollout.stage.as_ref().map_or(SOLE, StageName::as_str);
    Fact {
        kind: FactKind::StageReconcileRequested,
        version: fact::VERSION,
        model: Some(rollout.model.clone()),
        dedup_key: format!("look/{}/{stage}/{}/{}", rollout.model, rollout.package.version(), rollout.since),
        at,
        reasons: vec![why.to_owned()],
        details: [("stage".to_owned(), stage.to_owned())].into(),
    }
}

fn ask(
    kind: FactKind,
    policy: &Policy,
    stage: &StageName,
    (package, attempt): (&PackageArn, u32),
    text: &str,
    at: Timestamp,
) -> Fact {
    let word = if kind == FactKind::PromotionRequested { "promotion" } else { "withdrawal" };
    let version = package.version();
    let details = [("stage", stage.to_string()), ("package", package.to_string()), ("version", version.to_string())];
    Fact {
        kind,
        version: fact::VERSION,
        model: Some(policy.model.clone()),
        dedup_key: format!("{word}/{}/{stage}/{version}/{attempt}", policy.model),
        at,
        reasons: vec![text.to_owned()],
        details: details.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
    }
}

/// The package that a request of another stage, or of a person, is about. A person names a version: one
/// that is on trial here, or may come here.
pub(crate) fn package(fact: &Fact, state: &State) -> Option<PackageArn> {
    if let Some(arn) = fact.details.get("package") {
        return PackageArn::parse(arn).ok();
    }
    let version = version(fact)?;
    let tried =
        variant_test::tried(state).map(|rollout| &rollout.package).filter(|package| package.version() == version);
    tried.or_else(|| state.offered.get(&version)).cloned()
}

/// The version that a person names.
pub(crate) fn version(fact: &Fact) -> Option<u32> {
    fact.details.get("version")?.parse().ok()
}

/// Who asks; `None` where no person does.
pub(crate) fn by(fact: &Fact) -> Option<String> {
    fact.details.get("by").map(|by| one_line(by, 64)).filter(|by| !by.is_empty())
}

/// A version is live in the stage before, or a person lets it in here, or ends its trial.
pub(crate) fn on_promotion(ctx: &Context<'_, State, Observed>, policy: &Policy, stage: &Stage, fact: &Fact) -> Answer {
    if ctx.state.has_answered(&fact.dedup_key) {
        return Plan::skip("already_handled", "this request has had its answer");
    }
    let Some(package) = package(fact, ctx.state).filter(|arn| arn.group() == policy.package_group.as_str()) else {
        let text = format!("the version is not live in the stage before {}: nothing is promoted", stage.name);
        return Plan::fail("not_offered", text);
    };
    if let (Some(by), Some(tried)) = (by(fact), variant_test::tried(ctx.state).filter(|tried| tried.package == package))
    {
        return variant_test::promoted_by(ctx, policy, stage, tried, fact, &by);
    }
    let mut state = ctx.state.clone();
    match by(fact) {
        None => state.offer(&package, OFFERED_REMEMBERED),
        Some(_) if matches!(stage.gate, Gate::Lifecycle(_)) => {
            return Plan::fail("gated", "the stage's gate is the version's life cycle in the Model Registry");
        }
        Some(_) if !state.offered.contains_key(&package.version()) => {
            let text = format!("version {} is not live in the stage before {}", package.version(), stage.name);
            return Plan::fail("not_offered", text);
        }
        Some(_) => {}
    }
    let person = by(fact);
    let let_in = match &stage.gate {
        Gate::None => true,
        Gate::Manual => person.is_some(),
        Gate::Lifecycle(name) => is_let_in(ctx, name),
    };
    enter(ctx, policy, stage, state, &package, let_in, person)
}

/// The life cycle of a version was edited, and names this stage.
pub(crate) fn on_lifecycle(
    ctx: &Context<'_, State, Observed>,
    policy: &Policy,
    stage: &Stage,
    package: &Package,
) -> Answer {
    let version = package.version;
    if !matches!(&stage.gate, Gate::Lifecycle(name) if is_let_in(ctx, name)) {
        return Plan::skip("not_let_in", format!("the life cycle of version {version} lets it into no stage"));
    }
    if !ctx.state.offered.contains_key(&version) {
        let text =
            format!("version {version} is not live yet in the stage before {}: it goes on when it is", stage.name);
        return Plan::skip("not_offered", text);
    }
    enter(ctx, policy, stage, ctx.state.clone(), &package.arn, true, None)
}

/// Whether the registry says that the life cycle lets the version in.
pub(crate) fn is_let_in(ctx: &Context<'_, State, Observed>, name: &str) -> bool {
    let lifecycle = ctx.observed.package.as_ref().and_then(|actual| actual.lifecycle.as_ref());
    lifecycle.is_some_and(|lifecycle| lifecycle.lets_into(name))
}

/// The version goes in, or waits at the gate. The registry has the last word.
pub(crate) fn enter(
    ctx: &Context<'_, State, Observed>,
    policy: &Policy,
    stage: &Stage,
    state: State,
    package: &PackageArn,
    let_in: bool,
    person: Option<String>,
) -> Answer {
    let version = package.version();
    let Some(actual) = ctx.observed.package.as_ref().filter(|actual| actual.approval == Approval::Approved) else {
        let text = format!("the registry does not say that version {version} is approved: it goes no further");
        return Plan::skip("no_longer_approved", text);
    };
    if !let_in {
        return wait(ctx, policy, stage, state, package);
    }
    let here = Context { state: &state, ..*ctx };
    let mut plan = on_approved(&here, policy, stage, package, actual);
    plan.reasons.extend(person.map(|by| Reason::new("promoted", format!("{by} lets it into {}", stage.name))));
    plan.state = plan.state.or(Some(state));
    plan
}

/// The version waits at the gate; a person is told what opens it.
fn wait(
    ctx: &Context<'_, State, Observed>,
    policy: &Policy,
    stage: &Stage,
    state: State,
    package: &PackageArn,
) -> Answer {
    let (model, name, version) = (&policy.model, &stage.name, package.version());
    let how = match &stage.gate {
        Gate::Lifecycle(word) => {
            format!("set its ModelLifeCycle in the Model Registry to Stage={word}, StageStatus=Approved")
        }
        Gate::None | Gate::Manual => format!("trimtab promote {model} {version} --to {name} --by YOUR-NAME"),
    };
    let reason = Reason::new("waits", format!("version {version} waits before {name}. To let it in: {how}"));
    let attempt = ctx.state.verdicts.get(&version).map_or(1, |judged| judged.attempt + 1);
    let texts = vec![reason.text.clone()];
    let told = tell(FactKind::PromotionPending, RolloutScope::of(policy, stage), package, attempt, texts, ctx.now);
    Plan::only(Decision::Deferred, reason).with_state(state).with_fact(told)
}

/// A version was rejected: it is taken back here, too.
pub(crate) fn on_withdrawal(ctx: &Context<'_, State, Observed>, policy: &Policy, stage: &Stage, fact: &Fact) -> Answer {
    let rejected = ctx.observed.package.as_ref().is_some_and(|actual| actual.approval == Approval::Rejected);
    let Some(package) = package(fact, ctx.state).filter(|_| rejected) else {
        return Plan::skip("stale", "the registry does not say that this version is rejected");
    };
    let version = package.version();
    let mut state = ctx.state.clone();
    let offered = state.offered.remove(&version).is_some();
    let here = Context { state: &state, ..*ctx };
    if state.verdicts.contains_key(&version) {
        return on_rejected(&here, policy, stage, &package);
    }
    let text = format!("version {version} has not been in {}", stage.name);
    if offered { Plan::update(state, "withdrawn", text) } else { Plan::skip("not_here", text) }
}
