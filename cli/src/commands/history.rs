//! `trimtab history`.

use std::fmt;

use serde::Serialize;
use trimtab_core::port::HistoryEntry;
use trimtab_core::text::one_line;
use trimtab_ledger::{DynamoLedger, Scope};

use super::pause::name;
use crate::aws::{LedgerOptions, scope};
use crate::fault::Fault;
use crate::ui::Ui;

/// The arguments.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Model [default: events without a model]
    model: Option<String>,
    #[command(flatten)]
    ledger: LedgerOptions,
}

/// The history of a model, or of events without a model, in the order of the events.
///
/// JSON: an array of entries, each with `at`, `event_time`, `function`, `owner`, `event_id`, `source`, `detail_type`,
/// `decision`, `reasons` and `actions`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct History {
    /// The entries.
    pub entries: Vec<HistoryEntry>,
    #[serde(skip)]
    model: Option<String>,
}

/// Prints the [`History`].
///
/// # Errors
/// The text is not a model's name, or the ledger cannot be read.
pub async fn run(ui: &mut Ui, args: Args) -> Result<(), Fault> {
    let scope = scope(args.model.as_deref())?;
    ui.print(&history(&args.ledger.open().await, &scope).await?);
    Ok(())
}

/// The history of the scope.
///
/// # Errors
/// The ledger cannot be read.
pub async fn history(ledger: &DynamoLedger, scope: &Scope) -> Result<History, Fault> {
    Ok(History { entries: ledger.history(scope).await?, model: name(scope) })
}

impl fmt::Display for History {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.entries.is_empty() {
            return match &self.model {
                Some(model) => writeln!(f, "no history of {model}"),
                None => f.write_str("no events without a model\n"),
            };
        }
        self.entries.iter().try_for_each(|entry| write_entry(f, entry))
    }
}

/// Writes one entry: when, which function, the decision and the event; below it the reasons and the actions.
pub(super) fn write_entry(f: &mut fmt::Formatter<'_>, entry: &HistoryEntry) -> fmt::Result {
    let at = entry.at.strftime("%Y-%m-%d %H:%M:%SZ");
    let event = one_line(&entry.detail_type, 120);
    writeln!(f, "{at} {} {}: {event}", entry.function, entry.decision.as_str())?;
    for reason in &entry.reasons {
        writeln!(f, "    because {}", one_line(reason, 400))?;
    }
    let actions: Vec<&str> = entry.actions.iter().filter_map(|action| action.get("action")?.as_str()).collect();
    if actions.is_empty() { Ok(()) } else { writeln!(f, "    did {}", actions.join(", ")) }
}
