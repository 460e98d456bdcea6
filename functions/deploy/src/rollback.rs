//! An operator wants a stage back at a version, whatever state its endpoint is in.
//!
//! In service, out of service or half-way between two configurations, it is updated; on its way, the
//! version waits for it to rest; failed, it is removed first, since SageMaker lets nothing else be
//! done to it; not there, it is made.

use trimtab_core::event::{Approval, EndpointStatus};
use trimtab_core::fact::{Fact, FactKind};
use trimtab_core::name::PackageArn;
use trimtab_core::plan::{Decision, Plan, Reason};
use trimtab_core::policy::{EndpointTarget, Policy, Stage, Target};
use trimtab_core::port::ml::{EndpointTruth, Listed};
use trimtab_core::react::Case;

use crate::action::Action;
use crate::begin::begin_or_park;
use crate::decide::{Answer, Seen};
use crate::rollout::{Cause, Parked, State, Way, tell};
use crate::{stages, trial};

/// Each request is answered once, however often it comes.
pub(crate) fn on_request(case: &Case<'_, State, Seen>, policy: &Policy, stage: &Stage, fact: &Fact) -> Answer {
    let mut state = case.state.clone();
    if !state.ask(&fact.matter) {
        return Plan::skip("already_handled", "this request has had its answer");
    }
    let by = stages::by(fact).unwrap_or_else(|| "somebody".to_owned());
    let package = match wanted(case, stage, fact) {
        Ok(package) => package,
        Err(why) => return refuse(case, stage, state, fact, &format!("{by} asked to go back: {why}")),
    };
    let version = package.version();
    if is_there(case, &package) {
        return refuse(case, stage, state, fact, &format!("{} serves version {version} already", stage.name));
    }
    let mut reasons =
        vec![Reason::new("rolled_back_by_hand", format!("{by} takes {} back to version {version}", stage.name))];
    if let Some(parked) = state.parked.take() {
        let text = format!("version {} waited, and no longer does", parked.package.version());
        reasons.push(Reason::new("unparked", text));
    }
    if let Some(tried) = trial::take_any(&mut state) {
        let text = format!("version {} was on trial, and no longer is", tried.package.version());
        reasons.push(Reason::new("taken_back", text));
    }
    state.goes_back = false;
    state.come_back(&package);
    let wanted = Parked { package, cause: Cause::Operator, since: case.now };
    begin_or_park(case, policy, stage, state, wanted, reasons)
}

/// The version that was live before; the last one that was, where the endpoint serves something else or
/// nothing; or the one that is named, if it was live here or is approved.
fn wanted(case: &Case<'_, State, Seen>, stage: &Stage, fact: &Fact) -> Result<PackageArn, String> {
    if !fact.details.contains_key("version") {
        let now = case.state.live_now().ok_or("no version was live before")?;
        let well = case.state.current.is_none() && is_well(case, stage, &now.config);
        let back = if well { case.state.live_before() } else { Some(now) };
        return back.map(|live| live.package.clone()).ok_or_else(|| "no version was live before".to_owned());
    }
    let version = stages::version(fact).ok_or("the version is no number")?;
    let live = case.state.live.iter().rev().find(|live| live.package.version() == version);
    let approved = |listed: &&Listed| {
        let truth = &listed.truth;
        listed.package.version() == version && truth.approval == Approval::Approved && truth.status == "Completed"
    };
    let listed = || case.seen.newest.iter().find(approved).map(|listed| listed.package.clone());
    live.map(|live| live.package.clone())
        .or_else(listed)
        .ok_or_else(|| format!("version {version} was not live there, and is not approved"))
}

/// Whether the stage serves this configuration, as far as can be seen.
fn is_well(case: &Case<'_, State, Seen>, stage: &Stage, config: &str) -> bool {
    match &stage.target {
        Target::Endpoint(_) => case.seen.endpoint.as_ref().is_some_and(|truth| serves(truth, config)),
        Target::Pipeline(_) | Target::Stack(_) | Target::Transform(_) => true,
    }
}

