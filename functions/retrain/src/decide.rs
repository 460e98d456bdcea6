//! The deciding half of `retrain`: finds the model of an event, and dispatches the event to the planner.

use jiff::Timestamp;
use trimtab_core::event::{Body, Event, Object};
use trimtab_core::fact::Fact;
use trimtab_core::name::{FeatureGroupName, RunId};
use trimtab_core::policy::{Key, KeyKind, Policy};
use trimtab_core::reactor::{ActionOutcome, Context, Decide, Preview, Subject};

use crate::action::Action;
use crate::ctx::Ctx;
use crate::observation::Observed;
use crate::planner::{self, Plan};
use crate::reason::Code;
use crate::state::State;
use crate::{drift, engines, fact, reconcile};

/// The deciding half of `retrain`.
#[derive(Debug, Clone, Copy)]
pub struct Retrain;

impl Decide for Retrain {
    type State = State;
    type Observed = Observed;
    type Action = Action;
    type Done = RunId;

    const FUNCTION: &'static str = "retrain";

    fn subject(event: &Event) -> Subject {
        let alarm_key = |name: &str| Key { kind: KeyKind::Alarm, name: name.to_owned() };
        match &event.body {
            // Most composite alarms of an account are about something else: an unknown one is no failure.
            Body::Alarm(alarm) if alarm.is_composite() => Subject::Keys(vec![alarm_key(&alarm.name)]),
            Body::Alarm(alarm) => Subject::Key(alarm_key(&alarm.name)),
            Body::ProcessingJob(job) if job.is_of_a_monitor() && job.status == "Completed" => Subject::Lookup,
            Body::Object(object) => Subject::Keys(data_keys(object)),
            Body::Fact(fact) => fact.model.clone().map_or(Subject::None, Subject::Model),
            _ => engines::model_key(event).map_or(Subject::None, Subject::Key),
        }
    }

    fn aggregate(_: &Event, _: Option<&Policy>) -> String {
        "incident".to_owned()
    }

    fn decide(ctx: &Context<'_, State, Observed>) -> Plan {
        let Some(policy) = ctx.policy else {
            return Plan::fail(Code::UnknownModel, "the model has no policy: apply one");
        };
        let Some(ctx) = context(ctx, policy) else {
            let text = format!("the policy of {} has no [retrain]: Trimtab does not train this model", policy.model);
            return Plan::skip(Code::Off, text);
        };
        match &ctx.event.body {
            Body::Alarm(alarm) => planner::on_alarm(&ctx, alarm),
            Body::ProcessingJob(_) => planner::on_monitoring_run(&ctx),
            Body::Object(object) => planner::on_object(&ctx, object),
            Body::Fact(fact) if fact::requests_reconcile(fact) => reconcile::on_reconcile(&ctx),
            Body::Fact(fact) => on_fact(&ctx, fact),
            _ => match engines::status_change(ctx.event) {
                Some(change) => planner::on_status_change(&ctx, &change),
                None => not_concerned(),
            },
        }
    }

    fn missed_completion(ctx: &Context<'_, State, Observed>) -> Option<Plan> {
        planner::missed_completion(&context(ctx, ctx.policy?)?)
    }

    fn pending_actions(state: &State, _: &Context<'_, State, Observed>) -> Vec<Action> {
        match &state.incident {
            Some(incident) if incident.run.is_none() => vec![engines::start(&incident.request)],
            _ => Vec::new(),
        }
    }

    fn apply_outcome(
        state: &mut State,
        action: &Action,
        outcome: Result<RunId, String>,
        now: Timestamp,
    ) -> ActionOutcome {
        planner::apply_outcome(state, action, outcome, now)
    }
}

impl Preview for Retrain {
    fn preview(event: &Event) -> Observed {
        match &event.body {
            Body::Alarm(alarm) => Observed { alarm: drift::preview(alarm), ..Observed::default() },
            _ => Observed { run: engines::status_change(event).map(|change| change.status), ..Observed::default() },
        }
    }
}

/// The context of the decision; `None` if the policy has no `[retrain]`.
fn context<'a>(ctx: &Context<'a, State, Observed>, policy: &'a Policy) -> Option<Ctx<'a>> {
    let retrain = policy.retrain.as_ref()?;
    Some(Ctx { event: ctx.event, policy, retrain, state: ctx.state, observed: ctx.observed, now: ctx.now })
}

fn on_fact(ctx: &Ctx<'_>, fact: &Fact) -> Plan {
    match fact::read(fact) {
        Ok(Some(request)) => planner::on_request(ctx, request),
        Ok(None) => not_concerned(),
        Err(malformed) => Plan::fail(malformed.code, malformed.text),
    }
}

fn not_concerned() -> Plan {
    Plan::skip(Code::NotConcerned, "the event neither triggers a run nor ends one")
}

/// The keys by which a policy may name the place of this object. Consoles create empty objects for folders, which are
/// no data.
fn data_keys(object: &Object) -> Vec<Key> {
    if !object.is_data() {
        return Vec::new();
    }
    let group = object.feature_group().filter(|name| FeatureGroupName::parse(name).is_ok());
    let group = group.map(|name| Key { kind: KeyKind::FeatureGroup, name: name.to_owned() });
    let folders = object.folders().into_iter().map(|name| Key { kind: KeyKind::DataPrefix, name });
    group.into_iter().chain(folders).collect()
}
