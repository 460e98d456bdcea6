//! The outcome of each call: the rollout's progress, and the published facts.

use trimtab_core::name::StageName;
use trimtab_core::port::StackAccepted;

use super::cases::*;
use super::*;
use crate::action::{Action, Done};
use crate::apply_outcome::apply_outcome;
use crate::rollout::{Cause, Phase, Progress};
use crate::state::{Queued, State};

/// A call of each kind, for version 2.
fn call(name: &str) -> Action {
    super::accounts::every_call().into_iter().find(|action| json!(action)["action"] == name).unwrap()
}

fn now() -> jiff::Timestamp {
    NOON.parse().unwrap()
}

fn begun() -> State {
    on(rollout("churn", 2, "c", Progress::Intended))
}

fn progress(state: &State) -> Option<Progress> {
    state.current.as_ref().map(|rollout| rollout.progress.clone())
}

#[test]
fn refused_call_ends_the_rollout_and_is_reported() {
    for action in super::accounts::every_call() {
        let name = json!(action)["action"].as_str().unwrap().to_owned();
        if ["PutScalingPolicy", "PutScheduledActions", "DeleteEndpoint"].contains(&name.as_str()) {
            continue;
        }
        let mut state = begun();
        let settled = apply_outcome(&mut state, &action, Err("sagemaker: AccessDenied".into()), now());
        assert_eq!((state.current, settled.decision), (None, Some(Decision::Failed)), "{name}");
        let [published] = &settled.facts[..] else { panic!("{name}: {:?}", settled.facts) };
        assert_eq!(
            (published.kind, published.dedup_key()),
            (FactKind::RolloutFailed, "rollout/churn/2/1".to_owned()),
            "{name}"
        );
        assert!(published.reasons[0].contains("AccessDenied"), "{name}: the message says why: {:?}", published.reasons);
        assert_eq!(settled.reasons.first().map(|reason| reason.code), Some("refused"));
    }
}

#[test]
fn each_response_advances_the_rollout() {
    let started = |of| Done::Endpoint(of);
    for (name, done, expected, published) in [
        ("CreateModel", Done::Accepted, Progress::Intended, None),
        ("CreateEndpointConfig", Done::Accepted, Progress::Intended, None),
        (
            "CreateEndpoint",
            started(UpdateAccepted::Started),
            Progress::UpdatingEndpoint,
            Some(FactKind::RolloutStarted),
        ),
        (
            "UpdateEndpoint",
            started(UpdateAccepted::Started),
            Progress::UpdatingEndpoint,
            Some(FactKind::RolloutStarted),
        ),
        ("CreateTransformJob", Done::Accepted, Progress::Transforming, Some(FactKind::RolloutStarted)),
        ("CreateStack", Done::Stack(StackAccepted::Started), Progress::UpdatingStack, Some(FactKind::RolloutStarted)),
        ("UpdateStack", Done::Stack(StackAccepted::Started), Progress::UpdatingStack, Some(FactKind::RolloutStarted)),
        (
            "UpdateStack",
            Done::Stack(StackAccepted::Nothing),
            Progress::StackUnchanged,
            Some(FactKind::StageReconcileRequested),
        ),
        ("DeleteStack", Done::Accepted, Progress::DeletingStack, None),
        ("ContinueUpdateRollback", Done::Accepted, Progress::ContinuingRollback { requested: true }, None),
        (
            "StartPipelineExecution",
            Done::Execution("e-1".into()),
            Progress::RunningPipeline { execution: "e-1".into() },
            Some(FactKind::RolloutStarted),
        ),
    ] {
        let mut state = begun();
        let settled = apply_outcome(&mut state, &call(name), Ok(done), now());
        assert_eq!(progress(&state), Some(expected), "{name}");
        assert_eq!(settled.facts.iter().map(|fact| fact.kind).next(), published, "{name}");
        assert_eq!(settled.decision, None, "{name}");
    }
}