fn serves(truth: &EndpointTruth, config: &str) -> bool {
    truth.status == EndpointStatus::InService && truth.config.as_deref() == Some(config)
}

/// Whether the endpoint serves this version, and nothing is on its way: there is nothing to do.
pub(crate) fn is_there(case: &Case<'_, State, Seen>, package: &PackageArn) -> bool {
    let now = case.state.live_now().filter(|live| live.package == *package);
    let endpoint = case.seen.endpoint.as_ref();
    case.state.current.is_none() && now.zip(endpoint).is_some_and(|(live, truth)| serves(truth, &live.config))
}

fn refuse(case: &Case<'_, State, Seen>, stage: &Stage, state: State, fact: &Fact, why: &str) -> Answer {
    let reason = Reason::new("refused", format!("{why}: nothing is done"));
    let told = Fact {
        kind: FactKind::RollbackRefused,
        at: case.now,
        reasons: vec![reason.text.clone()],
        details: [("stage".to_owned(), stage.name.to_string())].into(),
        ..fact.clone()
    };
    Plan::only(Decision::Skipped, reason).with_state(state).telling(told)
}

/// The endpoint has failed: it is removed, and the version waits until it is gone. `None` where it has not.
pub(crate) fn remove_first(
    target: &EndpointTarget,
    stage: &Stage,
    endpoint: Option<&EndpointTruth>,
    wanted: &Parked,
) -> Option<Action> {
    let failed = endpoint.is_some_and(|truth| truth.status == EndpointStatus::Failed);
    let (endpoint, place) = (target.name.clone(), stage.place.clone());
    (wanted.cause == Cause::Operator && failed).then_some(Action::DeleteEndpoint {
        service: "sagemaker",
        endpoint,
        place,
    })
}

/// What is left to do for a version that waits for its failed endpoint to be removed.
pub(crate) fn left(stage: &Stage, state: &State, endpoint: Option<&EndpointTruth>) -> Option<Action> {
    let Target::Endpoint(target) = &stage.target else { return None };
    remove_first(target, stage, endpoint, state.parked.as_ref().filter(|_| state.current.is_none())?)
}

/// Whether an operator's version waits for its failed endpoint to be gone: what else is wanted meanwhile comes after it.
pub(crate) fn goes_first(case: &Case<'_, State, Seen>, stage: &Stage, state: &State) -> bool {
    let goes = |truth: &EndpointTruth| matches!(truth.status, EndpointStatus::Failed | EndpointStatus::Deleting);
    let made_anew = matches!(stage.target, Target::Endpoint(_)) && case.seen.endpoint.as_ref().is_none_or(goes);
    made_anew && waits(state) && state.current.is_none()
}

/// What else is wanted does not take its place. An approval stays unanswered, so that a look after it is heard.
pub(crate) fn after(
    case: &Case<'_, State, Seen>,
    policy: &Policy,
    stage: &Stage,
    mut state: State,
    wanted: &Parked,
    mut reasons: Vec<Reason>,
) -> Answer {
    let text = format!(
        "an operator's version goes first, on an endpoint that is made anew: version {} waits for that",
        wanted.package.version()
    );
    reasons.push(Reason::new("operator_first", &text));
    if wanted.cause != Cause::Approved {
        return Plan { reasons, ..Plan::note(state, "", "") };
    }
    state.hold(&wanted.package);
    let (way, round) = (Way::of(policy, stage), state.round(&wanted.package));
    let told = tell(FactKind::RolloutParked, way, &wanted.package, round, vec![text], case.now);
    Plan { decision: Decision::Parked, reasons, state: Some(state), actions: vec![], facts: vec![told] }
}

/// Whether a version that an operator wants waits.
pub(crate) fn waits(state: &State) -> bool {
    state.parked.as_ref().is_some_and(|parked| parked.cause == Cause::Operator)
}
