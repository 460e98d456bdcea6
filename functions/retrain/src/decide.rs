//! Triage: does this event get a training run, and if not, why not.
//!
//! Knows nothing of SageMaker's API beyond the words of a plan.

use jiff::Timestamp;
use trimtab_core::event::{Body, Event, Object, RunStatus};
use trimtab_core::fact::{self, Fact, FactKind};
use trimtab_core::name::{CommitId, FeatureGroupName, ModelName, RunId, TRAINING};
use trimtab_core::plan::{Decision, Plan, Reason};
use trimtab_core::policy::{Key, KeyKind, Policy, Retrain as Limits};
use trimtab_core::port::{ObservedAlarm, RunRequest};
use trimtab_core::reactor::{ActionOutcome, Context, Decide, Preview, Subject};
use trimtab_core::text::digest;

use crate::incident::{Incident, JOINED, Kind, State, Streak, Trigger};
use crate::rate_limits::{limit, skipped};
use crate::run_request::{parameters, starting};
use crate::violations::{self, Monitored};
use crate::{completion, data_debounce, drift, image, operator_request, reconcile};

pub use crate::run_request::Action;

/// The deciding half of `retrain`.
#[derive(Debug, Clone, Copy)]
pub struct Retrain;

/// What AWS says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Observed {
    /// The event's alarm now; `None` where there is no such alarm.
    pub alarm: Option<ObservedAlarm>,
    /// What composite alarms that are on watch.
    pub children: Vec<ObservedAlarm>,
    /// The event's monitoring run; where the event asks to look, the newest of each schedule that
    /// have found violations and had no answer.
    pub monitored: Vec<Monitored>,
    /// The status of the event's run now; `None` where there is no such run.
    pub run: Option<RunStatus>,
    /// The status of the open incident's run, where the event is about something else.
    pub open: Option<RunStatus>,
    /// The model's alarms, where the event asks to look.
    pub alarms: Vec<ObservedAlarm>,
}

pub(crate) type Answer = Plan<State, Action>;

impl Decide for Retrain {
    type State = State;
    type Observed = Observed;
    type Action = Action;
    type Done = RunId;

    const FUNCTION: &'static str = "retrain";

    fn subject(event: &Event) -> Subject {
        let key = |kind, name: &str| Subject::Key(Key { kind, name: name.to_owned() });
        match &event.body {
            // Whoever has composite alarms has more of them than those about models.
            Body::Alarm(alarm) if alarm.is_composite() => {
                Subject::Keys(vec![Key { kind: KeyKind::Alarm, name: alarm.name.clone() }])
            }
            Body::Alarm(alarm) => key(KeyKind::Alarm, &alarm.name),
            Body::ProcessingJob(job) if job.is_of_a_monitor() && job.status == "Completed" => Subject::Asked,
            Body::Object(object) => Subject::Keys(watched(object)),
            Body::PipelineExecution(run) => key(KeyKind::Pipeline, run.pipeline.as_str()),
            // Whatever else is executed in the account is nobody's training.
            Body::StateMachineExecution(execution) if completion::trains(execution) => {
                key(KeyKind::StateMachine, execution.state_machine_arn.as_str())
            }
            Body::CodePipelineExecution(delivery) if delivery.pipeline.as_str().ends_with(TRAINING) => {
                key(KeyKind::DeployPipeline, delivery.pipeline.as_str())
            }
            Body::Fact(fact) => fact.model.clone().map_or(Subject::None, Subject::Model),
            _ => Subject::None,
        }
    }

    fn aggregate(_: &Event, _: Option<&Policy>) -> String {
        "incident".to_owned()
    }

    fn decide(ctx: &Context<'_, State, Observed>) -> Answer {
        let Some(policy) = ctx.policy else {
            return Plan::fail("unknown_model", "retrain needs the model's policy");
        };
        let Some(limits) = &policy.retrain else {
            return Plan::skip("off", format!("the policy of {} has no [retrain]: this reaction is off", policy.model));
        };
        match &ctx.event.body {
            Body::Alarm(alarm) => drift::on_alarm(ctx, policy, limits, alarm),
            Body::ProcessingJob(_) => violations::on_run(ctx, policy, limits),
            Body::Object(object) => data_debounce::on_object(ctx, limits, object),
            Body::Fact(fact) if image::is_in(fact) => image::on_image(ctx, policy, limits, fact),
            Body::Fact(fact) if fact.kind == FactKind::TrainingRequested => on_request(ctx, policy, limits, fact),
            Body::Fact(fact) if fact.kind == FactKind::ReconcileRequested => {
                reconcile::on_reconcile(ctx, policy, limits)
            }
            _ => match completion::Ended::of(ctx.event) {
                Some(ended) => completion::on_run(ctx, policy, limits, &ended),
                None => Plan::skip("not_concerned", "nothing in this event asks for training or ends a run"),
            },
        }
    }

