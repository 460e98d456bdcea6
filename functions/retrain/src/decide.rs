//! Triage: does this event get a training run, and if not, why not.
//!
//! Knows nothing of SageMaker's API beyond the words of a plan.

use jiff::Timestamp;
use trimtab_core::event::{Alarm, AlarmState, Body, Event, RunStatus};
use trimtab_core::fact::{self, Fact, FactKind};
use trimtab_core::name::{CommitId, ModelName, RunId, TRAINING};
use trimtab_core::plan::{Decision, Plan, Reason};
use trimtab_core::policy::{Key, KeyKind, Policy, Retrain as Limits};
use trimtab_core::port::ml::{AlarmTruth, RunRequest};
use trimtab_core::react::{Case, Decide, Settled, Subject};
use trimtab_core::text::digest;

use crate::incident::{Held, Incident, Kind, State, Streak, Trigger};
use crate::start::{parameters, starting};
use crate::{endings, look};

pub use crate::start::Action;

/// The deciding half of `retrain`.
#[derive(Debug, Clone, Copy)]
pub struct Retrain;

/// What AWS says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Seen {
    /// The state of the event's alarm now; `None` where there is no such alarm.
    pub alarm: Option<AlarmState>,
    /// The status of the event's run now; `None` where there is no such run.
    pub run: Option<RunStatus>,
    /// The status of the open incident's run, where the event is about something else.
    pub open: Option<RunStatus>,
    /// The model's alarms, where the event asks to look.
    pub alarms: Vec<AlarmTruth>,
}

pub(crate) type Answer = Plan<State, Action>;

impl Decide for Retrain {
    type State = State;
    type Seen = Seen;
    type Action = Action;
    type Done = RunId;

    const FUNCTION: &'static str = "retrain";

    fn subject(event: &Event) -> Subject {
        let key = |kind, name: &str| Subject::Key(Key { kind, name: name.to_owned() });
        match &event.body {
            Body::Alarm(alarm) => key(KeyKind::Alarm, &alarm.name),
            Body::Run(run) => key(KeyKind::Pipeline, run.pipeline.as_str()),
            // Whatever else is executed in the account is nobody's training.
            Body::Execution(execution) if endings::trains(execution) => {
                key(KeyKind::StateMachine, execution.state_machine_arn.as_str())
            }
            Body::Delivery(delivery) if delivery.pipeline.as_str().ends_with(TRAINING) => {
                key(KeyKind::DeliveryPipeline, delivery.pipeline.as_str())
            }
            Body::Fact(fact) => fact.model.clone().map_or(Subject::None, Subject::Model),
            _ => Subject::None,
        }
    }

    fn aggregate(_: &Event, _: Option<&Policy>) -> String {
        "incident".to_owned()
    }

    fn assume(event: &Event) -> Seen {
        match &event.body {
            Body::Alarm(alarm) => Seen { alarm: Some(alarm.state.clone()), ..Seen::default() },
            _ => Seen { run: endings::Ended::of(event).map(|ended| ended.status), ..Seen::default() },
        }
    }

    fn decide(case: &Case<'_, State, Seen>) -> Answer {
        let Some(policy) = case.policy else {
            return Plan::reject("unknown_model", "retrain needs the model's policy");
        };
        let Some(limits) = &policy.retrain else {
            return Plan::skip("off", format!("the policy of {} has no [retrain]: this reaction is off", policy.model));
        };
        match &case.event.body {
            Body::Alarm(alarm) => on_alarm(case, policy, limits, alarm),
            Body::Fact(fact) if fact.kind == FactKind::TrainingRequested => on_request(case, policy, limits, fact),
            Body::Fact(fact) if fact.kind == FactKind::LookRequested => look::on_look(case, policy, limits),
            _ => match endings::Ended::of(case.event) {
                Some(ended) => endings::on_run(case, policy, limits, &ended),
                None => Plan::skip("not_concerned", "nothing in this event asks for training or ends a run"),
            },
        }
    }

    fn overdue(case: &Case<'_, State, Seen>) -> Option<Answer> {
        let policy = case.policy?;
        endings::unheard(case, policy, policy.retrain.as_ref()?)
    }

    fn left(state: &State, _: &Case<'_, State, Seen>) -> Vec<Action> {
        let unstarted = state.incident.iter().filter(|incident| incident.run.is_none());
        unstarted.map(|incident| starting(&incident.request)).collect()
    }

