//! `trimtab`: plan offline, apply policies, promote and roll back, pause and resume.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand, ValueEnum};
use trimtab_cli::fault::Fault;
use trimtab_cli::redrive::{Queue, Redrive};
use trimtab_cli::{models, operate, plan, recipients, release, rules};

/// Keeps machine-learning models on course on Amazon SageMaker.
#[derive(Parser)]
#[command(version, about)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Say what the suite would do about an event, and why. Offline: nothing is read from AWS or done to it.
    Plan {
        /// The folder of policies.
        #[arg(long, value_name = "DIR")]
        models: PathBuf,
        /// The event, as EventBridge delivers it.
        event: PathBuf,
        /// How to say it.
        #[arg(long, value_enum, default_value_t = Format::Text)]
        format: Format,
    },
    /// Check the policies, apply them to the ledger, and subscribe their recipients to the SNS topic.
    Apply {
        /// The folder of policies.
        #[arg(long, value_name = "DIR")]
        models: PathBuf,
        #[command(flatten)]
        ledger: Table,
        /// The topic: the stack's output `TopicArn`. Without it, who is told stays as it is.
        #[arg(long, env = "TRIMTAB_TOPIC_ARN", value_name = "ARN")]
        topic: Option<String>,
        /// Only check them.
        #[arg(long)]
        check: bool,
    },
    /// Say what was done for a model, and why; with no model, what belongs to the suite.
    History {
        /// The model.
        model: Option<String>,
        #[command(flatten)]
        ledger: Table,
    },
    /// List the events that could not be acted on, and why. They are kept whole in the ledger.
    DeadLetters {
        #[command(flatten)]
        ledger: Table,
    },
    /// Send again what waits: in the failure queues, and among the kept events. Safe to repeat.
    Redrive {
        /// Only what waits here.
        #[arg(long, value_enum)]
        queue: Option<Queue>,
        /// Only say what waits.
        #[arg(long)]
        dry_run: bool,
        /// The stack's name: its queues and functions begin with it.
        #[arg(long, env = "TRIMTAB_STACK", default_value = "trimtab")]
        stack: String,
        #[command(flatten)]
        ledger: Table,
    },
    /// Ask the functions to look at a model for what AWS did not tell of, now rather than by the clock.
    Look {
        /// The model.
        model: String,
        /// The suite's event bus.
        #[arg(long, env = "TRIMTAB_BUS", default_value = "trimtab")]
        bus: String,
    },
    /// Ask for a training run of a model. The cool-down does not hold for it; the budget does.
    Retrain {
        /// The model.
        model: String,
        /// Who asks: stands in the reason.
        #[arg(long, env = "USER")]
        by: String,
        /// Why.
        #[arg(long)]
        reason: String,
        /// By what the request is known again: however often it is made, it is one run. The minute, unless given.
        #[arg(long, value_name = "ID")]
        request: Option<String>,
        /// Whatever the budget says.
        #[arg(long)]
        over_budget: bool,
        /// The suite's event bus.
        #[arg(long, env = "TRIMTAB_BUS", default_value = "trimtab")]
        bus: String,
    },
    /// Let a version into a stage that waits for a person.
    Promote {
        /// The model.
        model: String,
        /// The version.
        version: u32,
        /// The stage.
        #[arg(long, value_name = "STAGE")]
        to: String,
        /// Who lets it in: shown to whoever asks why it is there.
        #[arg(long, env = "USER")]
        by: String,
        /// The suite's event bus.
        #[arg(long, env = "TRIMTAB_BUS", default_value = "trimtab")]
        bus: String,
    },
    /// Take a stage back to the version that was live before, whatever state its endpoint is in.
    Rollback {
        /// The model.
        model: String,
        /// The stage; the last one unless named.
        #[arg(long)]
        stage: Option<String>,
        /// The version to go back to, if another: one that was live there, or is approved.
        #[arg(long, value_name = "VERSION")]
        to: Option<u32>,
        /// Who takes it back: shown to whoever asks why it is there.
        #[arg(long, env = "USER")]
        by: String,
        /// The suite's event bus.
        #[arg(long, env = "TRIMTAB_BUS", default_value = "trimtab")]
        bus: String,
    },
    /// Stop every reaction for a model, or for all. Events that come meanwhile are kept.
    Pause {
        /// The model; all of them unless named.
        model: Option<String>,
        /// Who stops it: shown to whoever asks why nothing happens.
        #[arg(long, env = "USER")]
        by: String,
        #[command(flatten)]
        ledger: Table,
    },
    /// End a pause.
    Resume {
        /// The model; the pause of all of them unless named.
        model: Option<String>,
        #[command(flatten)]
        ledger: Table,
    },
}

