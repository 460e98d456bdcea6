//! What the suite would do about an event: offline, with an empty ledger, by the event's own clock,
//! and taking the event for the whole truth.

use std::path::Path;

use deploy::Deploy;
use evaluate::Evaluation;
use guard::Guard;
use integrate::Integrate;
use lineage::Lineage;
use monitor::Monitor;
use notify::Notify;
use reconcile::Reconcile;
use retrain::Retrain;
use serde::Serialize;
use serde_json::Value;
use trimtab_core::event::Event;
use trimtab_core::plan::Decision;
use trimtab_core::policy::{Key, OrganizationPolicy, Policy};
use trimtab_core::reactor::{Context, Decide, Subject};

use crate::fault::Fault;
use crate::policies::PolicySet;

/// One function's plan.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Planned {
    /// The function.
    pub function: &'static str,
    /// The model; `None` for what belongs to the suite, or to a model that no policy knows.
    pub model: Option<String>,
    /// How the reaction would end.
    pub decision: Decision,
    /// The calls it would make, in order: `action` is the API's name, the rest its request.
    pub actions: Vec<Value>,
    /// Why.
    pub reasons: Vec<String>,
}

/// Reads an event from a file.
///
/// # Errors
/// The file cannot be read, is no JSON, or is no event.
pub fn read(path: &Path) -> Result<(Value, Event), Fault> {
    let label = || path.display().to_string();
    let text = std::fs::read_to_string(path).map_err(|cause| Fault::File { path: label(), cause })?;
    let raw: Value = serde_json::from_str(&text).map_err(|cause| Fault::Json { path: label(), cause })?;
    let event = Event::parse(&raw).map_err(|cause| Fault::Event { path: label(), cause })?;
    Ok((raw, event))
}

/// The plans of these functions, in this order.
#[must_use]
pub fn plans(functions: &[String], event: &Event, set: &PolicySet) -> Vec<Planned> {
    functions.iter().filter_map(|function| of_function(function, event, set)).collect()
}

fn of_function(function: &str, event: &Event, set: &PolicySet) -> Option<Planned> {
    match function {
        Integrate::FUNCTION => Some(of::<Integrate>(event, set)),
        Retrain::FUNCTION => Some(of::<Retrain>(event, set)),
        Evaluation::FUNCTION => Some(of::<Evaluation>(event, set)),
        Deploy::FUNCTION => Some(of::<Deploy>(event, set)),
        Monitor::FUNCTION => Some(of::<Monitor>(event, set)),
        Notify::FUNCTION => Some(of::<Notify>(event, set)),
        Lineage::FUNCTION => Some(of::<Lineage>(event, set)),
        Guard::FUNCTION => Some(of::<Guard>(event, set)),
        Reconcile::FUNCTION => Some(of::<Reconcile>(event, set)),
        _ => None,
    }
}

fn of<D: Decide>(event: &Event, set: &PolicySet) -> Planned {
    let policies = &set.policies;
    let nothing = |reason: String, decision| Planned {
        function: D::FUNCTION,
        model: None,
        decision,
        actions: Vec::new(),
        reasons: vec![reason],
    };
    match D::subject(event) {
        Subject::None => nothing("nothing in this event concerns this function".to_owned(), Decision::Skipped),
        Subject::Platform => decided::<D>(event, None, None),
        Subject::Organization => match set.organization.as_ref().filter(|suite| D::is_on(suite)) {
            Some(suite) => decided::<D>(event, None, Some(suite)),
            None => nothing("organization.toml does not ask for this".to_owned(), Decision::Skipped),
        },
        Subject::Model(model) => match policies.iter().find(|policy| policy.model == model) {
            Some(policy) => decided::<D>(event, Some(policy), None),
            None => nothing(format!("model {model} has no policy"), Decision::Failed),
        },
        Subject::Keys(keys) => match keys.iter().find_map(|key| owner(policies, key)) {
            Some(policy) => decided::<D>(event, Some(policy), None),
            None => nothing("no model's policy watches this".to_owned(), Decision::Skipped),
        },
        Subject::Asked => nothing(
            "it depends on what AWS says: the event does not name what a policy could know it by".to_owned(),
            Decision::Skipped,
        ),
        Subject::Key(key) => match owner(policies, &key) {
            Some(policy) => decided::<D>(event, Some(policy), None),
            None => nothing(format!("no model has {key} in its policy"), Decision::Failed),
        },
    }
}

fn owner<'a>(policies: &'a [Policy], key: &Key) -> Option<&'a Policy> {
    policies.iter().find(|policy| policy.keys().contains(key))
}

fn decided<D: Decide>(event: &Event, policy: Option<&Policy>, suite: Option<&OrganizationPolicy>) -> Planned {
    let (state, observed) = (D::State::default(), D::assume(event));
    let plan =
        D::decide(&Context { event, policy, suite, state: &state, observed: &observed, now: event.envelope.time });
    Planned {
        function: D::FUNCTION,
        model: policy.map(|policy| policy.model.to_string()),
        decision: plan.decision,
        actions: plan.actions.iter().map(|action| serde_json::to_value(action).unwrap_or_default()).collect(),
        reasons: plan.reasons.iter().map(|reason| reason.text.clone()).collect(),
    }
}

/// The plans as people read them.
#[must_use]
pub fn text(plans: &[Planned]) -> String {
    if plans.is_empty() {
        return "no function reacts to this event\n".to_owned();
    }
    plans.iter().map(one).collect::<Vec<_>>().join("\n")
}

fn one(plan: &Planned) -> String {
    let model = plan.model.as_deref().map(|model| format!(" for {model}")).unwrap_or_default();
    let reasons = plan.reasons.iter().map(|reason| format!("  because {reason}\n"));
    let actions = plan.actions.iter().map(|action| {
        let name = action.get("action").and_then(Value::as_str).unwrap_or("unknown");
        let service = action.get("service").and_then(Value::as_str).unwrap_or("unknown");
        format!("  does    {service}:{name}\n")
    });
    let body: String = reasons.chain(actions).collect();
    format!("{}: {}{model}\n{body}", plan.function, plan.decision.as_str())
}
