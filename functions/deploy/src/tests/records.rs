//! The state of a stage, and its limits.

use jiff::Timestamp;
use trimtab_core::fact::FactSubject;

use super::cases::*;
use super::*;
use crate::observation::Observed;
use crate::rollout::{Cause, Progress};
use crate::state::{Queued, State, Verdict, VerdictRecord};

fn make_live(state: &mut State, version: u32, cause: Cause) {
    let mut rollout = rollout("churn", version, "c", Progress::UpdatingEndpoint);
    rollout.cause = cause;
    state.make_live(&rollout, NOON.parse().unwrap());
}

fn versions(state: &State) -> Vec<u32> {
    state.live.iter().map(|live| live.package.version()).collect()
}

#[test]
fn ten_live_versions_are_stored() {
    let mut state = State::default();
    (1..=10).for_each(|version| make_live(&mut state, version, Cause::Approved));
    assert_eq!(versions(&state), (1..=10).collect::<Vec<_>>());
    make_live(&mut state, 11, Cause::Approved);
    assert_eq!(versions(&state), (2..=11).collect::<Vec<_>>(), "the oldest is forgotten");
}

#[test]
fn version_that_was_left_is_no_rollback_target() {
    for cause in [Cause::Rollback, Cause::Operator] {
        let mut state = State::default();
        (1..=3).for_each(|version| make_live(&mut state, version, Cause::Approved));
        make_live(&mut state, 2, cause);
        assert_eq!(versions(&state), [1, 2], "{cause:?}");
        make_live(&mut state, 9, cause);
        assert_eq!(versions(&state), [1, 2, 9], "what was never live leaves nothing");
    }
}

fn rollback_at(second: i64) -> FactSubject {
    let model = trimtab_core::name::ModelName::parse("churn").unwrap();
    FactSubject::Rollback { model, at: Timestamp::from_second(second).unwrap() }
}

#[test]
fn fifty_requests_are_processed_once_each() {
    let mut state = State::default();
    let requests: Vec<FactSubject> = (0..=50).map(rollback_at).collect();
    assert!(requests.iter().all(|request| !state.has_processed(request)), "each is new");
    requests[..50].iter().chain(&requests[..50]).for_each(|request| state.record_request(request));
    assert!(requests[..50].iter().all(|request| state.has_processed(request)), "none is new again");
    state.record_request(&requests[50]);
    assert!(state.has_processed(&rollback_at(1)) && !state.has_processed(&rollback_at(0)), "the oldest is forgotten");
    assert_eq!(state.processed_requests.len(), 50);
}

#[test]
fn two_hundred_verdicts_are_stored() {
    let mut state = State::default();
    (1..=200).for_each(|version| state.record_verdict(&package("churn", version), Verdict::Approved));
    assert_eq!((state.verdicts.len(), state.verdicts.contains_key(&1)), (200, true));
    state.record_verdict(&package("churn", 201), Verdict::Rejected);
    assert_eq!((state.verdicts.len(), state.verdicts.contains_key(&1)), (200, false));
}

#[test]
fn fifty_offers_are_stored() {
    let mut state = State::default();
    (1..=50).for_each(|version| state.offer(&package("loans", version)));
    assert_eq!((state.offered.len(), state.offered.contains_key(&1)), (50, true));
    state.offer(&package("loans", 51));
    assert_eq!((state.offered.len(), state.offered.contains_key(&1)), (50, false));
}

#[test]
fn each_change_of_a_verdict_is_an_attempt_unless_held() {
    let (mut state, one) = (State::default(), package("churn", 1));
    let mut turns = vec![state.attempt(&one)];
    for verdict in [Verdict::Approved, Verdict::Rejected, Verdict::Approved] {
        state.record_verdict(&one, verdict);
        turns.push(state.attempt(&one));
    }
    state.hold(&one);
    turns.push(state.attempt(&one));
    state.record_verdict(&one, Verdict::Approved);
    turns.push(state.attempt(&one));
    state.begin_new_attempt(&one);
    turns.push(state.attempt(&one));
    assert_eq!(turns, [1, 1, 2, 3, 3, 3, 4]);
    assert!(state.has_verdict(&one, Verdict::Approved) && !state.has_verdict(&one, Verdict::Rejected));
}

#[test]
fn version_of_an_operator_has_attempts_before_its_verdict() {
    let (mut state, one) = (State::default(), package("churn", 1));
    state.begin_new_attempt(&one);
    assert_eq!(state.verdicts[&1], VerdictRecord { verdict: Verdict::ByOperator, attempt: 1 });
    state.begin_new_attempt(&one);
    state.record_verdict(&one, Verdict::Approved);
    assert_eq!(state.verdicts[&1], VerdictRecord { verdict: Verdict::Approved, attempt: 3 });
}

