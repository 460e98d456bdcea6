//! `trimtab redrive`: sends undelivered events to their functions again.
//!
//! Each event is sent by itself, and is deleted from its queue only after its function has processed it. Sending an
//! event twice changes nothing, since the ledger has a record of it.

use std::fmt;

use aws_config::SdkConfig;
use aws_sdk_lambda::primitives::Blob;
use aws_sdk_sqs::types::Message;
use clap::ValueEnum;
use serde::Serialize;
use serde_json::Value;
use trimtab_core::text::one_line;
use trimtab_ledger::{DeadLetter, DynamoLedger};
use trimtab_runtime::sdk;

use crate::aws::{self, LedgerOptions};
use crate::fault::Fault;
use crate::ui::Ui;

/// The time for which a message is hidden while its event is sent: longer than a function may take.
const HIDDEN_SECONDS: i32 = 120;

/// The arguments.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Redrive this source only
    #[arg(long, value_enum)]
    queue: Option<Queue>,
    /// Print what would be sent, and send nothing
    #[arg(long)]
    dry_run: bool,
    /// Name of the CloudFormation stack: the prefix of its queues and functions
    #[arg(long, env = "TRIMTAB_STACK", default_value = "trimtab", hide_env_values = true)]
    stack: String,
    #[command(flatten)]
    ledger: LedgerOptions,
}

/// A place where undelivered events are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Queue {
    /// Events whose retries at a function are used up (SQS)
    Failures,
    /// Events that EventBridge could not deliver (SQS)
    Undelivered,
    /// Events with a permanent failure, or received during a pause (ledger)
    DeadLetters,
}

impl Queue {
    fn as_str(self) -> &'static str {
        match self {
            Self::Failures => "failures",
            Self::Undelivered => "undelivered",
            Self::DeadLetters => "dead-letters",
        }
    }
}

/// What was found in the queues, and the outcome of each event.
///
/// JSON: `{"dry_run": false, "events": [{"queue": "failures", "event_id": "…", "detail_type": "…", "function": "…",
/// "cause": "…", "outcome": "redriven", "decision": "acted", "reasons": ["…"]}]}`. The outcome is `pending` (dry
/// run), `redriven`, `dead-lettered` (again), `failed` (again, with `error`), `unreadable` or `truncated`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Redriven {
    /// Whether nothing was sent.
    pub dry_run: bool,
    /// The events, in the order of the queues.
    pub events: Vec<RedrivenEvent>,
}

/// One event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RedrivenEvent {
    /// The queue.
    pub queue: Queue,
    /// The id of the event; `None` for a message that is not an event.
    pub event_id: Option<String>,
    /// The detail type of the event.
    pub detail_type: Option<String>,
    /// The name of the function.
    pub function: Option<String>,
    /// The cause for which the event is in the queue.
    pub cause: String,
    /// The outcome.
    #[serde(flatten)]
    pub outcome: Outcome,
}

/// The outcome of redriving one event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "outcome", rename_all = "kebab-case")]
pub enum Outcome {
    /// The event was not sent, because of the dry run.
    Pending,
    /// The function processed the event.
    Redriven {
        /// The function's decision.
        decision: String,
        /// The reasons.
        reasons: Vec<String>,
    },
    /// The function dead-lettered the event again, for example during a pause.
    DeadLettered {
        /// The function's decision.
        decision: String,
        /// The reasons.
        reasons: Vec<String>,
    },
    /// The function failed again. The event stays in its queue.
    Failed {
        /// The error.
        error: String,
    },
    /// The message is not an event, and stays in its queue.
    Unreadable,
    /// The event was too large to be stored whole, and cannot be sent.
    Truncated,
}

impl Redriven {
    /// The number of events that still wait for an operator.
    #[must_use]
    pub fn remaining(&self) -> usize {
        let done = |event: &&RedrivenEvent| matches!(event.outcome, Outcome::Redriven { .. } | Outcome::Pending);
        self.events.len() - self.events.iter().filter(done).count()
    }
}

/// Redrives the queues, and prints the [`Redriven`].
///
/// # Errors
/// A queue or the ledger cannot be read, or an event remains. The result until then is printed.
pub async fn run(ui: &mut Ui, args: Args) -> Result<(), Fault> {
    let config = aws::config().await;
    let ledger = DynamoLedger::new(&config, args.ledger.table);
    let redrive = Redrive::new(&config, ledger, args.stack, args.dry_run);
    let mut redriven = Redriven { dry_run: args.dry_run, events: Vec::new() };
    let result = redrive.run_into(args.queue, &mut redriven).await;
    ui.print(&redriven);
    result?;
    match redriven.remaining() {
        0 => Ok(()),
        remaining => Err(Fault::NotRedriven { remaining, all: redriven.events.len() }),
    }
}

