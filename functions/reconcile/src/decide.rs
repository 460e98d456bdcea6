//! Who is asked to look.

use jiff::Timestamp;
use serde::Serialize;
use trimtab_core::event::{Body, Event};
use trimtab_core::fact::{self, Fact, FactKind};
use trimtab_core::name::ModelName;
use trimtab_core::plan::{Plan, Reason};
use trimtab_core::policy::Policy;
use trimtab_core::reactor::{ActionOutcome, Context, Decide, Preview, Subject};

/// The deciding half of `reconcile`.
#[derive(Debug, Clone, Copy)]
pub struct Reconcile;

/// What `reconcile` can do: nothing but ask, and that is a fact.
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
        "looks".to_owned()
    }

    fn decide(ctx: &Context<'_, (), Vec<ModelName>>) -> Plan<(), Action> {
        let models = ctx.observed;
        let text = format!("models that are looked after, and asked about: {}", models.len());
        let facts = models.iter().map(|model| look(model, ctx.now)).collect();
        Plan { facts, ..Plan::skip("asked", text) }
    }

    fn pending_actions((): &(), _: &Context<'_, (), Vec<ModelName>>) -> Vec<Action> {
        Vec::new()
    }

    fn apply_outcome((): &mut (), action: &Action, _: Result<(), String>, _: Timestamp) -> ActionOutcome {
        match *action {}
    }
}

impl Preview for Reconcile {
    /// The clock names no model.
    fn preview(_: &Event) -> Vec<ModelName> {
        Vec::new()
    }
}

/// Asks the functions to look at this model.
#[must_use]
pub fn look(model: &ModelName, at: Timestamp) -> Fact {
    let reason = Reason::new("asked", "what AWS did not tell of is looked for");
    Fact {
        kind: FactKind::ReconcileRequested,
        version: fact::VERSION,
        model: Some(model.clone()),
        dedup_key: format!("look/{model}/{at}"),
        at,
        reasons: vec![reason.text],
        details: std::collections::BTreeMap::new(),
    }
}
