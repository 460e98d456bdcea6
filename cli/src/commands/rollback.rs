//! `trimtab rollback`.

use jiff::Timestamp;
use trimtab_core::name::{ModelName, StageName};
use trimtab_core::port::Bus;
use trimtab_core::request::{Request, RollBack};
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
    /// Stage [default: the last one]
    #[arg(long)]
    stage: Option<String>,
    /// Version to roll back to, which was live there or is approved [default: the previous one]
    #[arg(long, value_name = "VERSION")]
    to: Option<u32>,
    #[command(flatten)]
    operator: OperatorOptions,
    #[command(flatten)]
    bus: BusOptions,
}

/// Requests the rollback, and prints the [`Requested`].
///
/// # Errors
/// A text is not a name of a model or stage, or the bus did not accept the request.
pub async fn run(ui: &mut Ui, args: Args) -> Result<(), Fault> {
    let Args { model, stage, to, operator, bus } = args;
    let (by, bus) = (operator.name()?, bus.open().await);
    ui.print(&rollback(&bus, &model, stage.as_deref(), to, &by, Timestamp::now()).await?);
    Ok(())
}

/// Requests the rollback of a stage, or of the last one, to this version, or to the previous one.
///
/// # Errors
/// A text is not a name of a model or stage, or the bus did not accept the request.
pub async fn rollback<B: Bus + Sync>(
    bus: &B,
    model: &str,
    stage: Option<&str>,
    version: Option<u32>,
    by: &str,
    now: Timestamp,
) -> Result<Requested, Fault> {
    let model = ModelName::parse(model)?;
    let stage = stage.map(StageName::parse).transpose()?;
    let of = stage.as_ref().map_or_else(|| "the last stage".to_owned(), |stage| format!("stage {stage}"));
    let to = version.map_or_else(|| "its previous version".to_owned(), |version| format!("version {version}"));
    let by = one_line(by, 64);
    let reason = format!("{by} requests a rollback");
    let fact = Request::RollBack(RollBack { stage, version, by }).into_fact(&model, reason, now);
    Requested::publish(bus, &fact, format!("a rollback of {of} to {to}")).await
}

#[cfg(test)]
mod tests {
    use trimtab_core::memory::{MemoryBus, run};

    use super::*;

    #[test]
    fn rollback_without_a_stage_names_the_version_alone() {
        let (bus, now) = (MemoryBus::default(), Timestamp::UNIX_EPOCH);
        let requested = run(rollback(&bus, "loans", None, Some(1), "maya", now)).unwrap().unwrap();
        let facts = bus.facts();
        assert_eq!((facts[0].details.stage(), facts[0].details.version()), (None, Some(1)));
        assert!(facts[0].kind.is_request());
        let wanted = "requested a rollback of the last stage to version 1: `trimtab history loans` shows the outcome\n";
        assert_eq!(requested.to_string(), wanted);
    }
}
