//! What operators ask of `deploy`: to let a version into a stage, and to go back. Both are requests on the
//! suite's bus; `trimtab history` says what came of them.

use jiff::Timestamp;
use trimtab_core::fact::{self, Fact, FactKind};
use trimtab_core::name::{ModelName, StageName};
use trimtab_core::port::Bus;
use trimtab_core::text::one_line;

use crate::fault::Fault;

/// Asks that this version be let into the stage.
///
/// # Errors
/// A text is no name of a model or stage, or the bus did not take the request.
pub async fn promote<B: Bus + Sync>(
    bus: &B,
    model: &str,
    version: u32,
    stage: &str,
    by: &str,
    now: Timestamp,
) -> Result<String, Fault> {
    let (model, stage) = (ModelName::parse(model)?, StageName::parse(stage)?);
    let dedup_key = format!("promotion/{model}/{stage}/{version}/{now}");
    let details = [("stage", stage.to_string()), ("version", version.to_string())];
    let reason = format!("{} lets version {version} into {stage}", name(by));
    bus.publish(&ask(FactKind::PromotionRequested, &model, dedup_key, reason, &details, by, now)).await?;
    Ok(format!("asked to let version {version} into {stage}: trimtab history {model} says what came of it\n"))
}

/// Asks that the stage, or the last one, go back to this version, or to the one before.
///
/// # Errors
/// A text is no name of a model or stage, or the bus did not take the request.
pub async fn rollback<B: Bus + Sync>(
    bus: &B,
    model: &str,
    stage: Option<&str>,
    version: Option<u32>,
    by: &str,
    now: Timestamp,
) -> Result<String, Fault> {
    let model = ModelName::parse(model)?;
    let stage = stage.map(StageName::parse).transpose()?;
    let stage = stage.map(|stage| ("stage", stage.to_string()));
    let version = version.map(|version| ("version", version.to_string()));
    let details: Vec<(&str, String)> = stage.into_iter().chain(version).collect();
    let (dedup_key, reason) = (format!("rollback/{model}/{now}"), format!("{} asks to go back", name(by)));
    bus.publish(&ask(FactKind::RollbackRequested, &model, dedup_key, reason, &details, by, now)).await?;
    Ok(format!("asked to go back: trimtab history {model} says what came of it\n"))
}

/// Who asks, as people read it.
fn name(by: &str) -> String {
    one_line(by, 64)
}

fn ask(
    kind: FactKind,
    model: &ModelName,
    dedup_key: String,
    reason: String,
    details: &[(&str, String)],
    by: &str,
    at: Timestamp,
) -> Fact {
    let details = details.iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
    Fact {
        kind,
        version: fact::VERSION,
        model: Some(model.clone()),
        dedup_key,
        at,
        reasons: vec![reason],
        details: details.chain([("by".to_owned(), name(by))]).collect(),
    }
}

#[cfg(test)]
mod tests {
    use trimtab_core::memory::{MemoryBus, run};

    use super::*;

    #[test]
    fn a_person_asks_with_a_name_and_for_a_stage_that_could_be_one() {
        let (bus, now) = (MemoryBus::default(), Timestamp::UNIX_EPOCH);
        run(promote(&bus, "loans", 2, "prod", "maya\nBcc: all", now)).unwrap().unwrap();
        run(rollback(&bus, "loans", None, Some(1), "maya", now)).unwrap().unwrap();
        assert!(run(promote(&bus, "loans", 2, "Prod; rm", "maya", now)).unwrap().is_err());
        let facts = bus.facts();
        assert_eq!(facts[0].details["by"], "maya Bcc: all");
        assert_eq!((facts[1].details.get("stage"), facts[1].details["version"].as_str()), (None, "1"));
        assert!(facts.iter().all(|fact| fact.kind.is_request()));
    }
}
