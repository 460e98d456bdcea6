//! The commands: each file has the arguments, the typed result and the function of one command.

use clap::{CommandFactory, Parser, Subcommand};

use crate::fault::Fault;
use crate::ui::{Output, Ui};

pub mod apply;
pub mod completions;
pub mod dead_letters;
pub mod history;
pub mod pause;
pub mod plan;
pub mod promote;
pub mod reconcile;
pub mod redrive;
pub mod remove;
pub mod resume;
pub mod retrain;
pub mod rollback;

mod requested;

pub use requested::Requested;

/// The exit codes, as `trimtab --help` and the reference print them.
const EXIT_CODES: &str = "\
Exit codes:
  0  The command succeeded.
  1  AWS refused or was unreachable, or the state of Trimtab does not allow it: work in flight, a key of another
     model, keys that two models swap, a model that is not applied, an event or a subscription that failed.
     What was done until then is printed.
  2  The arguments, the policies or the event are invalid. Nothing was done.";

/// Automates MLOps on Amazon SageMaker: plan offline, apply policies, operate
#[derive(Debug, Parser)]
#[command(name = "trimtab", version, after_help = EXIT_CODES, max_term_width = 120)]
pub struct Cli {
    /// Output format
    #[arg(long, global = true, value_enum, default_value_t, value_name = "FORMAT")]
    pub output: Output,
    /// The command.
    #[command(subcommand)]
    pub command: Command,
}

/// A command with its arguments.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Print what Trimtab would do for an event, and why, without calling AWS
    Plan(plan::Args),
    /// Validate policies, store them in the ledger and subscribe their recipients to the SNS topic
    Apply(apply::Args),
    /// Remove the policy, the keys and the subscriptions of a model
    Remove(remove::Args),
    /// Print what Trimtab did, and why
    History(history::Args),
    /// List dead-lettered events with the reason of each
    DeadLetters(dead_letters::Args),
    /// Send dead-lettered and failed events to their functions again; safe to repeat
    Redrive(redrive::Args),
    /// Reconcile a model now instead of waiting for the next scheduled run
    Reconcile(reconcile::Args),
    /// Request a training run of a model; ignores the cool-down, respects the budget
    Retrain(retrain::Args),
    /// Promote a version into a stage with a manual gate, or end its variant test
    Promote(promote::Args),
    /// Roll a stage back to its previous version, whatever the state of its endpoint
    Rollback(rollback::Args),
    /// Pause all automation for a model, or for all models; events received meanwhile are dead-lettered
    Pause(pause::Args),
    /// End a pause
    Resume(resume::Args),
    /// Print a shell completion script
    Completions(completions::Args),
}

impl Command {
    /// Runs the command and prints its result.
    ///
    /// # Errors
    /// The command was refused or failed. What was done until then is printed.
    pub async fn run(self, ui: &mut Ui) -> Result<(), Fault> {
        match self {
            Self::Plan(args) => plan::run(ui, args).await,
            Self::Apply(args) => apply::run(ui, args).await,
            Self::Remove(args) => remove::run(ui, args).await,
            Self::History(args) => history::run(ui, args).await,
            Self::DeadLetters(args) => dead_letters::run(ui, args).await,
            Self::Redrive(args) => redrive::run(ui, args).await,
            Self::Reconcile(args) => reconcile::run(ui, args).await,
            Self::Retrain(args) => retrain::run(ui, args).await,
            Self::Promote(args) => promote::run(ui, args).await,
            Self::Rollback(args) => rollback::run(ui, args).await,
            Self::Pause(args) => pause::run(ui, args).await,
            Self::Resume(args) => resume::run(ui, args).await,
            Self::Completions(args) => {
                completions::run(ui, &args);
                Ok(())
            }
        }
    }
}

/// The command line, for the completions and the reference.
#[must_use]
pub fn command() -> clap::Command {
    Cli::command()
}
