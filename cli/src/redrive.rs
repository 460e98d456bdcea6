//! Sends again what waits: what functions gave back for the last time, what EventBridge could not
//! hand over, and what was kept because nobody could act on it.
//!
//! Each event goes to its function by itself, and its place in the queue is given up only when the
//! function has answered. Sending an event twice changes nothing: the ledger knows it.

use std::fmt::Write;

use aws_config::SdkConfig;
use aws_sdk_lambda::primitives::Blob;
use aws_sdk_sqs::types::Message;
use clap::ValueEnum;
use serde_json::Value;
use trimtab_core::text::one_line;
use trimtab_ledger::{DeadLetter, DynamoLedger};
use trimtab_runtime::sdk;

use crate::fault::Fault;

/// How long a message is out of sight while its event is sent: longer than a function may take.
const OUT_OF_SIGHT_SECONDS: i32 = 120;

/// A place where undelivered events are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Queue {
    /// Events whose retries at a function are used up (SQS)
    Failures,
    /// Events that EventBridge could not deliver (SQS)
    Undelivered,
    /// Events with a permanent failure, or received during a pause (ledger)
    DeadLetters,
}

/// The places to take from, and the functions to send to.
#[derive(Debug)]
pub struct Redrive {
    sqs: aws_sdk_sqs::Client,
    lambda: aws_sdk_lambda::Client,
    ledger: DynamoLedger,
    stack: String,
    dry_run: bool,
}

/// An event that waits, as its queue tells of it.
struct Waiting {
    function: String,
    event: Value,
    why: String,
}

/// What came of sending one event.
enum Sent {
    /// The function has answered; whether it kept the event again.
    Answered { said: String, dead_lettered: bool },
    /// It came back.
    Failed(String),
}

impl Redrive {
    /// For the stack of this name; with `dry_run` nothing is sent.
    #[must_use]
    pub fn new(aws: &SdkConfig, ledger: DynamoLedger, stack: String, dry_run: bool) -> Self {
        let (sqs, lambda) = (aws_sdk_sqs::Client::new(aws), aws_sdk_lambda::Client::new(aws));
        Self { sqs, lambda, ledger, stack, dry_run }
    }

    /// Sends again what waits in this place, or in all of them, and says what came of each.
    ///
    /// # Errors
    /// A queue or the ledger did not answer. What was sent until then is done with.
    pub async fn run(&self, only: Option<Queue>) -> Result<String, Fault> {
        let mut said = String::new();
        for queue in Queue::value_variants().iter().filter(|queue| only.is_none_or(|only| only == **queue)) {
            match queue {
                Queue::Failures => self.queue("failures", given_back, &mut said).await?,
                Queue::Undelivered => self.queue("undelivered", not_handed_over, &mut said).await?,
                Queue::DeadLetters => self.dead_letters(&mut said).await?,
            }
        }
        if said.is_empty() {
            said.push_str("nothing waits\n");
        }
        Ok(said)
    }

    async fn queue(&self, name: &str, read: fn(&Message) -> Option<Waiting>, said: &mut String) -> Result<(), Fault> {
        let queue = format!("{}-{name}", self.stack);
        let found = self.sqs.get_queue_url().queue_name(&queue).send().await;
        let url = found.map_err(|error| sdk::failure("sqs:GetQueueUrl", &error))?.queue_url.unwrap_or_default();
        let mut observed = Vec::new();
        loop {
            let call = self.sqs.receive_message().queue_url(&url).max_number_of_messages(10).wait_time_seconds(1);
            let call = call.visibility_timeout(OUT_OF_SIGHT_SECONDS).message_attribute_names("All");
            let page = call.send().await.map_err(|error| sdk::failure("sqs:ReceiveMessage", &error))?;
            let messages = page.messages.unwrap_or_default();
            if messages.is_empty() {
                break;
            }
            for message in messages {
                let receipt = message.receipt_handle.clone().unwrap_or_default();
                let Some(waiting) = read(&message) else {
                    let _ = writeln!(said, "{name}: a message that is no event stays where it is");
                    observed.push(receipt);
                    continue;
                };
                if let Sent::Failed(_) = self.send(name, &waiting, said).await {
                    observed.push(receipt);
                    continue;
                }
                let gone = self.sqs.delete_message().queue_url(&url).receipt_handle(receipt).send().await;
                gone.map_err(|error| sdk::failure("sqs:DeleteMessage", &error))?;
            }
        }
        // What stays is in sight again at once.
        for receipt in observed {
            let call = self.sqs.change_message_visibility().queue_url(&url).receipt_handle(receipt);
            let shown = call.visibility_timeout(0).send().await;
            shown.map_err(|error| sdk::failure("sqs:ChangeMessageVisibility", &error))?;
        }
        Ok(())
    }