    fn missed_completion(ctx: &Context<'_, State, Observed>) -> Option<Answer> {
        let policy = ctx.policy?;
        completion::unheard(ctx, policy, policy.retrain.as_ref()?)
    }

    fn pending_actions(state: &State, _: &Context<'_, State, Observed>) -> Vec<Action> {
        let unstarted = state.incident.iter().filter(|incident| incident.run.is_none());
        unstarted.map(|incident| starting(&incident.request)).collect()
    }

    fn apply_outcome(
        state: &mut State,
        action: &Action,
        outcome: Result<RunId, String>,
        now: Timestamp,
    ) -> ActionOutcome {
        let Some(mut incident) = state.incident.take() else {
            return ActionOutcome::default();
        };
        match outcome {
            Ok(run) => {
                let told =
                    tell(FactKind::TrainingStarted, &incident, Some(&run), now, &[incident.trigger.reason.clone()]);
                incident.run = Some(run);
                state.incident = Some(incident);
                ActionOutcome { facts: vec![told], ..ActionOutcome::default() }
            }
            Err(cause) => {
                state.take_back(&incident);
                let reason =
                    Reason::new("start_refused", format!("{} would not start: {cause}", action.request.engine.name()));
                let told = tell(FactKind::TrainingFailed, &incident, None, now, std::slice::from_ref(&reason.text));
                ActionOutcome { facts: vec![told], reasons: vec![reason], decision: Some(Decision::Failed) }
            }
        }
    }
}

impl Preview for Retrain {
    fn preview(event: &Event) -> Observed {
        match &event.body {
            Body::Alarm(alarm) => Observed { alarm: drift::preview(alarm), ..Observed::default() },
            _ => Observed { run: completion::Ended::of(event).map(|ended| ended.status), ..Observed::default() },
        }
    }
}

/// The names under which a policy may watch for this object.
fn watched(object: &Object) -> Vec<Key> {
    if !object.is_data() {
        return Vec::new();
    }
    let group = object.feature_group().filter(|name| FeatureGroupName::parse(name).is_ok());
    let group = group.map(|name| Key { kind: KeyKind::FeatureGroup, name: name.to_owned() });
    let folders = object.folders().into_iter().map(|name| Key { kind: KeyKind::DataPrefix, name });
    group.into_iter().chain(folders).collect()
}

fn on_request(ctx: &Context<'_, State, Observed>, policy: &Policy, limits: &Limits, fact: &Fact) -> Answer {
    if let Some(trigger) = operator_request::asked(fact) {
        return triage(ctx, policy, limits, trigger);
    }
    let Some(Ok(commit)) = fact.details.get("commit").map(|text| CommitId::parse(text)) else {
        return Plan::fail(
            "no_commit",
            "the request names neither who asks in details.by, nor a full commit id, 40 hexadecimal digits, in details.commit",
        );
    };
    let (subject, reason) = (format!("commit/{commit}"), format!("commit {commit} was built"));
    let trigger = Trigger { commit: Some(commit), ..Trigger::new(Kind::Build, subject, reason) };
    triage(ctx, policy, limits, trigger)
}

