//! `trimtab promote`.

use jiff::Timestamp;
use trimtab_core::fact::{self, Fact, FactKind};
use trimtab_core::name::{ModelName, StageName};
use trimtab_core::port::Bus;
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
    let fact = request(&model, version, &stage, &by, now);
    Requested::publish(bus, &fact, format!("the promotion of version {version} into stage {stage}")).await
}

fn request(model: &ModelName, version: u32, stage: &StageName, by: &str, now: Timestamp) -> Fact {
    let details = [("by", by.to_owned()), ("stage", stage.to_string()), ("version", version.to_string())];
    Fact {
        kind: FactKind::PromotionRequested,
        version: fact::VERSION,
        model: Some(model.clone()),
        dedup_key: format!("promotion/{model}/{stage}/{version}/{now}"),
        at: now,
        reasons: vec![format!("{by} promotes version {version} into stage {stage}")],
        details: details.map(|(name, value)| (name.to_owned(), value)).into(),
    }
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
        assert_eq!(facts[0].details["by"], "maya Bcc: all");
        assert!(facts[0].kind.is_request());
    }

    #[test]
    fn promotion_into_an_invalid_stage_is_refused() {
        let bus = MemoryBus::default();
        let refused = run(promote(&bus, "loans", 2, "Prod; rm", "maya", Timestamp::UNIX_EPOCH)).unwrap();
        assert_eq!((refused.unwrap_err().exit_code(), bus.facts().len()), (2, 0));
    }
}
