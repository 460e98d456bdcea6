//! A function whose outcome is in the event: the last digit of the event's ID selects it.

use std::process::{ExitCode, Termination};
use std::sync::OnceLock;

use jiff::Timestamp;
use trimtab_core::event::Event;
use trimtab_core::failure::Failure;
use trimtab_core::memory::{MemoryBus, MemoryLedger};
use trimtab_core::plan::{Plan, Reason};
use trimtab_core::policy::Policy;
use trimtab_core::port::PortResult;
use trimtab_core::reactor::{Act, ActionOutcome, Context, Decide, Subject};
use trimtab_runtime::{Exit, SystemClock, World};

/// The function's configuration, which it returns on request.
static CONFIGURED: OnceLock<String> = OnceLock::new();

/// The outcomes that an event can select.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// One call, which succeeds.
    Acted,
    /// No action.
    Skipped,
    /// A permanent failure of the decision.
    Rejected,
    /// A transient failure of the observation.
    ObserveRetried,
    /// A permanent failure of the observation.
    ObserveRejected,
    /// A panic during the observation.
    ObservePanics,
    /// A panic during the decision.
    DecidePanics,
    /// A transient failure of the action.
    ActRetried,
    /// A permanent failure of the action.
    ActRejected,
    /// The function returns its configuration.
    Configuration,
    /// Dependencies write to the log.
    Chatter,
}

impl Outcome {
    const ALL: [Self; 11] = [
        Self::Acted,
        Self::Skipped,
        Self::Rejected,
        Self::ObserveRetried,
        Self::ObserveRejected,
        Self::ObservePanics,
        Self::DecidePanics,
        Self::ActRetried,
        Self::ActRejected,
        Self::Configuration,
        Self::Chatter,
    ];

    /// The ID of an event that selects the outcome.
    pub fn id(self) -> String {
        format!("7d2ef9c1-0000-4000-8000-00000000000{:x}", self as usize)
    }

    fn of(event: &Event) -> Self {
        let digit = event.envelope.id.chars().last().and_then(|last| last.to_digit(16)).unwrap();
        Self::ALL[digit as usize]
    }
}

struct Scripted;

impl Decide for Scripted {
    type State = u32;
    type Observed = ();
    type Action = String;
    type Done = ();

    const FUNCTION: &'static str = "scripted";

    fn subject(_: &Event) -> Subject {
        Subject::Platform
    }

    // Each event has its own aggregate, so that the lease of a failed call blocks no other event.
    fn aggregate(event: &Event, _: Option<&Policy>) -> String {
        format!("script#{}", event.envelope.id)
    }

    fn decide(ctx: &Context<'_, u32, ()>) -> Plan<u32, String> {
        let call = || Plan::update(1, "scripted", "the script says so").with_action("Call".to_owned());
        match Outcome::of(ctx.event) {
            Outcome::Acted | Outcome::ActRetried | Outcome::ActRejected => call(),
            Outcome::Rejected => Plan::fail("refused", "the script refuses it"),
            Outcome::DecidePanics => panic!("in the decision"),
            Outcome::Configuration => Plan::skip("asked", CONFIGURED.get().unwrap()),
            _ => Plan::skip("nothing", "the script has nothing to do"),
        }
    }

    fn pending_actions(_: &u32, _: &Context<'_, u32, ()>) -> Vec<String> {
        Vec::new()
    }

    fn apply_outcome(_: &mut u32, _: &String, outcome: Result<(), String>, _: Timestamp) -> ActionOutcome {
        let reasons = outcome.err().map(|cause| Reason::new("call_refused", cause)).into_iter().collect();
        ActionOutcome { reasons, ..ActionOutcome::default() }
    }
}

/// The outcome of the current event, which an action does not carry.
static NOW: std::sync::Mutex<Option<Outcome>> = std::sync::Mutex::new(None);

struct Script;

impl Act for Script {
    type Decide = Scripted;

    async fn observe(&self, event: &Event, _: Option<&Policy>, _: &u32) -> PortResult<()> {
        let outcome = Outcome::of(event);
        *NOW.lock().unwrap() = Some(outcome);
        match outcome {
            Outcome::ObserveRetried => {
                Err(Failure::transient("sagemaker:DescribeEndpoint", "ThrottlingException: slower"))
            }
            Outcome::ObserveRejected => {
                Err(Failure::permanent("sagemaker:DescribeEndpoint", "ValidationException: no"))
            }
            Outcome::ObservePanics => panic!("in the look"),
            Outcome::Chatter => {
                tracing::info!(target: "aws_config", "chatter of a dependency");
                tracing::warn!(target: "aws_config", payload = "marker-of-a-field", "worry of a dependency");
                tracing::debug!(target: "trimtab_core", "detail of the suite");
                Ok(())
            }
            _ => Ok(()),
        }
    }

    async fn act(&self, _: &String) -> PortResult<()> {
        match *NOW.lock().unwrap() {
            Some(Outcome::ActRetried) => {
                Err(Failure::transient("sagemaker:UpdateEndpoint", "ThrottlingException: slower"))
            }
            Some(Outcome::ActRejected) => {
                Err(Failure::permanent("sagemaker:UpdateEndpoint", "ValidationException: no"))
            }
            _ => Ok(()),
        }
    }
}

/// The `main` of the function's process.
pub fn main() -> ! {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let result: Result<(), Exit> = runtime.block_on(async {
        let (settings, aws) = trimtab_runtime::start()?;
        let credentials = aws.credentials_provider().unwrap();
        let credentials = aws_credential_types::provider::ProvideCredentials::provide_credentials(&credentials).await;
        let timeouts = aws.timeout_config().unwrap();
        let configured = serde_json::json!({
            "table": settings.table,
            "bus": settings.bus,
            "chat": settings.chat_topic,
            "topic": settings.topic().ok(),
            "region": aws.region().map(ToString::to_string),
            "endpoint": aws.endpoint_url(),
            "key": credentials.ok().map(|credentials| credentials.access_key_id().to_owned()),
            "attempts": aws.retry_config().unwrap().max_attempts(),
            "attempt": timeouts.operation_attempt_timeout().unwrap().as_secs(),
            "operation": timeouts.operation_timeout().unwrap().as_secs(),
        });
        CONFIGURED.set(configured.to_string()).unwrap();
        trimtab_runtime::serve(Script, World::new(MemoryLedger::default(), MemoryBus::default(), SystemClock)).await
    });
    let code = result.report();
    std::process::exit(i32::from(code != ExitCode::SUCCESS));
}
