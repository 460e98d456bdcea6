//! `trimtab retrain`.

use jiff::Timestamp;
use trimtab_core::name::ModelName;
use trimtab_core::port::Bus;
use trimtab_core::request::{ID, Request, Retrain};

use crate::aws::{BusOptions, OperatorOptions};
use crate::commands::Requested;
use crate::fault::Fault;
use crate::ui::Ui;

/// The arguments.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Model
    model: String,
    #[command(flatten)]
    operator: OperatorOptions,
    /// Reason; recorded in the history
    #[arg(long)]
    reason: String,
    /// Idempotency key: repeated requests with the same key start one run [default: the current minute]
    #[arg(long, value_name = "ID")]
    request: Option<String>,
    /// Ignore the budget
    #[arg(long)]
    over_budget: bool,
    #[command(flatten)]
    bus: BusOptions,
}

/// Requests a training run, and prints the [`Requested`].
///
/// # Errors
/// The text is not a model's name, or the bus did not accept the request.
pub async fn run(ui: &mut Ui, args: Args) -> Result<(), Fault> {
    let Args { model, operator, reason, request, over_budget, bus } = args;
    if request.as_ref().is_some_and(|id| id.chars().count() > ID) {
        return Err(Fault::TooLong { argument: "--request", limit: ID });
    }
    let request = Retrain { by: operator.name()?, reason: Some(reason), id: request, over_budget };
    ui.print(&retrain(&bus.open().await, &ModelName::parse(&model)?, request, Timestamp::now()).await?);
    Ok(())
}

/// Requests a training run.
///
/// # Errors
/// The bus did not accept the request.
pub async fn retrain<B: Bus + Sync>(
    bus: &B,
    model: &ModelName,
    request: Retrain,
    now: Timestamp,
) -> Result<Requested, Fault> {
    let reason = request.reason.as_deref().unwrap_or("no reason given");
    let reason = format!("requested by {}: {reason}", request.by);
    let fact = Request::Retrain(request).into_fact(model, reason, now);
    let what = format!("a training run of {model} ({})", fact.subject);
    Requested::publish(bus, &fact, what).await
}