    async fn dead_letters(&self, said: &mut String) -> Result<(), Fault> {
        for letter in self.ledger.dead_letters().await? {
            let Some(event) = letter.event.clone() else {
                let _ = writeln!(
                    said,
                    "dead-letters: {} was too large to be stored whole",
                    one_line(&letter.entry.event_id, 128)
                );
                continue;
            };
            let waiting = Waiting { function: self.function(&letter), event, why: letter.entry.reasons.join("; ") };
            if let Sent::Answered { dead_lettered: false, .. } = self.send("dead-letters", &waiting, said).await {
                self.ledger.release(&letter).await?;
            }
        }
        Ok(())
    }

    fn function(&self, letter: &DeadLetter) -> String {
        format!("{}-{}", self.stack, letter.entry.function)
    }

    /// Sends one event, unless this is a dry run, and writes down what came of it.
    async fn send(&self, from: &str, waiting: &Waiting, said: &mut String) -> Sent {
        let text = |key: &str| one_line(waiting.event.get(key).and_then(Value::as_str).unwrap_or("unknown"), 120);
        let name = waiting.function.rsplit(':').find(|part| !part.starts_with('$')).unwrap_or_default();
        let _ = writeln!(said, "{from}: {} {} for {name}", text("detail-type"), text("id"));
        let _ = writeln!(said, "    waits because {}", one_line(&waiting.why, 400));
        if self.dry_run {
            return Sent::Failed("a dry run".to_owned());
        }
        let sent = self.invoke(waiting).await;
        let _ = match &sent {
            Sent::Answered { said: answer, .. } => writeln!(said, "    sent again: {answer}"),
            Sent::Failed(cause) => writeln!(said, "    came back, and stays: {cause}"),
        };
        sent
    }

    async fn invoke(&self, waiting: &Waiting) -> Sent {
        let payload = Blob::new(waiting.event.to_string());
        let call = self.lambda.invoke().function_name(&waiting.function).payload(payload);
        let answer = match call.send().await {
            Ok(answer) => answer,
            Err(error) => return Sent::Failed(sdk::failure("lambda:Invoke", &error).to_string()),
        };
        let body = answer.payload().map(Blob::as_ref).unwrap_or_default();
        let body: Value = serde_json::from_slice(body).unwrap_or_default();
        let text = |key: &str| body.get(key).and_then(Value::as_str).unwrap_or_default();
        if answer.function_error().is_some() {
            return Sent::Failed(one_line(text("errorMessage"), 400));
        }
        let reasons: Vec<&str> =
            body.get("reasons").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
        let said = one_line(&format!("{} because {}", text("decision"), reasons.join("; ")), 600);
        // A function that kept the event again, as during a pause, has not done with it.
        let dead_lettered = body.get("dead_lettered").and_then(Value::as_bool).unwrap_or(true);
        Sent::Answered { said, dead_lettered }
    }
}

/// What Lambda writes to an `OnFailure` destination: the request, and why it failed.
fn given_back(message: &Message) -> Option<Waiting> {
    let record: Value = serde_json::from_str(message.body()?).ok()?;
    let text = |pointer: &str| record.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
    let function = text("/requestContext/functionArn")?;
    let event = record.get("requestPayload").filter(|event| event.is_object())?.clone();
    let why = text("/responsePayload/errorMessage").or_else(|| text("/requestContext/condition"));
    Some(Waiting { function, event, why: why.unwrap_or_default() })
}

/// What EventBridge writes to a rule's dead-letter queue: the event, and in attributes the target.
fn not_handed_over(message: &Message) -> Option<Waiting> {
    let event: Value = serde_json::from_str(message.body()?).ok().filter(Value::is_object)?;
    let attribute = |name: &str| message.message_attributes()?.get(name)?.string_value().map(str::to_owned);
    let function = attribute("TARGET_ARN")?;
    let why = attribute("ERROR_MESSAGE").or_else(|| attribute("ERROR_CODE"));
    Some(Waiting { function, event, why: why.unwrap_or_default() })
}