#[derive(clap::Args)]
struct Table {
    /// The ledger's table.
    #[arg(long, env = "TRIMTAB_TABLE", default_value = "trimtab-ledger")]
    table: String,
}

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    /// For people.
    Text,
    /// For machines: an array with one object per function.
    Json,
}

fn main() -> ExitCode {
    match run(Arguments::parse().command) {
        // A reader that has gone away is not a fault.
        Ok(said) => std::io::stdout().write_all(said.as_bytes()).map_or(ExitCode::SUCCESS, |()| ExitCode::SUCCESS),
        Err(fault) => {
            let _ = writeln!(std::io::stderr(), "trimtab: {fault}");
            ExitCode::from(fault.exit_code())
        }
    }
}

#[tokio::main(flavor = "current_thread")]
async fn run(command: Command) -> Result<String, Fault> {
    match command {
        Command::Plan { models, event, format } => {
            let models = models::read(&models)?;
            let (raw, event) = plan::read(&event)?;
            let functions = rules::matching(&rules::embedded()?, &raw);
            let plans = plan::plans(&functions, &event, &models);
            Ok(match format {
                Format::Text => plan::text(&plans),
                Format::Json => format!("{:#}\n", serde_json::json!(plans)),
            })
        }
        Command::Apply { models, check: true, .. } => {
            let models = models::read(&models)?;
            recipients::plan(&models, &[])?;
            Ok(format!("{} policies are in order\n", models.policies.len()))
        }
        Command::Apply { models, ledger, topic, .. } => {
            let models = models::read(&models)?;
            let topic = recipients::topic(topic.as_deref(), &models)?;
            let aws = operate::aws().await;
            let subscriptions = topic.map(|topic| trimtab_sns::SnsSubscriptions::new(&aws, topic));
            // Snapshot at before anything is written: what cannot be done is said first.
            let plan = recipients::planned(subscriptions.as_ref(), &models).await?;
            let said = operate::apply(&trimtab_ledger::DynamoLedger::new(&aws, ledger.table), &models).await?;
            recipients::carry_out(subscriptions.as_ref(), &plan, said).await
        }
        Command::History { model, ledger } => {
            let scope = operate::scope(model.as_deref())?;
            operate::history(&operate::ledger(ledger.table).await, &scope).await
        }
        Command::DeadLetters { ledger } => operate::dead_letters(&operate::ledger(ledger.table).await).await,
        Command::Redrive { queue, dry_run, stack, ledger } => {
            let aws = operate::aws().await;
            let ledger = trimtab_ledger::DynamoLedger::new(&aws, ledger.table);
            Redrive::new(&aws, ledger, stack, dry_run).run(queue).await
        }
        Command::Look { model, bus } => operate::look(bus, &model, jiff::Timestamp::now()).await,
        Command::Retrain { model, by, reason, request, over_budget, bus } => {
            let model = trimtab_core::name::ModelName::parse(&model)?;
            let asked = operate::Request { model, by, reason, id: request, over_budget };
            let bus = trimtab_eventbridge::EventBus::new(&operate::aws().await, bus);
            operate::retrain(&bus, &asked, jiff::Timestamp::now()).await
        }
        Command::Promote { model, version, to, by, bus } => {
            let bus = trimtab_eventbridge::EventBus::new(&operate::aws().await, bus);
            release::promote(&bus, &model, version, &to, &by, jiff::Timestamp::now()).await
        }
        Command::Rollback { model, stage, to, by, bus } => {
            let bus = trimtab_eventbridge::EventBus::new(&operate::aws().await, bus);
            release::rollback(&bus, &model, stage.as_deref(), to, &by, jiff::Timestamp::now()).await
        }
        Command::Pause { model, by, ledger } => {
            let scope = operate::scope(model.as_deref())?;
            operate::pause(&operate::ledger(ledger.table).await, &scope, by, jiff::Timestamp::now()).await
        }
        Command::Resume { model, ledger } => {
            let scope = operate::scope(model.as_deref())?;
            operate::resume(&operate::ledger(ledger.table).await, &scope).await
        }
    }
}
