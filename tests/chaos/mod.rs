//! The real binaries with faults on the wire. Each case has a model of its own, whose functions run through the Lambda
//! Runtime API against the local cloud; a fault is injected into their nth call.

mod batch_transform;
mod build_pipeline;
mod cloud;
mod engines;
mod flow;
mod process;
mod setup;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use serde_json::{Value, json};
use tokio::sync::Semaphore;
use trimtab_core::reactor::{LEASE, LEASE_HELD};
use trimtab_emulator::FaultKind;

pub use cloud::Environment;
pub use flow::Flow;
use process::Outcome;

/// The number of functions that run concurrently on two cores.
const AT_ONCE: usize = 10;

/// Lambda's three attempts, and three redrives from the failure queue.
const ATTEMPTS: usize = 6;

/// The faults, each with a number of consecutive calls; the SDK makes three attempts of its own.
pub const FAULTS: [(FaultKind, usize); 9] = [
    (FaultKind::Throttled, 3),
    (FaultKind::ThrottledRetryAfter, 1),
    (FaultKind::ServerError, 3),
    (FaultKind::Reset, 3),
    (FaultKind::AfterTimeout, 2),
    (FaultKind::ResponseDropped, 1),
    (FaultKind::ResponseDropped, 3),
    (FaultKind::KilledBefore, 1),
    (FaultKind::KilledAfter, 1),
];

/// A fault in a flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Case {
    /// The flow.
    pub flow: Flow,
    /// The index of the event.
    pub step: usize,
    /// The index of the call of the function that handles the event.
    pub call: usize,
    /// The kind of fault.
    pub kind: FaultKind,
    /// The number of consecutive calls.
    pub times: usize,
}

/// The results of all cases.
#[derive(Debug, Default)]
pub struct Tally {
    /// The number of cases.
    pub cases: usize,
    /// The number of cases in which the fault was injected.
    pub injected: usize,
    /// The number of killed processes.
    pub killed: usize,
    /// The violations, each with its case.
    pub violations: Vec<String>,
}

/// Every fault at every call; a run without faults counts the calls.
///
/// # Panics
/// A call to the local cloud fails.
pub async fn cases(env: &Environment) -> Vec<Case> {
    let mut cases = Vec::new();
    for flow in Flow::ALL {
        for (step, calls) in flow::calls(env, flow).await.into_iter().enumerate() {
            for call in 0..calls {
                cases.extend(FAULTS.map(|(kind, times)| Case { flow, step, call, kind, times }));
            }
        }
    }
    cases
}

/// Runs the cases concurrently.
///
/// # Panics
/// A case panicked.
pub async fn play(env: &Environment, cases: Vec<Case>) -> Tally {
    let (slots, stages) = (&Semaphore::new(AT_ONCE), &Semaphore::new(AT_ONCE));
    let one = async |(number, case): (usize, Case)| (case, flow::play(env, slots, stages, number, case).await);
    let mut running: FuturesUnordered<_> = cases.into_iter().enumerate().map(one).collect();
    let mut tally = Tally::default();
    while let Some((case, outcome)) = running.next().await {
        tally.cases += 1;
        tally.injected += usize::from(outcome.injected);
        tally.killed += outcome.killed;
        tally.violations.extend(outcome.violations.into_iter().map(|what| format!("{case:?}: {what}")));
    }
    tally
}

/// The result of one case.
#[derive(Debug, Default)]
struct CaseResult {
    injected: bool,
    killed: usize,
    violations: Vec<String>,
}

/// A model, and the functions that react to its events.
struct Model<'a> {
    env: &'a Environment,
    slots: &'a Semaphore,
    /// The model's name, and the access key of its functions, by which the emulator identifies their calls.
    name: String,
    killed: usize,
}

impl Model<'_> {
    /// Delivers the event until the function succeeds, as Lambda and a redrive would.
    async fn deliver(&mut self, function: &str, event: &Value) -> Result<Value, String> {
        let mut last = String::new();
        for _ in 0..ATTEMPTS {
            let began = Instant::now();
            let outcome = {
                let _slot = self.slots.acquire().await.map_err(|error| error.to_string())?;
                process::invoke(self.env, function, &self.name, event).await
            };
            match outcome {
                Outcome::Answered(answer) => return Ok(answer),
                Outcome::Failed(cause) => last = cause,
                Outcome::Killed => {
                    self.killed += 1;
                    "killed".clone_into(&mut last);
                }
            }
            // A killed process may hold the lease, which ends only by its expiry; one second more for the clocks.
            if last.contains(LEASE_HELD) {
                let expiry = LEASE.unsigned_abs() + Duration::from_secs(1);
                tokio::time::sleep(expiry.saturating_sub(began.elapsed())).await;
            }
        }
        Err(format!("{function} failed permanently on {}: {last}", event["detail-type"]))
    }
}

/// A function's binary from `make build`.
fn binary(function: &str) -> PathBuf {
    trimtab_cloud::root().join("target/lambda").join(function).join("bootstrap")
}

impl Tally {
    /// The results as one line of JSON.
    #[must_use]
    pub fn summary(&self, took: Duration) -> Value {
        json!({"cases": self.cases, "injected": self.injected, "killed": self.killed,
            "violations": self.violations.len(), "seconds": took.as_secs()})
    }
}
