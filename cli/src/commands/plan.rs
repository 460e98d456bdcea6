//! `trimtab plan`: what Trimtab would do about an event, offline. The ledger is taken as empty, the time is the event's,
//! and the observed state is the one that the event implies.

use std::fmt;
use std::future::Future;
use std::path::{Path, PathBuf};
use std::sync::Arc;

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
use trimtab_core::name::ModelName;
use trimtab_core::plan::Decision;
use trimtab_core::policy::{Key, OrganizationPolicy, Policy};
use trimtab_core::port::PortResult;
use trimtab_core::reactor::{Context, Decide, PolicyIndex, Preview, Resolved, Subject, resolve};

use crate::fault::Fault;
use crate::policies::{self, PolicySet};
use crate::rules;
use crate::ui::Ui;

/// The arguments.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Directory of policies
    #[arg(long, value_name = "DIR")]
    policies: PathBuf,
    /// File with the event, as EventBridge delivers it
    event: PathBuf,
}

/// The plans of all functions that react to an event, in the order of the template; empty if none does.
///
/// JSON: an array of [`Planned`].
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Plans(pub Vec<Planned>);

/// One function's plan.
///
/// JSON: `{"function": "deploy", "model": "churn", "decision": "acted", "actions": [{"service": "sagemaker", "action":
/// "CreateModel", …}], "reasons": ["…"]}`; the model is `null` for an event without one. The other fields of an action
/// are the request.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Planned {
    /// The function.
    pub function: &'static str,
    /// The model; `None` for an event that belongs to no model, or to one without a policy.
    pub model: Option<String>,
    /// How the reaction would end.
    pub decision: Decision,
    /// The calls, in order.
    pub actions: Vec<Value>,
    /// The reasons.
    pub reasons: Vec<String>,
}

/// Prints the [`Plans`].
///
/// # Errors
/// The policies or the event are invalid.
pub async fn run(ui: &mut Ui, args: Args) -> Result<(), Fault> {
    let set = policies::read(&args.policies)?;
    let (raw, event) = read(&args.event)?;
    let functions = rules::matching(&rules::embedded()?, &raw);
    ui.print(&plans(&functions, &event, &set).await?);
    Ok(())
}

/// Reads an event from a file.
///
/// # Errors
/// The file cannot be read, is not JSON, or is not an event.
pub fn read(path: &Path) -> Result<(Value, Event), Fault> {
    let label = || path.display().to_string();
    let text = std::fs::read_to_string(path).map_err(|cause| Fault::File { path: label(), cause })?;
    let raw: Value = serde_json::from_str(&text).map_err(|cause| Fault::Json { path: label(), cause })?;
    let event = Event::parse(&raw).map_err(|cause| Fault::Event { path: label(), cause })?;
    Ok((raw, event))
}

/// The plans of these functions, in this order.
///
/// # Errors
/// None for policies of a directory.
pub async fn plans(functions: &[String], event: &Event, set: &PolicySet) -> Result<Plans, Fault> {
    let mut plans = Vec::new();
    for function in functions {
        plans.extend(of_function(function, event, set).await?);
    }
    Ok(Plans(plans))
}

async fn of_function(function: &str, event: &Event, set: &PolicySet) -> PortResult<Option<Planned>> {
    Ok(Some(match function {
        Integrate::FUNCTION => of::<Integrate>(event, set).await?,
        Retrain::FUNCTION => of::<Retrain>(event, set).await?,
        Evaluation::FUNCTION => of::<Evaluation>(event, set).await?,
        Deploy::FUNCTION => of::<Deploy>(event, set).await?,
        Monitor::FUNCTION => of::<Monitor>(event, set).await?,
        Notify::FUNCTION => of::<Notify>(event, set).await?,
        Lineage::FUNCTION => of::<Lineage>(event, set).await?,
        Guard::FUNCTION => of::<Guard>(event, set).await?,
        Reconcile::FUNCTION => of::<Reconcile>(event, set).await?,
        _ => return Ok(None),
    }))
}

