//! `trimtab pause`.

use std::fmt;

use jiff::Timestamp;
use serde::Serialize;
use trimtab_core::port::Pause;
use trimtab_ledger::{DynamoLedger, Scope};

use crate::aws::{LedgerOptions, OperatorOptions, scope};
use crate::fault::Fault;
use crate::ui::Ui;

/// The arguments.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Model [default: all models]
    model: Option<String>,
    #[command(flatten)]
    operator: OperatorOptions,
    #[command(flatten)]
    ledger: LedgerOptions,
}

/// A pause that began.
///
/// JSON: `{"model": "churn", "by": "maya", "since": "…"}`; the model is `null` for a pause of all models.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Paused {
    /// The model; `None` for all models.
    pub model: Option<String>,
    /// The operator.
    pub by: String,
    /// The beginning of the pause.
    pub since: Timestamp,
}

/// Pauses the scope, and prints the [`Paused`].
///
/// # Errors
/// The text is not a model's name, or the ledger did not accept the pause.
pub async fn run(ui: &mut Ui, args: Args) -> Result<(), Fault> {
    let (scope, by) = (scope(args.model.as_deref())?, args.operator.name()?);
    ui.print(&pause(&args.ledger.open().await, &scope, by, Timestamp::now()).await?);
    Ok(())
}

/// Pauses the scope.
///
/// # Errors
/// The ledger did not accept the pause.
pub async fn pause(ledger: &DynamoLedger, scope: &Scope, by: String, since: Timestamp) -> Result<Paused, Fault> {
    let pause = Pause { by, since };
    ledger.pause_at(scope, &pause).await?;
    Ok(Paused { model: name(scope), by: pause.by, since })
}

/// The model of the scope.
pub(super) fn name(scope: &Scope) -> Option<String> {
    match scope {
        Scope::Model(model) => Some(model.to_string()),
        Scope::Platform => None,
    }
}

/// The scope as text.
pub(super) fn all_or(model: Option<&String>) -> &str {
    model.map_or("all models", String::as_str)
}

impl fmt::Display for Paused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "paused {}: events received during the pause are dead-lettered", all_or(self.model.as_ref()))
    }
}
