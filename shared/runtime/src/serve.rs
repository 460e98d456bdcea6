//! The loop that serves events.

use std::sync::Arc;
use std::time::Instant;

use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde_json::{Value, json};
use trimtab_core::port::{Bus, Clock, Ledger};
use trimtab_core::reactor::{Act, Decide, World};

use crate::Exit;

/// Serves events until Lambda ends the process. A transient failure is returned to Lambda as an error: Lambda retries
/// twice, and then sends the event to the function's failure queue. `lambda_runtime` turns a panic into an error of
/// that invocation.
///
/// # Errors
///
/// The Runtime API cannot be reached.
pub async fn serve<A, L, B, C>(function: A, world: World<L, B, C>) -> Result<(), Exit>
where
    A: Act + 'static,
    L: Ledger + Send + Sync + 'static,
    B: Bus + Send + Sync + 'static,
    C: Clock + Send + Sync + 'static,
{
    listen_for_shutdown().await;
    let served = Arc::new((function, world));
    let handler = service_fn(move |event: LambdaEvent<Value>| {
        let served = Arc::clone(&served);
        async move { one(&served.0, &served.1, &event.payload).await }
    });
    Ok(lambda_runtime::run(handler).await?)
}

/// Registers for Lambda's SIGTERM. `lambda_runtime` panics if the host has no Extensions API, such as the local cloud.
/// In a separate task the panic is a value, and the function still serves.
async fn listen_for_shutdown() {
    let hook = || async { tracing::info!("shutting down") };
    if tokio::spawn(lambda_runtime::spawn_graceful_shutdown_handler(hook)).await.is_err() {
        tracing::info!("this host has no Extensions API: the function ends without notice");
    }
}

/// Handles one event: returns the response for Lambda, and writes the log line and the metrics.
///
/// # Errors
///
/// A transient failure, which Lambda retries.
pub async fn one<A: Act, L, B, C>(function: &A, world: &World<L, B, C>, event: &Value) -> Result<Value, Error>
where
    L: Ledger + Send + Sync,
    B: Bus + Send + Sync,
    C: Clock + Send + Sync,
{
    let start = Instant::now();
    // Boxed, because the future of a whole reaction is too deep for the compiler to lay out in place.
    match Box::pin(world.react(function, event)).await {
        Ok(report) => {
            let milliseconds = u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX);
            crate::log::reaction(&report, milliseconds);
            crate::metrics::emit(&report, milliseconds);
            let entry = &report.entry;
            Ok(json!({"decision": entry.decision, "model": entry.owner, "reasons": entry.reasons,
                "actions": entry.actions, "dead_lettered": report.dead_lettered}))
        }
        Err(failure) => {
            let id = crate::log::event_id(event.get("id").and_then(Value::as_str).unwrap_or_default());
            tracing::error!(function = A::Decide::FUNCTION, event_id = id, error = %failure, "the event goes back to Lambda");
            Err(failure.into())
        }
    }
}
