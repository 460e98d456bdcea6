//! `trimtab dead-letters`.

use std::fmt;

use serde::Serialize;
use serde_json::Value;
use trimtab_core::port::HistoryEntry;
use trimtab_ledger::DynamoLedger;

use super::history::write_entry;
use crate::aws::LedgerOptions;
use crate::fault::Fault;
use crate::ui::Ui;

/// The arguments.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    ledger: LedgerOptions,
}

/// All dead letters, the oldest first.
///
/// JSON: an array of entries as in `trimtab history`, each with `event`: the event as EventBridge delivered it, or
/// `null` if it was too large to be stored whole.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(transparent)]
pub struct DeadLetters(pub Vec<DeadLetter>);

/// An event that is stored in the ledger because of a permanent failure or a pause.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DeadLetter {
    /// The record of the failure.
    #[serde(flatten)]
    pub entry: HistoryEntry,
    /// The event; `None` if it was too large to be stored whole.
    pub event: Option<Value>,
}

/// Prints the [`DeadLetters`].
///
/// # Errors
/// The ledger cannot be read.
pub async fn run(ui: &mut Ui, args: Args) -> Result<(), Fault> {
    ui.print(&dead_letters(&args.ledger.open().await).await?);
    Ok(())
}

/// All dead letters of the ledger.
///
/// # Errors
/// The ledger cannot be read.
pub async fn dead_letters(ledger: &DynamoLedger) -> Result<DeadLetters, Fault> {
    let all = ledger.dead_letters().await?;
    Ok(DeadLetters(all.into_iter().map(|letter| DeadLetter { entry: letter.entry, event: letter.event }).collect()))
}

impl fmt::Display for DeadLetters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str("no dead letters\n");
        }
        self.0.iter().try_for_each(|letter| write_entry(f, &letter.entry))
    }
}
