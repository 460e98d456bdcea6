//! `trimtab retrain`.

use jiff::Timestamp;
pub use retrain::fact::OperatorRequest as Request;
use trimtab_core::name::ModelName;
use trimtab_core::port::Bus;

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
    let request = Request { model: ModelName::parse(&model)?, by: operator.name()?, reason, id: request, over_budget };
    ui.print(&retrain(&bus.open().await, &request, Timestamp::now()).await?);
    Ok(())
}

/// Requests a training run.
///
/// # Errors
/// The bus did not accept the request.
pub async fn retrain<B: Bus + Sync>(bus: &B, request: &Request, now: Timestamp) -> Result<Requested, Fault> {
    let fact = request.to_fact(now);
    let what = format!("a training run of {} ({})", request.model, fact.dedup_key);
    Requested::publish(bus, &fact, what).await
}