#[test]
fn busy_target_queues_the_version_after_a_wanted_one() {
    let waits = |version, cause| Queued { package: package("churn", version), cause, since: now() };
    for (name, done) in [
        ("UpdateEndpoint", Done::Endpoint(UpdateAccepted::Busy)),
        ("CreateEndpoint", Done::Endpoint(UpdateAccepted::Busy)),
        ("UpdateStack", Done::Stack(StackAccepted::Busy)),
    ] {
        for (before, cause, after, rollback_pending) in [
            (None, Cause::Approved, waits(2, Cause::Approved), false),
            (None, Cause::Rollback, waits(2, Cause::Rollback), false),
            (Some(waits(3, Cause::Approved)), Cause::Approved, waits(3, Cause::Approved), false),
            (Some(waits(3, Cause::Approved)), Cause::Rollback, waits(3, Cause::Approved), true),
            (Some(waits(1, Cause::Rollback)), Cause::Approved, waits(2, Cause::Approved), true),
            (Some(waits(1, Cause::Operator)), Cause::Approved, waits(1, Cause::Operator), false),
        ] {
            let mut state = State { queued: before.clone(), ..begun() };
            state.current.as_mut().unwrap().cause = cause;
            let settled = apply_outcome(&mut state, &call(name), Ok(done.clone()), now());
            let published = settled.facts.iter().map(|fact| (fact.kind, fact.dedup_key())).collect::<Vec<_>>();
            assert_eq!((state.current, settled.decision), (None, Some(Decision::Deferred)));
            assert_eq!(
                (state.queued, state.rollback_pending),
                (Some(after), rollback_pending),
                "{name}: {before:?}, {cause:?}"
            );
            assert_eq!(published, [(FactKind::RolloutQueued, "rollout/churn/2/1".to_owned())]);
        }
    }
}

#[test]
fn start_is_reported_with_its_direction() {
    let published = |change: &dyn Fn(&mut State)| {
        let mut state = begun();
        change(&mut state);
        let done = Ok(Done::Endpoint(UpdateAccepted::Started));
        apply_outcome(&mut state, &call("UpdateEndpoint"), done, now()).facts.remove(0).reasons.remove(0)
    };
    let cause = |cause| published(&move |state: &mut State| state.current.as_mut().unwrap().cause = cause);
    assert_eq!(cause(Cause::Approved), "rolling out version 2");
    assert_eq!(cause(Cause::Rollback), "rolling back to version 2");
    assert_eq!(cause(Cause::Operator), "rolling back to version 2");
    let test = |stage: Option<&str>| {
        published(&|state: &mut State| {
            let rollout = state.current.as_mut().unwrap();
            rollout.phase = Phase::VariantTest { live_model: "l".into(), own_model: "m".into(), promoted_by: None };
            rollout.stage = stage.map(|stage| StageName::parse(stage).unwrap());
        })
    };
    assert!(test(None).ends_with("trimtab promote churn 2 --to prod --by YOUR-NAME"), "{}", test(None));
    assert!(test(Some("dev")).ends_with("trimtab promote churn 2 --to dev --by YOUR-NAME"), "{}", test(Some("dev")));
}

#[test]
fn unchanged_stack_requests_a_reconcile_of_its_stage() {
    let reconcile = |stage: Option<&str>, since: &str| {
        let mut state = begun();
        let rollout = state.current.as_mut().unwrap();
        rollout.stage = stage.map(|stage| StageName::parse(stage).unwrap());
        rollout.since = since.parse().unwrap();
        let done = Ok(Done::Stack(StackAccepted::Nothing));
        let settled = apply_outcome(&mut state, &call("UpdateStack"), done, now());
        assert_eq!(settled.reasons[0].code, "nothing_to_update");
        settled.facts[0].clone()
    };
    let (sole, dev) = (reconcile(None, NOON), reconcile(Some("dev"), NOON));
    assert_eq!((sole.details.text("stage").unwrap(), dev.details.text("stage").unwrap()), ("prod", "dev"));
    assert_ne!(
        sole.dedup_key(),
        reconcile(None, "2026-11-21T12:00:00Z").dedup_key(),
        "another attempt is another reconcile"
    );
    assert_ne!(sole.dedup_key(), dev.dedup_key());
}