/// The order of the questions: did we already, is one on, may we.
pub(crate) fn triage(ctx: &Context<'_, State, Observed>, policy: &Policy, limits: &Limits, trigger: Trigger) -> Answer {
    let mut state = ctx.state.clone();
    let left = ctx.state.incident.as_ref().filter(|incident| incident.run.is_none());
    if let Some(incident) = left.filter(|incident| incident.trigger.subject == trigger.subject) {
        let reason = Reason::new("resumed", "an earlier attempt did not complete: its pending actions are resumed");
        return start(state, incident.clone(), reason);
    }
    if let Some(before) = state.answer_to(&trigger) {
        return Plan::skip("already_handled", format!("this was answered at {}: {}", before.at, before.answer));
    }
    if ctx.state.forgotten.is_some_and(|until| ctx.event.envelope.time <= until) {
        return Plan::skip("too_old", "this is older than what is remembered of events that had their answer");
    }
    if trigger.kind == Kind::Drift {
        state.hear_of_drift(limits, ctx.now);
    }
    if let Some(incident) = ctx.state.incident.clone() {
        return join(state, &incident, trigger, ctx.now);
    }
    if let Some(reason) = limit(&state, limits, &trigger, ctx.now) {
        state.remember(&trigger, reason.code, ctx.now);
        // Of what no alarm tells, the next monitoring run tells again.
        if trigger.alarm().is_some() {
            state.hold(trigger.clone(), ctx.now);
        }
        let told = skipped(policy, &state, &trigger, &reason, ctx.now);
        return Plan::only(Decision::Skipped, reason).with_state(state).with_fact(told);
    }
    open(state, policy, limits, trigger, ctx.now)
}

fn join(mut state: State, incident: &Incident, trigger: Trigger, now: Timestamp) -> Answer {
    state.remember(&trigger, &format!("{JOINED}{}", incident.id), now);
    let text = match trigger.kind {
        Kind::Build => format!("run of {} is on; this commit gets the next one", incident.id),
        Kind::Image => format!("run of {} is on; this image gets the next one", incident.id),
        Kind::Operator => format!("run of {} is on; this request gets the next one", incident.id),
        _ => format!("run of {} is on and will answer this too", incident.id),
    };
    let dedup_key = format!("{}/{}", incident.dedup_key(), digest(&[&trigger.subject], 8));
    let mut told = tell(
        FactKind::TrainingTriggerMerged,
        incident,
        incident.run.as_ref(),
        now,
        &[trigger.reason.clone(), text.clone()],
    );
    told.dedup_key = dedup_key;
    let queued = trigger.kind.is_of_a_person();
    if queued {
        state.park(trigger);
    }
    let decision = if queued { Decision::Deferred } else { Decision::Skipped };
    Plan::only(decision, Reason::new("run_in_progress", text)).with_state(state).with_fact(told)
}

pub(crate) fn open(mut state: State, policy: &Policy, limits: &Limits, trigger: Trigger, now: Timestamp) -> Answer {
    let id = Incident::id(&policy.model, &trigger);
    let request = RunRequest {
        engine: limits.engine.clone(),
        display_name: id.clone(),
        token: format!("trimtab-{}", digest(&[policy.model.as_str(), &id, &trigger.subject], 48)),
        parameters: parameters(&state, policy, limits, &id, &trigger),
        since: now,
    };
    state.remember(&trigger, &id, now);
    state.spend(&limits.budget, now);
    state.streak = match trigger.kind {
        Kind::Drift => state.streak.map(|streak| Streak { runs: streak.runs + 1, ..streak }),
        // Somebody has changed something: what drifts after this is another drift.
        Kind::Build | Kind::Image | Kind::Operator => None,
        Kind::Data | Kind::Features | Kind::Schedule => state.streak,
    };
    // Whatever waited for a limit to end, or for more data, is answered by this run too.
    state.held.clear();
    state.gathering = None;
    state.told = None;
    state.begun = Some(now);
    let reason = Reason::new(trigger.kind.as_str(), &trigger.reason);
    start(state, Incident { id, trigger, opened: now, request, run: None, late: false }, reason)
}

fn start(mut state: State, incident: Incident, reason: Reason) -> Answer {
    let action = starting(&incident.request);
    state.incident = Some(incident);
    Plan::only(Decision::Acted, reason).with_state(state).with_action(action)
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
    details.insert("trigger".to_owned(), incident.trigger.kind.as_str().to_owned());
    if let Some(commit) = &incident.trigger.commit {
        details.insert("commit".to_owned(), commit.to_string());
    }
    if !incident.trigger.features.is_empty() {
        details.insert("features".to_owned(), incident.trigger.named());
    }
    let model = incident.id.rsplitn(3, '-').nth(2).and_then(|name| ModelName::parse(name).ok());
    Fact {
        kind,
        version: fact::VERSION,
        model,
        dedup_key: incident.dedup_key(),
        at,
        reasons: reasons.to_vec(),
        details,
    }
}
