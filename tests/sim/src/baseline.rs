//! Two simpler designs that Trimtab is compared with: a run for every event, and the record of a popular idempotency
//! library. Both handle alarms only, through the same calls and under the same faults.

use serde_json::{Value, json};
use trimtab_core::memory::run;
use trimtab_core::name::PipelineName;
use trimtab_core::policy::Engine;
use trimtab_core::port::{AggregateId, Clock, Ledger, PortResult, Record, WriteError};
use trimtab_core::port::{RunRequest, Runs};

use crate::services::{Function, Sim};

/// The design that handles the events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Design {
    /// Trimtab.
    Trimtab,
    /// Starts a run for every event.
    Naive,
    /// Records the event, starts a run and updates the record, which expires after an hour.
    Recorded,
}

/// Handles one event; false if the invocation failed or died.
pub(crate) fn react(sim: &Sim, design: Design, function: Function, event: &Value) -> bool {
    if function != Function::Retrain || event["source"] != "aws.cloudwatch" {
        return true;
    }
    let done = match design {
        Design::Recorded => run(recorded(sim, event)),
        _ => run(start(sim, event)),
    };
    matches!(done, Ok(Ok(())))
}

/// Starts a run. The token is generated for each call, as an SDK does.
async fn start(sim: &Sim, event: &Value) -> PortResult<()> {
    let calls = sim.services().calls;
    let failed =
        |error: trimtab_core::name::NameError| trimtab_core::failure::Failure::permanent("baseline", error.to_string());
    let request = RunRequest {
        engine: Engine::Pipeline(PipelineName::parse("churn-training").map_err(failed)?),
        display_name: format!("churn-{}", event["detail"]["state"]["timestamp"]),
        token: format!("made-up-{calls}"),
        parameters: std::collections::BTreeMap::new(),
        since: sim.now(),
    };
    sim.start(&request).await.map(drop)
}

const HOUR: jiff::SignedDuration = jiff::SignedDuration::from_hours(1);

/// Starts a run unless the event is recorded: as in progress until the invocation's time-out, then as done for an hour.
async fn recorded(sim: &Sim, event: &Value) -> PortResult<()> {
    let id = AggregateId { owner: "recorded".to_owned(), name: event["detail"]["state"]["timestamp"].to_string() };
    let record: Record = sim.load(&id).await?;
    let fresh = record.lease_until.is_some_and(|until| until > sim.now());
    if fresh && record.state == Some(json!("done")) {
        return Ok(());
    }
    let busy = || trimtab_core::failure::Failure::transient("baseline", "in progress");
    if fresh {
        return Err(busy());
    }
    let until = sim.now() + jiff::SignedDuration::from_secs(30);
    let claimed = sim.claim(&id, record.epoch, &json!("in progress"), &[], until).await;
    let held = claimed.map_err(|error| match error {
        WriteError::Fenced => busy(),
        WriteError::Failed(failure) => failure,
    })?;
    start(sim, event).await?;
    let expires = sim.now() + HOUR;
    match sim.claim(&id, held, &json!("done"), &[], expires).await {
        Ok(_) | Err(WriteError::Fenced) => Ok(()),
        Err(WriteError::Failed(failure)) => Err(failure),
    }
}