#[test]
fn refused_autoscaling_is_reported_and_the_version_stays() {
    for name in ["PutScalingPolicy", "PutScheduledActions"] {
        let mut unscaled = live("churn", 2, "c");
        unscaled.scaled = false;
        let mut state = State { live: vec![live("churn", 1, "b"), unscaled], ..State::default() };
        let settled = apply_outcome(&mut state, &call(name), Err("ValidationException".into()), now());
        let published: Vec<_> = settled.facts.iter().map(|fact| (fact.kind, fact.dedup_key())).collect();
        assert_eq!(published, [(FactKind::RolloutFailed, "rollout/churn/2/1".to_owned())], "{name}: it is reported");
        assert!(settled.facts[0].reasons[0].contains("ValidationException"), "{:?}", settled.facts);
        assert_eq!((settled.reasons[0].code, settled.decision), ("not_scaled", Some(Decision::Acted)));
        assert_eq!(
            state.live.last().map(|live| live.scaled),
            Some(true),
            "{name}: it is not requested again and again"
        );
    }
}

#[test]
fn version_is_scaled_after_the_last_of_both_calls() {
    let mut unscaled = live("churn", 2, "c");
    unscaled.scaled = false;
    let mut state = State { live: vec![unscaled], ..State::default() };
    let scaled = |state: &State| state.live.last().unwrap().scaled;
    let first = apply_outcome(&mut state, &call("PutScalingPolicy"), Ok(Done::Accepted), now());
    assert!(!scaled(&state), "the schedule has not been put yet");
    let last = apply_outcome(&mut state, &call("PutScheduledActions"), Ok(Done::Accepted), now());
    assert!(scaled(&state));
    assert!(first.facts.is_empty() && last.facts.is_empty() && last.reasons.is_empty());
}

#[test]
fn refused_deletion_empties_the_queue() {
    let waits = Queued { package: package("churn", 1), cause: Cause::Operator, since: now() };
    let waiting = || State { queued: Some(waits.clone()), ..State::default() };
    let mut state = waiting();
    let settled = apply_outcome(&mut state, &call("DeleteEndpoint"), Ok(Done::Accepted), now());
    assert_eq!((state, settled.decision, settled.reasons[0].code), (waiting(), None, "removed"));
    let mut state = waiting();
    let settled = apply_outcome(&mut state, &call("DeleteEndpoint"), Err("AccessDenied".into()), now());
    let refused = (state, settled.decision, settled.reasons[0].code);
    assert_eq!(refused, (State::default(), Some(Decision::Failed), "refused"));
}

#[test]
fn response_without_a_rollout_changes_nothing() {
    let mut state = State::default();
    let settled =
        apply_outcome(&mut state, &call("UpdateEndpoint"), Ok(Done::Endpoint(UpdateAccepted::Started)), now());
    assert_eq!((state, settled), (State::default(), trimtab_core::reactor::ActionOutcome::default()));
}

#[test]
fn rollout_ends_only_by_its_own_kind_of_target() {
    let since = now();
    let stages: Vec<_> = [CHURN, SEGMENTS, LEADS, TARIFFS]
        .iter()
        .map(|text| parse(text).deploy.unwrap().stages.pop().unwrap())
        .collect();
    let stack = [false, false, false, true];
    for (progress, expected) in [
        (Progress::Intended, [true; 4]),
        (Progress::UpdatingEndpoint, [true, false, false, false]),
        (Progress::Testing { since }, [true, false, false, false]),
        (Progress::RunningPipeline { execution: "e".into() }, [false, true, false, false]),
        (Progress::Transforming, [false, false, true, false]),
        (Progress::UpdatingStack, stack),
        (Progress::StackUnchanged, stack),
        (Progress::DeletingStack, stack),
        (Progress::ContinuingRollback { requested: false }, stack),
    ] {
        let by: Vec<bool> = stages.iter().map(|stage| crate::targets::of(stage).can_end(&progress)).collect();
        assert_eq!(by, expected, "{progress:?}");
    }
}
