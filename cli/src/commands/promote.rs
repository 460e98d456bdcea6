//! `trimtab promote`.

use jiff::Timestamp;
use trimtab_core::name::{ModelName, StageName};
use trimtab_core::port::Bus;
use trimtab_core::request::{Promote, Promoter, Request};
use trimtab_core::text::one_line;

use crate::aws::{BusOptions, OperatorOptions};
use crate::commands::Requested;
use crate::fault::Fault;
use crate::ui::Ui;

/// The arguments.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Model
    model: String,
    /// Version
    version: u32,
    /// Stage
    #[arg(long, value_name = "STAGE")]
    to: String,
    #[command(flatten)]
    operator: OperatorOptions,
    #[command(flatten)]
    bus: BusOptions,
}

/// Requests the promotion, and prints the [`Requested`].
///
/// # Errors
/// A text is not a name of a model or stage, or the bus did not accept the request.
pub async fn run(ui: &mut Ui, args: Args) -> Result<(), Fault> {
    let Args { model, version, to, operator, bus } = args;
    let by = operator.name()?;
    ui.print(&promote(&bus.open().await, &model, version, &to, &by, Timestamp::now()).await?);
    Ok(())
}

/// Requests the promotion of a version into a stage.
///
/// # Errors
/// A text is not a name of a model or stage, or the bus did not accept the request.
pub async fn promote<B: Bus + Sync>(
    bus: &B,
    model: &str,
    version: u32,
    stage: &str,
    by: &str,
    now: Timestamp,
) -> Result<Requested, Fault> {
    let (model, stage, by) = (ModelName::parse(model)?, StageName::parse(stage)?, one_line(by, 64));
    let reason = format!("{by} promotes version {version} into stage {stage}");
    let promote = Promote { stage: stage.clone(), version, by: Promoter::Operator(by) };
    let fact = Request::Promote(promote).into_fact(&model, reason, now);
    Requested::publish(bus, &fact, format!("the promotion of version {version} into stage {stage}")).await
}

#[cfg(test)]
mod tests {
    use trimtab_core::memory::{MemoryBus, run};

    use super::*;

    #[test]
    fn promotion_has_one_line_for_the_operator() {
        let (bus, now) = (MemoryBus::default(), Timestamp::UNIX_EPOCH);
        run(promote(&bus, "loans", 2, "prod", "maya\nBcc: all", now)).unwrap().unwrap();
        let facts = bus.facts();
        assert_eq!(facts[0].details.by().as_deref(), Some("maya Bcc: all"));
        assert!(facts[0].kind.is_request());
    }

    #[test]
    fn promotion_into_an_invalid_stage_is_refused() {
        let bus = MemoryBus::default();
        let refused = run(promote(&bus, "loans", 2, "Prod; rm", "maya", Timestamp::UNIX_EPOCH)).unwrap();
        assert_eq!((refused.unwrap_err().exit_code(), bus.facts().len()), (2, 0));
    }
}
