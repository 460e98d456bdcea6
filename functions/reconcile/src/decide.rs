//! The decision: a request for each model that is reconciled.

use jiff::Timestamp;
use serde::Serialize;
use trimtab_core::event::{Body, Event};
use trimtab_core::name::ModelName;
use trimtab_core::plan::Plan;
use trimtab_core::policy::Policy;
use trimtab_core::reactor::{ActionOutcome, Context, Decide, Preview, Subject};

use crate::fact;
use crate::reason::Code;

/// Decisions of `reconcile`.
#[derive(Debug, Clone, Copy)]
pub struct Reconcile;

/// None: `reconcile` publishes requests, and changes nothing in AWS.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub enum Action {}

impl Decide for Reconcile {
    type State = ();
    type Observed = Vec<ModelName>;
    type Action = Action;
    type Done = ();

    const FUNCTION: &'static str = "reconcile";

    fn subject(event: &Event) -> Subject {
        match event.body {
            Body::Scheduled => Subject::Platform,
            _ => Subject::None,
        }
    }

    fn aggregate(_: &Event, _: Option<&Policy>) -> String {
        "reconcile".to_owned()
    }

    /// None: a scheduled event names no model.
    fn decide(ctx: &Context<'_, (), Vec<ModelName>>) -> Plan<(), Action> {
        let models = ctx.observed;
        let text = format!("models with a [reconcile] table, each reconciled now: {}", models.len());
        let facts = models.iter().map(|model| fact::reconcile_requested(model, ctx.now)).collect();
        Plan { facts, ..Plan::skip(Code::ReconcileRequested, text) }
    }

    fn pending_actions((): &(), _: &Context<'_, (), Vec<ModelName>>) -> Vec<Action> {
        Vec::new()
    }

    fn apply_outcome((): &mut (), action: &Action, _: Result<(), String>, _: Timestamp) -> ActionOutcome {
        match *action {}
    }
}

impl Preview for Reconcile {
    fn preview(_: &Event) -> Vec<ModelName> {
        Vec::new()
    }
}