/// The queues of a stack, and its functions.
#[derive(Debug)]
pub struct Redrive {
    sqs: aws_sdk_sqs::Client,
    lambda: aws_sdk_lambda::Client,
    ledger: DynamoLedger,
    stack: String,
    dry_run: bool,
}

/// An undelivered event, as its queue describes it.
struct Undelivered {
    function: String,
    event: Value,
    cause: String,
}

impl Redrive {
    /// Redrives the stack of this name; with `dry_run` nothing is sent.
    #[must_use]
    pub fn new(aws: &SdkConfig, ledger: DynamoLedger, stack: String, dry_run: bool) -> Self {
        let (sqs, lambda) = (aws_sdk_sqs::Client::new(aws), aws_sdk_lambda::Client::new(aws));
        Self { sqs, lambda, ledger, stack, dry_run }
    }

    /// Sends the events of this queue, or of all queues, again.
    ///
    /// # Errors
    /// A queue or the ledger cannot be read.
    pub async fn run(&self, only: Option<Queue>) -> Result<Redriven, Fault> {
        let mut redriven = Redriven { dry_run: self.dry_run, events: Vec::new() };
        self.run_into(only, &mut redriven).await?;
        Ok(redriven)
    }

    /// As [`Self::run`]; what was sent before an error is in `redriven`.
    ///
    /// # Errors
    /// A queue or the ledger cannot be read.
    pub async fn run_into(&self, only: Option<Queue>, redriven: &mut Redriven) -> Result<(), Fault> {
        for queue in Queue::value_variants().iter().filter(|queue| only.is_none_or(|only| only == **queue)) {
            match queue {
                Queue::Failures => self.queue(*queue, of_destination, redriven).await?,
                Queue::Undelivered => self.queue(*queue, of_rule, redriven).await?,
                Queue::DeadLetters => self.dead_letters(redriven).await?,
            }
        }
        Ok(())
    }

    async fn queue(
        &self,
        queue: Queue,
        read: fn(&Message) -> Option<Undelivered>,
        redriven: &mut Redriven,
    ) -> Result<(), Fault> {
        let name = format!("{}-{}", self.stack, queue.as_str());
        let found = self.sqs.get_queue_url().queue_name(&name).send().await;
        let url = found.map_err(|error| sdk::failure("sqs:GetQueueUrl", &error))?.queue_url.unwrap_or_default();
        let mut remaining = Vec::new();
        loop {
            let messages = self.receive(&url).await?;
            if messages.is_empty() {
                break;
            }
            for message in messages {
                let receipt = message.receipt_handle.clone().unwrap_or_default();
                let event = match read(&message) {
                    Some(undelivered) => self.send(queue, &undelivered).await,
                    None => RedrivenEvent::without_event(queue, Outcome::Unreadable),
                };
                let processed = matches!(event.outcome, Outcome::Redriven { .. } | Outcome::DeadLettered { .. });
                redriven.events.push(event);
                if !processed {
                    remaining.push(receipt);
                    continue;
                }
                let deleted = self.sqs.delete_message().queue_url(&url).receipt_handle(receipt).send().await;
                deleted.map_err(|error| sdk::failure("sqs:DeleteMessage", &error))?;
            }
        }
        // Without this the remaining messages would be hidden from a second redrive for two minutes.
        for receipt in remaining {
            let call = self.sqs.change_message_visibility().queue_url(&url).receipt_handle(receipt);
            let shown = call.visibility_timeout(0).send().await;
            shown.map_err(|error| sdk::failure("sqs:ChangeMessageVisibility", &error))?;
        }
        Ok(())
    }

    async fn receive(&self, url: &str) -> Result<Vec<Message>, Fault> {
        let call = self.sqs.receive_message().queue_url(url).max_number_of_messages(10).wait_time_seconds(1);
        let call = call.visibility_timeout(HIDDEN_SECONDS).message_attribute_names("All");
        let page = call.send().await.map_err(|error| sdk::failure("sqs:ReceiveMessage", &error))?;
        Ok(page.messages.unwrap_or_default())
    }

    async fn dead_letters(&self, redriven: &mut Redriven) -> Result<(), Fault> {
        for letter in self.ledger.dead_letters().await? {
            let Some(event) = letter.event.clone() else {
                let event_id = Some(one_line(&letter.entry.event_id, 128));
                let event = RedrivenEvent::without_event(Queue::DeadLetters, Outcome::Truncated);
                redriven.events.push(RedrivenEvent { event_id, ..event });
                continue;
            };
            let cause = letter.entry.reasons.join("; ");
            let undelivered = Undelivered { function: self.function(&letter), event, cause };
            let event = self.send(Queue::DeadLetters, &undelivered).await;
            // An event that its function dead-lettered again, as during a pause, stays on the list.
            if let Outcome::Redriven { .. } = event.outcome {
                self.ledger.release(&letter).await?;
            }
            redriven.events.push(event);
        }
        Ok(())
    }

