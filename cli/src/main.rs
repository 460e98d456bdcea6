//! `trimtab`: plan offline, apply policies, promote and roll back, pause and resume.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand, ValueEnum};
use trimtab_cli::fault::Fault;
use trimtab_cli::redrive::{Queue, Redrive};
use trimtab_cli::{operate, plan, policies, recipients, release, rules};

/// Keeps machine-learning models on course on Amazon SageMaker.
#[derive(Parser)]
#[command(version, about)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Print what Trimtab would do for an event, and why, without calling AWS
    Plan {
        /// Directory of policies
        #[arg(long, value_name = "DIR")]
        policies: PathBuf,
        /// File with the event, as EventBridge delivers it
        event: PathBuf,
        /// Output format
        #[arg(long, value_enum, default_value_t = Format::Text)]
        format: Format,
    },
    /// Validate policies, store them in the ledger and subscribe their recipients to the SNS topic
    Apply {
        /// Directory of policies
        #[arg(long, value_name = "DIR")]
        policies: PathBuf,
        #[command(flatten)]
        ledger: Table,
        /// SNS topic, the stack's output `TopicArn`; if omitted, subscriptions are left unchanged
        #[arg(long, env = "TRIMTAB_TOPIC_ARN", value_name = "ARN")]
        topic: Option<String>,
        /// Validate only
        #[arg(long)]
        check: bool,
    },
    /// Print what Trimtab did for a model, and why; without a model, what belongs to no model
    History {
        /// Model
        model: Option<String>,
        #[command(flatten)]
        ledger: Table,
    },
    /// List dead-lettered events with the reason of each
    DeadLetters {
        #[command(flatten)]
        ledger: Table,
    },
    /// Send dead-lettered and failed events to their functions again; safe to repeat
    Redrive {
        /// Redrive this source only
        #[arg(long, value_enum)]
        queue: Option<Queue>,
        /// Print what would be sent, and send nothing
        #[arg(long)]
        dry_run: bool,
        /// Name of the CloudFormation stack: the prefix of its queues and functions
        #[arg(long, env = "TRIMTAB_STACK", default_value = "trimtab")]
        stack: String,
        #[command(flatten)]
        ledger: Table,
    },
    /// Reconcile a model now instead of waiting for the next scheduled run
    Reconcile {
        /// Model
        model: String,
        /// Trimtab's event bus
        #[arg(long, env = "TRIMTAB_BUS", default_value = "trimtab")]
        bus: String,
    },
    /// Request a training run of a model; ignores the cool-down, respects the budget
    Retrain {
        /// Model
        model: String,
        /// Who requests it; part of the recorded reason
        #[arg(long, env = "USER")]
        by: String,
        /// Reason
        #[arg(long)]
        reason: String,
        /// Idempotency key: repeated requests with the same key start one run [default: the current minute]
        #[arg(long, value_name = "ID")]
        request: Option<String>,
        /// Ignore the budget
        #[arg(long)]
        over_budget: bool,
        /// Trimtab's event bus
        #[arg(long, env = "TRIMTAB_BUS", default_value = "trimtab")]
        bus: String,
    },
    /// Promote a version into a stage that requires manual approval
    Promote {
        /// Model
        model: String,
        /// Version
        version: u32,
        /// Stage
        #[arg(long, value_name = "STAGE")]
        to: String,
        /// Who promotes it; part of the recorded reason
        #[arg(long, env = "USER")]
        by: String,
        /// Trimtab's event bus
        #[arg(long, env = "TRIMTAB_BUS", default_value = "trimtab")]
        bus: String,
    },
    /// Roll a stage back to its previous version, whatever the state of its endpoint
    Rollback {
        /// Model
        model: String,
        /// Stage [default: the last one]
        #[arg(long)]
        stage: Option<String>,
        /// Version to roll back to, if not the previous one: it must have been live there, or be approved
        #[arg(long, value_name = "VERSION")]
        to: Option<u32>,
        /// Who requests it; part of the recorded reason
        #[arg(long, env = "USER")]
        by: String,
        /// Trimtab's event bus
        #[arg(long, env = "TRIMTAB_BUS", default_value = "trimtab")]
        bus: String,
    },
    /// Pause all automation for a model, or for all models; events received meanwhile are dead-lettered
    Pause {
        /// Model [default: all models]
        model: Option<String>,
        /// Who pauses it; part of the recorded reason
        #[arg(long, env = "USER")]
        by: String,
        #[command(flatten)]
        ledger: Table,
    },
    /// End a pause
    Resume {
        /// Model [default: the pause of all models]
        model: Option<String>,
        #[command(flatten)]
        ledger: Table,
    },
}

#[derive(clap::Args)]
struct Table {
    /// DynamoDB table of the ledger
    #[arg(long, env = "TRIMTAB_TABLE", default_value = "trimtab-ledger")]
    table: String,
}

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    /// Readable text
    Text,
    /// JSON: an array with one object for each function
    Json,
}

fn main() -> ExitCode {
    match run(Arguments::parse().command) {
        // A reader that has gone away is not a fault.
        Ok(said) => std::io::stdout().write_all(said.as_bytes()).map_or(ExitCode::SUCCESS, |()| ExitCode::SUCCESS),
        Err(fault) => {
            let mut stderr = std::io::stderr();
            let _ = writeln!(stderr, "error: {fault}");
            if let Some(hint) = fault.hint() {
                let _ = writeln!(stderr, "hint: {hint}");
            }
            ExitCode::from(fault.exit_code())
        }
    }
}

#[tokio::main(flavor = "current_thread")]
async fn run(command: Command) -> Result<String, Fault> {
    match command {
        Command::Plan { policies, event, format } => {
            let set = policies::read(&policies)?;
            let (raw, event) = plan::read(&event)?;
            let functions = rules::matching(&rules::embedded()?, &raw);
            let plans = plan::plans(&functions, &event, &set);
            Ok(match format {
                Format::Text => plan::text(&plans),
                Format::Json => format!("{:#}\n", serde_json::json!(plans)),
            })
        }
        Command::Apply { policies, check: true, .. } => {
            let set = policies::read(&policies)?;
            recipients::plan(&set, &[])?;
            Ok(format!("{} policies are in order\n", set.policies.len()))
        }
        Command::Apply { policies, ledger, topic, .. } => {
            let set = policies::read(&policies)?;
            let topic = recipients::topic(topic.as_deref(), &set)?;
            let aws = operate::aws().await;
            let subscriptions = topic.map(|topic| trimtab_sns::SnsSubscriptions::new(&aws, topic));
            // Examined before anything is written: what cannot be done is said first.
            let plan = recipients::planned(subscriptions.as_ref(), &set).await?;
            let said = operate::apply(&trimtab_ledger::DynamoLedger::new(&aws, ledger.table), &set).await?;
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
        Command::Reconcile { model, bus } => operate::reconcile(bus, &model, jiff::Timestamp::now()).await,
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