#[test]
fn rollback_is_deferred_and_ends_when_a_good_version_is_live() {
    let waits = |version, cause| Queued { package: package("churn", version), cause, since: NOON.parse().unwrap() };
    let mut state = State::default();
    assert!(!state.is_waiting());
    assert!(state.queue(waits(1, Cause::Rollback)) && !state.rollback_pending, "nothing else waits");
    assert!(state.queue(waits(3, Cause::Approved)) && state.rollback_pending, "the newest approval wins");
    assert!(!state.queue(waits(1, Cause::Rollback)), "and going back comes after it");
    assert_eq!(state.queued, Some(waits(3, Cause::Approved)));
    assert!(state.queue(waits(4, Cause::Approved)) && state.rollback_pending);
    state.queued = None;
    assert!(state.is_waiting());
    state.record_verdict(&package("churn", 3), Verdict::Rejected);
    make_live(&mut state, 3, Cause::Approved);
    assert!(state.rollback_pending, "a rejected version is live");
    state.queued = Some(waits(1, Cause::Rollback));
    make_live(&mut state, 4, Cause::Approved);
    assert!(!state.rollback_pending && !state.is_waiting(), "production is away from the rejected version");
    state.queued = Some(waits(1, Cause::Operator));
    make_live(&mut state, 5, Cause::Approved);
    assert_eq!(state.queued, Some(waits(1, Cause::Operator)), "an operator's version stays queued");
}

#[test]
fn rollback_goes_to_the_last_live_version_not_rejected() {
    let mut state = State::default();
    (1..=4).for_each(|version| make_live(&mut state, version, Cause::Approved));
    let at = |live: Option<&crate::state::Live>| live.map(|live| live.package.version());
    assert_eq!((at(state.live_now()), at(state.live_before()), at(state.last_good())), (Some(4), Some(3), Some(4)));
    [3, 4].iter().for_each(|version| state.record_verdict(&package("churn", *version), Verdict::Rejected));
    assert_eq!((at(state.live_before()), at(state.last_good())), (Some(2), Some(2)), "never to a rejected version");
    make_live(&mut state, 4, Cause::Approved);
    assert_eq!(at(state.live_before()), Some(2), "never to the version that serves");
    (1..=4).for_each(|version| state.record_verdict(&package("churn", version), Verdict::Rejected));
    assert_eq!((at(state.live_before()), at(state.last_good())), (None, None));
}

#[test]
fn newest_version_is_in_progress_queued_or_live() {
    let waits =
        |version| Queued { package: package("churn", version), cause: Cause::Approved, since: NOON.parse().unwrap() };
    let mut state = State::default();
    assert_eq!(state.newest(), None);
    make_live(&mut state, 4, Cause::Approved);
    state.current = Some(rollout("churn", 5, "c", Progress::UpdatingEndpoint));
    state.queued = Some(waits(6));
    assert_eq!(state.newest(), Some(6));
    state.queued = None;
    assert_eq!(state.newest(), Some(5));
    state.record_verdict(&package("churn", 5), Verdict::Rejected);
    assert_eq!(state.newest(), Some(4), "a rejected version on its way holds nothing up");
    state.record_verdict(&package("churn", 4), Verdict::Rejected);
    assert_eq!(state.newest(), None, "nor does one that is live");
}

#[test]
fn update_has_ended_if_the_endpoint_changed_after_it() {
    let rollout = rollout("churn", 2, "new", Progress::Intended);
    let since = rollout.since;
    let actual = |status: EndpointStatus, config: &str, after: Option<i64>| ObservedEndpoint {
        status,
        config: Some(config.into()),
        pending: None,
        failure: None,
        modified: after.map(|seconds| since + SignedDuration::from_secs(seconds)),
    };
    for (actual, served, ended, what) in [
        (actual(EndpointStatus::InService, "new", None), true, true, "it serves the version"),
        (actual(EndpointStatus::InService, "old", None), false, false, "it has not changed"),
        (actual(EndpointStatus::InService, "old", Some(0)), false, false, "it changed when the rollout was decided"),
        (actual(EndpointStatus::InService, "old", Some(1)), false, true, "it changed after"),
        (actual(EndpointStatus::Failed, "new", Some(1)), false, true, "it changed after, and failed"),
        (actual(EndpointStatus::Failed, "new", Some(-1)), false, false, "it failed before"),
        (actual(EndpointStatus::Updating, "new", Some(1)), false, false, "it is on its way"),
    ] {
        let observed = Observed { endpoint: Some(actual), ..Observed::default() };
        assert_eq!(observed.serves(&rollout.resource), served, "{what}");
        assert_eq!(has_outcome(CHURN, &observed, &rollout), ended, "{what}");
    }
    let none = Observed::default();
    assert!(!none.serves(&rollout.resource) && !has_outcome(CHURN, &none, &rollout), "there is none");
}