    fn settle(state: &mut State, action: &Action, outcome: Result<RunId, String>, now: Timestamp) -> Settled {
        let Some(mut incident) = state.incident.take() else {
            return Settled::default();
        };
        match outcome {
            Ok(run) => {
                let told =
                    tell(FactKind::TrainingStarted, &incident, Some(&run), now, &[incident.trigger.reason.clone()]);
                incident.run = Some(run);
                state.incident = Some(incident);
                Settled { facts: vec![told], ..Settled::default() }
            }
            Err(cause) => {
                let reason =
                    Reason::new("start_refused", format!("{} would not start: {cause}", action.request.engine.name()));
                let told = tell(FactKind::TrainingFailed, &incident, None, now, std::slice::from_ref(&reason.text));
                Settled { facts: vec![told], reasons: vec![reason], decision: Some(Decision::Rejected) }
            }
        }
    }
}

fn on_alarm(case: &Case<'_, State, Seen>, policy: &Policy, limits: &Limits, alarm: &Alarm) -> Answer {
    let Some(drift) = alarm.drift() else {
        return Plan::skip(
            "not_drift",
            format!("alarm {} watches no SageMaker monitoring metric: it says nothing about drift", alarm.name),
        );
    };
    if !limits.drift.contains(&drift) {
        return Plan::skip(
            "drift_ignored",
            format!("{drift} drift is not among the kinds that the policy of {} retrains on", policy.model),
        );
    }
    if alarm.state != AlarmState::Alarm {
        return Plan::skip("not_in_alarm", format!("alarm {} is not in ALARM", alarm.name));
    }
    match &case.seen.alarm {
        None => {
            return Plan::reject(
                "no_such_alarm",
                format!("CloudWatch knows no alarm {}: the event is forged or the alarm is gone", alarm.name),
            );
        }
        Some(AlarmState::Ok) => {
            return Plan::skip("recovered", format!("alarm {} has returned to OK since", alarm.name));
        }
        Some(_) => {}
    }
    triage(case, policy, limits, Trigger::of_alarm(&alarm.arn, &alarm.name, drift, alarm.since))
}

fn on_request(case: &Case<'_, State, Seen>, policy: &Policy, limits: &Limits, fact: &Fact) -> Answer {
    let Some(Ok(commit)) = fact.details.get("commit").map(|text| CommitId::parse(text)) else {
        return Plan::reject(
            "no_commit",
            "the request names no full commit id: expected 40 hexadecimal digits in details.commit",
        );
    };
    let trigger = Trigger {
        subject: format!("commit/{commit}"),
        kind: Kind::Build,
        reason: format!("commit {commit} was built"),
        commit: Some(commit),
    };
    triage(case, policy, limits, trigger)
}

/// The order of the questions: did we already, is one on, may we.
pub(crate) fn triage(case: &Case<'_, State, Seen>, policy: &Policy, limits: &Limits, trigger: Trigger) -> Answer {
    let mut state = case.state.clone();
    let left = case.state.incident.as_ref().filter(|incident| incident.run.is_none());
    if let Some(incident) = left.filter(|incident| incident.trigger.subject == trigger.subject) {
        let reason = Reason::new("resumed", "an earlier attempt did not come to its end: taking it up");
        return start(state, incident.clone(), reason);
    }
    if let Some(before) = state.answer_to(&trigger) {
        return Plan::skip("already_handled", format!("this was answered at {}: {}", before.at, before.answer));
    }
    if case.state.forgotten.is_some_and(|until| case.event.envelope.time <= until) {
        return Plan::skip("too_old", "this is older than what is remembered of events that had their answer");
    }
    if trigger.kind == Kind::Drift {
        state.hear_of_drift(limits, case.now);
    }
    if let Some(incident) = case.state.incident.clone() {
        return join(state, &incident, trigger, case.now);
    }
    if let Some(reason) = limit(&state, limits, trigger.kind, case.now) {
        state.remember(&trigger, reason.code, case.now);
        if trigger.kind == Kind::Drift {
            state.held = Some(Held { trigger: trigger.clone(), since: case.now });
        }
        let told = skipped(policy, &state, &trigger, &reason, case.now);
        return Plan::only(Decision::Skipped, reason).with_state(state).telling(told);
    }
    open(state, policy, limits, trigger, case.now)
}

/// The limit that keeps this kind of trigger from a run now, if one does.
pub(crate) fn limit(state: &State, limits: &Limits, kind: Kind, now: Timestamp) -> Option<Reason> {
    let of_drift = match kind {
        Kind::Drift => state
            .cooling_until(limits.cool_down, now)
            .map(|until| cool_down(state, limits, until))
            .or_else(|| state.in_vain(limits, now).map(|streak| circuit_open(streak, limits))),
        Kind::Build => None,
    };
    of_drift.or_else(|| over_budget(state, limits, now))
}

fn cool_down(state: &State, limits: &Limits, until: Timestamp) -> Reason {
    let ended = state.ended.map(|at| at.to_string()).unwrap_or_default();
    let length = limits.cool_down;
    Reason::new(
        "cool_down",
        format!(
            "cool-down: the last run ended at {ended}, and the policy waits {length:#}; until {until} drift starts nothing"
        ),
    )
}

