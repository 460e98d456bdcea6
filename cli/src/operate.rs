//! What operators do to the ledger: apply policies, pause, resume.

use aws_config::{BehaviorVersion, SdkConfig};
use jiff::Timestamp;
pub use retrain::operator_request::Request;
use trimtab_core::name::ModelName;
use trimtab_core::port::{Bus, HistoryEntry, Pause};
use trimtab_core::text::one_line;
use trimtab_eventbridge::EventBus;
use trimtab_ledger::{DynamoLedger, Scope};

use crate::fault::Fault;
use crate::policies::PolicySet;

/// AWS as the operator's own credentials reach it.
pub async fn aws() -> SdkConfig {
    aws_config::defaults(BehaviorVersion::v2026_01_12()).http_client(trimtab_runtime::http_client()).load().await
}

/// The ledger in this table.
pub async fn ledger(table: String) -> DynamoLedger {
    DynamoLedger::new(&aws().await, table)
}

/// One model, or the whole suite.
///
/// # Errors
/// The text is no model's name.
pub fn scope(model: Option<&str>) -> Result<Scope, Fault> {
    Ok(match model {
        Some(name) => Scope::Model(ModelName::parse(name)?),
        None => Scope::Platform,
    })
}

/// Applies each policy, and what holds for the suite, and says so.
///
/// # Errors
/// The first that the ledger does not take; those before it are applied, and applying is safe to repeat.
pub async fn apply(ledger: &DynamoLedger, set: &PolicySet) -> Result<String, Fault> {
    let mut said = String::new();
    if let Some(suite) = &set.organization {
        ledger.apply_organization(suite).await?;
        said.push_str(&format!(
            "applied the suite's own: the guard is {}\n",
            if suite.guard.is_some() { "on" } else { "off" }
        ));
    }
    for policy in &set.policies {
        ledger.apply(policy).await?;
        said.push_str(&format!("applied {}: {} names lead to it\n", policy.model, policy.keys().len()));
    }
    Ok(said)
}

/// Stops the scope.
///
/// # Errors
/// The ledger did not take it.
pub async fn pause(ledger: &DynamoLedger, scope: &Scope, by: String, since: Timestamp) -> Result<String, Fault> {
    ledger.pause_at(scope, &Pause { by, since }).await?;
    Ok(format!("paused {}: events that come meanwhile are kept\n", name(scope)))
}

/// Asks the functions to look at a model now.
///
/// # Errors
/// The text is no model's name, or the bus did not take the request.
pub async fn reconcile(bus: String, model: &str, now: Timestamp) -> Result<String, Fault> {
    let model = ModelName::parse(model)?;
    EventBus::new(&aws().await, bus).publish(&reconcile::fact::reconcile_requested(&model, now)).await?;
    Ok(format!("asked for a look at {model}: trimtab history {model} says what was found\n"))
}

/// Asks for a training run.
///
/// # Errors
/// The bus did not take the request.
pub async fn retrain(bus: &EventBus, asked: &Request, now: Timestamp) -> Result<String, Fault> {
    let fact = retrain::operator_request::request(asked, now);
    bus.publish(&fact).await?;
    let model = &asked.model;
    Ok(format!("asked for a run of {model} ({}): trimtab history {model} says what came of it\n", fact.dedup_key))
}

/// Lets the scope go on.
///
/// # Errors
/// The ledger did not take it.
pub async fn resume(ledger: &DynamoLedger, scope: &Scope) -> Result<String, Fault> {
    ledger.resume(scope).await?;
    Ok(format!("resumed {}\n", name(scope)))
}

/// What was done within the scope, and why.
///
/// # Errors
/// The ledger did not answer.
pub async fn history(ledger: &DynamoLedger, scope: &Scope) -> Result<String, Fault> {
    let entries = ledger.history(scope).await?;
    if entries.is_empty() {
        return Ok(format!("nothing is on record for {}\n", name(scope)));
    }
    Ok(entries.iter().map(line).collect())
}

/// The events that could not be acted on, and why.
///
/// # Errors
/// The ledger did not answer.
pub async fn dead_letters(ledger: &DynamoLedger) -> Result<String, Fault> {
    let all = ledger.dead_letters().await?;
    if all.is_empty() {
        return Ok("no event is kept: each could be acted on\n".to_owned());
    }
    Ok(all.iter().map(|kept| line(&kept.entry)).collect())
}

/// What comes from outside was made one printable line when it was written.
fn line(entry: &HistoryEntry) -> String {
    let actions: Vec<&str> = entry.actions.iter().filter_map(|action| action.get("action")?.as_str()).collect();
    let did = if actions.is_empty() { String::new() } else { format!("\n    did {}", actions.join(", ")) };
    let reasons: String =
        entry.reasons.iter().map(|reason| format!("\n    because {}", one_line(reason, 400))).collect();
    let (at, what) = (entry.at.strftime("%Y-%m-%d %H:%M:%SZ"), one_line(&entry.detail_type, 120));
    format!("{at} {} {}: {what}{reasons}{did}\n", entry.function, entry.decision.as_str())
}

fn name(scope: &Scope) -> &str {
    match scope {
        Scope::Model(model) => model.as_str(),
        Scope::Platform => "the suite",
    }
}
