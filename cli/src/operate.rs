//! What operators do to the ledger: apply policies, pause, resume.

use aws_config::BehaviorVersion;
use jiff::Timestamp;
use trimtab_core::name::ModelName;
use trimtab_core::policy::Policy;
use trimtab_core::port::Pause;
use trimtab_ledger::{DynamoLedger, Scope};

use crate::fault::Fault;

/// The ledger in this table, as the operator's own credentials reach it.
pub async fn ledger(table: String) -> DynamoLedger {
    DynamoLedger::new(&aws_config::load_defaults(BehaviorVersion::v2026_01_12()).await, table)
}

/// One model, or the whole suite.
///
/// # Errors
/// The text is no model's name.
pub fn scope(model: Option<&str>) -> Result<Scope, Fault> {
    Ok(match model {
        Some(name) => Scope::Model(ModelName::parse(name)?),
        None => Scope::Suite,
    })
}

/// Applies each policy, and says so.
///
/// # Errors
/// The first that the ledger does not take; those before it are applied, and applying is safe to repeat.
pub async fn apply(ledger: &DynamoLedger, policies: &[Policy]) -> Result<String, Fault> {
    let mut said = String::new();
    for policy in policies {
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

/// Lets the scope go on.
///
/// # Errors
/// The ledger did not take it.
pub async fn resume(ledger: &DynamoLedger, scope: &Scope) -> Result<String, Fault> {
    ledger.resume(scope).await?;
    Ok(format!("resumed {}\n", name(scope)))
}

fn name(scope: &Scope) -> &str {
    match scope {
        Scope::Model(model) => model.as_str(),
        Scope::Suite => "the suite",
    }
}