fn circuit_open(streak: &Streak, limits: &Limits) -> Reason {
    let Streak { since, runs, .. } = streak;
    let per = limits.budget.per;
    Reason::new(
        "circuit_open",
        format!("circuit open: {runs} runs have not ended the drift since {since}; one is tried per {per:#}"),
    )
}

pub(crate) fn over_budget(state: &State, limits: &Limits, now: Timestamp) -> Option<Reason> {
    let (spent, budget) = (state.spent(&limits.budget, now), &limits.budget);
    let (runs, per) = (budget.runs, budget.per);
    (spent >= usize::try_from(runs).unwrap_or(usize::MAX))
        .then(|| Reason::new("budget", format!("budget: {spent} runs within {per:#}, and the policy allows {runs}")))
}

fn join(mut state: State, incident: &Incident, trigger: Trigger, now: Timestamp) -> Answer {
    state.remember(&trigger, &format!("joined {}", incident.id), now);
    let text = match trigger.kind {
        Kind::Drift => format!("run of {} is on and will answer this too", incident.id),
        Kind::Build => format!("run of {} is on; this commit gets the next one", incident.id),
    };
    let matter = format!("{}/{}", incident.matter(), digest(&[&trigger.subject], 8));
    let mut told =
        tell(FactKind::TrainingJoined, incident, incident.run.as_ref(), now, &[trigger.reason.clone(), text.clone()]);
    told.matter = matter;
    let parked = trigger.kind == Kind::Build;
    if parked {
        state.waiting = Some(trigger);
    }
    let decision = if parked { Decision::Parked } else { Decision::Skipped };
    Plan::only(decision, Reason::new("run_in_progress", text)).with_state(state).telling(told)
}

pub(crate) fn open(mut state: State, policy: &Policy, limits: &Limits, trigger: Trigger, now: Timestamp) -> Answer {
    let id = Incident::id(&policy.model, &trigger);
    let request = RunRequest {
        engine: limits.engine.clone(),
        display_name: id.clone(),
        token: format!("trimtab-{}", digest(&[policy.model.as_str(), &id, &trigger.subject], 48)),
        parameters: parameters(policy, limits, &id, &trigger),
        since: now,
    };
    state.remember(&trigger, &id, now);
    state.spend(&limits.budget, now);
    state.streak = match trigger.kind {
        Kind::Drift => state.streak.map(|streak| Streak { runs: streak.runs + 1, ..streak }),
        // Somebody has changed something: what drifts after this is another drift.
        Kind::Build => None,
    };
    // Whatever waited for a limit to end is answered by this run too.
    state.held = None;
    let reason = Reason::new(trigger.kind.as_str(), &trigger.reason);
    start(state, Incident { id, trigger, opened: now, request, run: None, late: false }, reason)
}

fn start(mut state: State, incident: Incident, reason: Reason) -> Answer {
    let action = starting(&incident.request);
    state.incident = Some(incident);
    Plan::only(Decision::Acted, reason).with_state(state).doing(action)
}

pub(crate) fn tell(
    kind: FactKind,
    incident: &Incident,
    run: Option<&RunId>,
    at: Timestamp,
    reasons: &[String],
) -> Fact {
    let engine = &incident.request.engine;
    let mut details: std::collections::BTreeMap<String, String> =
        [("incident".to_owned(), incident.id.clone()), (engine.kind().to_owned(), engine.name())].into();
    if let Some(run) = run {
        details.insert("run".to_owned(), run.to_string());
    }
    if let Some(commit) = &incident.trigger.commit {
        details.insert("commit".to_owned(), commit.to_string());
    }
    let model = incident.id.rsplitn(3, '-').nth(2).and_then(|name| ModelName::parse(name).ok());
    Fact { kind, version: fact::VERSION, model, matter: incident.matter(), at, reasons: reasons.to_vec(), details }
}

/// One matter for as long as the same limit holds: an alarm that goes off all night is one message.
pub(crate) fn skipped(policy: &Policy, state: &State, trigger: &Trigger, reason: &Reason, at: Timestamp) -> Fact {
    let (kind, since) = match reason.code {
        "circuit_open" => (FactKind::CircuitOpened, state.streak.as_ref().map(|streak| &streak.since)),
        "budget" => (FactKind::TrainingSkipped, state.starts.first()),
        _ => (FactKind::TrainingSkipped, state.ended.as_ref()),
    };
    let since = since.map(ToString::to_string).unwrap_or_default();
    Fact {
        kind,
        version: fact::VERSION,
        model: Some(policy.model.clone()),
        matter: format!("held/{}/{}/{}", policy.model, reason.code, digest(&[&since], 16)),
        at,
        reasons: vec![trigger.reason.clone(), reason.text.clone()],
        details: [("limit".to_owned(), reason.code.to_owned())].into(),
    }
}
