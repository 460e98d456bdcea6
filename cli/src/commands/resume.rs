//! `trimtab resume`.

use std::fmt;

use serde::Serialize;
use trimtab_ledger::{DynamoLedger, Scope};

use super::pause::{all_or, name};
use crate::aws::{LedgerOptions, scope};
use crate::fault::Fault;
use crate::ui::Ui;

/// The arguments.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Model [default: the pause of all models]
    model: Option<String>,
    #[command(flatten)]
    ledger: LedgerOptions,
}

/// A pause that ended.
///
/// JSON: `{"model": "churn"}`; the model is `null` for the pause of all models.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Resumed {
    /// The model; `None` for all models.
    pub model: Option<String>,
}

/// Ends the pause of the scope, and prints the [`Resumed`].
///
/// # Errors
/// The text is not a model's name, or the ledger did not accept the end of the pause.
pub async fn run(ui: &mut Ui, args: Args) -> Result<(), Fault> {
    let scope = scope(args.model.as_deref())?;
    ui.print(&resume(&args.ledger.open().await, &scope).await?);
    Ok(())
}

/// Ends the pause of the scope. Ending none succeeds.
///
/// # Errors
/// The ledger did not accept the end of the pause.
pub async fn resume(ledger: &DynamoLedger, scope: &Scope) -> Result<Resumed, Fault> {
    ledger.resume(scope).await?;
    Ok(Resumed { model: name(scope) })
}

impl fmt::Display for Resumed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scope = all_or(self.model.as_ref());
        writeln!(f, "resumed {scope}: `trimtab redrive --queue dead-letters` sends the events of the pause again")
    }
}
