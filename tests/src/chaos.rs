//! The real binaries under faults on the wire: each case is a model of its own, whose functions run
//! through the Lambda Runtime API against the local cloud, and whose nth call goes wrong.

mod cloud;
mod engines;
mod flow;
mod integrated;
mod process;
mod scene;
mod transform;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use serde_json::{Value, json};
use tokio::sync::Semaphore;
use trimtab_emulator::FaultKind;

pub use cloud::Stage;
pub use flow::Flow;
use process::Outcome;

/// How many functions run at once: each wants its share of two cores.
const AT_ONCE: usize = 10;

/// The functions' lease in the ledger, and a little.
const LEASE: Duration = Duration::from_secs(56);

/// Lambda's three attempts, and those that a failure queue gets.
const ATTEMPTS: usize = 6;

/// What goes wrong, and for how many calls in a row: the SDK makes three attempts of its own.
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
    /// Which of its events.
    pub step: usize,
    /// Which call of the function that hears it.
    pub call: usize,
    /// What happens to the call.
    pub kind: FaultKind,
    /// To how many in a row.
    pub times: usize,
}

/// What came of all cases.
#[derive(Debug, Default)]
pub struct Tally {
    /// How many there were.
    pub cases: usize,
    /// In how many the fault has struck.
    pub struck: usize,
    /// How many processes were killed.
    pub killed: usize,
    /// What should not be, by case.
    pub violations: Vec<String>,
}

/// Every fault at every call, as many as a run without faults makes.
///
/// # Panics
/// The cloud does not do what it is asked to: the test that asks fails.
pub async fn cases(stage: &Stage) -> Vec<Case> {
    let mut cases = Vec::new();
    for flow in Flow::ALL {
        for (step, calls) in flow::calls(stage, flow).await.into_iter().enumerate() {
            for call in 0..calls {
                cases.extend(FAULTS.map(|(kind, times)| Case { flow, step, call, kind, times }));
            }
        }
    }
    cases
}

/// Plays the cases side by side.
///
/// # Panics
/// A case panicked.
pub async fn play(stage: &Stage, cases: Vec<Case>) -> Tally {
    let (turns, stages) = (&Semaphore::new(AT_ONCE), &Semaphore::new(AT_ONCE));
    let one = async |(number, case): (usize, Case)| (case, flow::play(stage, turns, stages, number, case).await);
    let mut playing: FuturesUnordered<_> = cases.into_iter().enumerate().map(one).collect();
    let mut tally = Tally::default();
    while let Some((case, outcome)) = playing.next().await {
        tally.cases += 1;
        tally.struck += usize::from(outcome.struck);
        tally.killed += outcome.killed;
        tally.violations.extend(outcome.violations.into_iter().map(|what| format!("{case:?}: {what}")));
    }
    tally
}

/// What came of one case.
#[derive(Debug, Default)]
struct Played {
    struck: bool,
    killed: usize,
    violations: Vec<String>,
}

/// A model, and the functions that react to its events.
struct Model<'a> {
    stage: &'a Stage,
    turns: &'a Semaphore,
    /// The model's name; its functions' access key too, by which the emulator knows their calls.
    name: String,
    killed: usize,
}

impl Model<'_> {
    /// The event, delivered until the function has answered it, as Lambda and the failure queue would.
    async fn deliver(&mut self, function: &str, event: &Value) -> Result<Value, String> {
        let mut last = String::new();
        for _ in 0..ATTEMPTS {
            let began = Instant::now();
            let outcome = {
                let _turn = self.turns.acquire().await.map_err(|error| error.to_string())?;
                process::invoke(self.stage, function, &self.name, event).await
            };
            match outcome {
                Outcome::Answered(answer) => return Ok(answer),
                Outcome::Failed(cause) => last = cause,
                Outcome::Killed => {
                    self.killed += 1;
                    "killed".clone_into(&mut last);
                }
            }
            // Somebody, who may be dead, holds the lease: nothing but time ends it.
            if last.contains("acting on this right now") {
                tokio::time::sleep(LEASE.saturating_sub(began.elapsed())).await;
            }
        }
        Err(format!("{function} gave {} back for good: {last}", event["detail-type"]))
    }
}

/// The functions' binaries, as `make build` leaves them.
fn binary(function: &str) -> PathBuf {
    trimtab_cloud::root().join("target/lambda").join(function).join("bootstrap")
}

impl Tally {
    /// One line for machines.
    #[must_use]
    pub fn summary(&self, took: Duration) -> Value {
        json!({"cases": self.cases, "struck": self.struck, "killed": self.killed,
            "violations": self.violations.len(), "seconds": took.as_secs()})
    }
}
