//! `trimtab reconcile`.

use jiff::Timestamp;
use trimtab_core::fact::Fact;
use trimtab_core::name::ModelName;

use crate::aws::BusOptions;
use crate::commands::Requested;
use crate::fault::Fault;
use crate::ui::Ui;

/// The arguments.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Model
    model: String,
    #[command(flatten)]
    bus: BusOptions,
}

/// Requests a reconcile, and prints the [`Requested`].
///
/// # Errors
/// The text is not a model's name, or the bus did not accept the request.
pub async fn run(ui: &mut Ui, args: Args) -> Result<(), Fault> {
    let fact = request(&ModelName::parse(&args.model)?, Timestamp::now());
    let what = format!("a reconcile of {}", args.model);
    ui.print(&Requested::publish(&args.bus.open().await, &fact, what).await?);
    Ok(())
}

fn request(model: &ModelName, now: Timestamp) -> Fact {
    reconcile::fact::reconcile_requested(model, now)
}