    fn function(&self, letter: &DeadLetter) -> String {
        format!("{}-{}", self.stack, letter.entry.function)
    }

    /// Sends one event, unless this is a dry run.
    async fn send(&self, queue: Queue, undelivered: &Undelivered) -> RedrivenEvent {
        let text = |key: &str| one_line(undelivered.event.get(key).and_then(Value::as_str).unwrap_or("unknown"), 120);
        let name = undelivered.function.rsplit(':').find(|part| !part.starts_with('$')).unwrap_or_default();
        let outcome = if self.dry_run { Outcome::Pending } else { self.invoke(undelivered).await };
        RedrivenEvent {
            queue,
            event_id: Some(text("id")),
            detail_type: Some(text("detail-type")),
            function: Some(name.to_owned()),
            cause: one_line(&undelivered.cause, 400),
            outcome,
        }
    }

    async fn invoke(&self, undelivered: &Undelivered) -> Outcome {
        let payload = Blob::new(undelivered.event.to_string());
        let call = self.lambda.invoke().function_name(&undelivered.function).payload(payload);
        let response = match call.send().await {
            Ok(response) => response,
            Err(error) => return Outcome::Failed { error: sdk::failure("lambda:Invoke", &error).to_string() },
        };
        let body = response.payload().map(Blob::as_ref).unwrap_or_default();
        let body: Value = serde_json::from_slice(body).unwrap_or_default();
        let text = |key: &str| body.get(key).and_then(Value::as_str).unwrap_or_default();
        if response.function_error().is_some() {
            return Outcome::Failed { error: one_line(text("errorMessage"), 400) };
        }
        let reasons = body.get("reasons").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
        let reasons = reasons.map(|reason| one_line(reason, 400)).collect();
        let decision = one_line(text("decision"), 64);
        // A function of another version may not return the field: then the event stays, so that nothing is lost.
        if body.get("dead_lettered").and_then(Value::as_bool).unwrap_or(true) {
            Outcome::DeadLettered { decision, reasons }
        } else {
            Outcome::Redriven { decision, reasons }
        }
    }
}

/// Reads the message that Lambda writes to an `OnFailure` destination: the request, and why it failed.
fn of_destination(message: &Message) -> Option<Undelivered> {
    let record: Value = serde_json::from_str(message.body()?).ok()?;
    let text = |pointer: &str| record.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
    let function = text("/requestContext/functionArn")?;
    let event = record.get("requestPayload").filter(|event| event.is_object())?.clone();
    let cause = text("/responsePayload/errorMessage").or_else(|| text("/requestContext/condition"));
    Some(Undelivered { function, event, cause: cause.unwrap_or_default() })
}

/// Reads the message that EventBridge writes to a rule's dead-letter queue: the event, and in attributes the target.
fn of_rule(message: &Message) -> Option<Undelivered> {
    let event: Value = serde_json::from_str(message.body()?).ok().filter(Value::is_object)?;
    let attribute = |name: &str| message.message_attributes()?.get(name)?.string_value().map(str::to_owned);
    let function = attribute("TARGET_ARN")?;
    let cause = attribute("ERROR_MESSAGE").or_else(|| attribute("ERROR_CODE"));
    Some(Undelivered { function, event, cause: cause.unwrap_or_default() })
}

impl RedrivenEvent {
    fn without_event(queue: Queue, outcome: Outcome) -> Self {
        Self { queue, event_id: None, detail_type: None, function: None, cause: String::new(), outcome }
    }
}

impl fmt::Display for Redriven {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.events.is_empty() {
            return f.write_str("no events to redrive\n");
        }
        self.events.iter().try_for_each(|event| write!(f, "{event}"))
    }
}

impl fmt::Display for RedrivenEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let queue = self.queue.as_str();
        let text = |value: &Option<String>| value.clone().unwrap_or_default();
        match &self.outcome {
            Outcome::Unreadable => return writeln!(f, "{queue}: a message is not an event, and stays in the queue"),
            Outcome::Truncated => {
                let id = text(&self.event_id);
                return writeln!(f, "{queue}: {id} was too large to be stored whole, and cannot be sent");
            }
            _ => {}
        }
        let (what, id, function) = (text(&self.detail_type), text(&self.event_id), text(&self.function));
        writeln!(f, "{queue}: {what} {id} for {function}\n    in the queue because {}", self.cause)?;
        match &self.outcome {
            Outcome::Redriven { decision, reasons } => {
                writeln!(f, "    redriven: {decision} because {}", reasons.join("; "))
            }
            Outcome::DeadLettered { decision, reasons } => {
                writeln!(f, "    dead-lettered again: {decision} because {}", reasons.join("; "))
            }
            Outcome::Failed { error } => writeln!(f, "    failed again, stays in the queue: {error}"),
            Outcome::Pending | Outcome::Unreadable | Outcome::Truncated => Ok(()),
        }
    }
}