async fn of<F: Preview>(event: &Event, set: &PolicySet) -> PortResult<Planned> {
    let subject = F::subject(event);
    if subject == Subject::Lookup {
        let text = "cannot be planned offline: the model of this job must be looked up in SageMaker";
        return Ok(without_plan::<F>(Decision::Skipped, text.to_owned()));
    }
    Ok(match resolve(subject, F::is_on, set, async { Ok(None) }).await? {
        Resolved::Model(policy) => decided::<F>(event, Some(&policy), None),
        Resolved::Organization(policy) => decided::<F>(event, None, Some(&policy)),
        Resolved::Platform => decided::<F>(event, None, None),
        Resolved::NotConcerned(reason) | Resolved::Unrecorded(reason) => {
            without_plan::<F>(Decision::Skipped, reason.text)
        }
        Resolved::Unknown(reason) => without_plan::<F>(Decision::Failed, reason.text),
    })
}

fn decided<F: Preview>(event: &Event, policy: Option<&Policy>, organization: Option<&OrganizationPolicy>) -> Planned {
    let (state, observed) = (F::State::default(), F::preview(event));
    let plan = F::decide(&Context {
        event,
        policy,
        organization,
        state: &state,
        observed: &observed,
        now: event.envelope.time,
    });
    Planned {
        function: F::FUNCTION,
        model: policy.map(|policy| policy.model.to_string()),
        decision: plan.decision,
        actions: plan.actions.iter().map(|action| serde_json::to_value(action).unwrap_or_default()).collect(),
        reasons: plan.reasons.iter().map(|reason| reason.text.clone()).collect(),
    }
}

fn without_plan<F: Preview>(decision: Decision, reason: String) -> Planned {
    Planned { function: F::FUNCTION, model: None, decision, actions: Vec::new(), reasons: vec![reason] }
}

impl PolicyIndex for PolicySet {
    async fn owner(&self, key: &Key) -> PortResult<Option<ModelName>> {
        let owner = self.policies.iter().find(|policy| policy.keys().contains(key));
        Ok(owner.map(|policy| policy.model.clone()))
    }

    async fn policy_of(&self, model: &ModelName) -> PortResult<Option<Arc<Policy>>> {
        Ok(self.policies.iter().find(|policy| policy.model == *model).cloned().map(Arc::new))
    }

    fn organization(&self) -> impl Future<Output = PortResult<Option<Arc<OrganizationPolicy>>>> + Send {
        std::future::ready(Ok(self.organization.clone().map(Arc::new)))
    }
}

impl fmt::Display for Plans {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str("no function reacts to this event\n");
        }
        for (place, plan) in self.0.iter().enumerate() {
            let gap = if place == 0 { "" } else { "\n" };
            write!(f, "{gap}{plan}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Planned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let model = self.model.as_deref().map(|model| format!(" for {model}")).unwrap_or_default();
        writeln!(f, "{}: {}{model}", self.function, self.decision.as_str())?;
        for reason in &self.reasons {
            writeln!(f, "  because {reason}")?;
        }
        for action in &self.actions {
            let text = |field: &str| action.get(field).and_then(Value::as_str).unwrap_or("unknown");
            writeln!(f, "  does    {}:{}", text("service"), text("action"))?;
            for (field, value) in parameters(action) {
                writeln!(f, "          {field}: {value}")?;
            }
        }
        Ok(())
    }
}

/// The request of an action as lines: nested fields with dots, and of a longer text its first line.
fn parameters(action: &Value) -> Vec<(String, String)> {
    let mut lines = Vec::new();
    let Value::Object(fields) = action else { return lines };
    for (field, value) in fields.iter().filter(|(field, _)| !["service", "action"].contains(&field.as_str())) {
        flatten(field, value, &mut lines);
    }
    lines
}

fn flatten(path: &str, value: &Value, lines: &mut Vec<(String, String)>) {
    match value {
        Value::Null => {}
        Value::Object(fields) => {
            fields.iter().for_each(|(field, value)| flatten(&format!("{path}.{field}"), value, lines));
        }
        Value::Array(members) if members.iter().any(Value::is_object) => {
            members.iter().enumerate().for_each(|(place, value)| flatten(&format!("{path}[{place}]"), value, lines));
        }
        Value::Array(members) => {
            let texts: Vec<String> = members.iter().map(text).collect();
            lines.push((path.to_owned(), format!("[{}]", texts.join(", "))));
        }
        scalar => lines.push((path.to_owned(), text(scalar))),
    }
}

fn text(value: &Value) -> String {
    let Value::String(text) = value else { return value.to_string() };
    let count = text.lines().count();
    match text.lines().next() {
        Some(first) if count > 1 => format!("{first} … ({count} lines)"),
        first => first.unwrap_or("\"\"").to_owned(),
    }
}
