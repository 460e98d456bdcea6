//! A running story: its timeline so far, and the functions that wait for the next effect.

mod error;

use std::collections::BTreeSet;
use std::path::Path;
use std::time::{Duration, Instant};

use aws_sdk_sqs::types::MessageSystemAttributeName;
use jiff::Timestamp;
use serde_json::{Value, json};
use trimtab_cli::commands::apply;
use trimtab_cli::policies::{self, PolicySet};
use trimtab_cli::rules;
use trimtab_cloud::Cloud;
use trimtab_core::name::ModelName;
use trimtab_core::policy::Policy;
use trimtab_core::port::HistoryEntry;
use trimtab_ledger::{DynamoLedger, Scope};

use crate::aws::{Aws, config};
use crate::timeline::{Entry, Section, in_order, model_of};

pub use error::StoryError;
pub(crate) use error::service;

/// Time for one step on a busy machine.
const STEP_TIMEOUT: Duration = Duration::from_secs(40);

/// The ledger's table in the template.
pub(crate) const TABLE: &str = "trimtab-ledger";

/// A running story on a local cloud.
pub struct Story {
    pub(crate) aws: Aws,
    pub(crate) ledger: DynamoLedger,
    pub(crate) inbox: String,
    /// Whether `monitor` is configured: most stories remove the `[monitor]` tables.
    pub(crate) monitoring: bool,
    policies: PolicySet,
    rules: Vec<rules::Rule>,
    http: reqwest::Client,
    pub(crate) endpoint: String,
    /// The position in the emulator's journal up to which it was read.
    read: u64,
    /// Keys of the ledger's records that are already in the timeline.
    known: BTreeSet<(String, String, String)>,
    messages: Vec<Message>,
    sections: Vec<Section>,
    print: bool,
}

/// A message that the subscriber received.
#[derive(Debug, Clone)]
struct Message {
    body: String,
    kind: String,
}

impl Message {
    fn dedup_key(&self) -> &str {
        self.body.lines().find_map(|line| line.trim().strip_prefix("dedup_key: ")).unwrap_or_default()
    }
}

impl Story {
    /// Creates a story on this cloud with the policies of a folder. With `print`, each step is printed.
    ///
    /// # Errors
    /// A policy is invalid.
    pub fn new(cloud: &Cloud, policies: &Path, print: bool) -> Result<Self, StoryError> {
        Ok(Self {
            aws: Aws::of(cloud),
            // Directly to MiniStack, so that the story's own reads stay out of the emulator's journal.
            ledger: DynamoLedger::new(&config(&cloud.ministack()), TABLE.to_owned()),
            inbox: String::new(),
            monitoring: false,
            policies: policies::read(policies)?,
            rules: rules::embedded()?,
            http: reqwest::Client::builder().no_proxy().build().map_err(service)?,
            endpoint: cloud.endpoint(),
            read: 0,
            known: BTreeSet::new(),
            messages: Vec::new(),
            sections: Vec::new(),
            print,
        })
    }

    /// The sections so far, in order.
    #[must_use]
    pub fn sections(&self) -> &[Section] {
        &self.sections
    }

    /// The entries of all sections, ordered by time.
    #[must_use]
    pub fn timeline(&self) -> Vec<Entry> {
        in_order(&self.sections)
    }

    pub(crate) fn section(&mut self, title: &str) {
        if self.print {
            say(&format!("\n{title}"));
        }
        self.sections.push(Section { title: title.to_owned(), observed: Vec::new(), entries: Vec::new() });
    }

    /// Records an observation that was verified in the services.
    pub(crate) async fn observed(&mut self, what: impl Into<String>) -> Result<(), StoryError> {
        let what = what.into();
        self.catch_up().await?;
        if self.print {
            say(&format!("  verified: {what}"));
        }
        if let Some(section) = self.sections.last_mut() {
            section.observed.push(what);
        }
        Ok(())
    }

    /// Repeats `probe` after each event or call until it returns a value.
    pub(crate) async fn until<T, F>(&mut self, what: &str, probe: F) -> Result<T, StoryError>
    where
        F: AsyncFn(&Story) -> Result<Option<T>, StoryError>,
    {
        let since = Instant::now();
        let mut read = self.read;
        loop {
            if let Some(found) = probe(self).await? {
                return Ok(found);
            }
            if since.elapsed() > STEP_TIMEOUT {
                self.catch_up().await?;
                return Err(StoryError::NotObserved(what.to_owned()));
            }
            read = self.next_effect(read).await?;
        }
    }

    /// Waits for a message of this kind whose dedup key has this prefix.
    pub(crate) async fn received(&mut self, kind: &str, dedup_key: &str) -> Result<(), StoryError> {
        let since = Instant::now();
        loop {
            self.catch_up().await?;
            if self.messages.iter().any(|message| message.kind == kind && message.dedup_key().starts_with(dedup_key)) {
                return Ok(());
            }
            if since.elapsed() > STEP_TIMEOUT {
                return Err(StoryError::NotObserved(format!("a message {kind} with dedup key {dedup_key}")));
            }
            self.next_effect(self.read).await?;
        }
    }

    /// The number of received messages without digests.
    pub(crate) fn messages(&self) -> usize {
        self.messages.iter().filter(|message| message.kind != "Digest").count()
    }

    /// Whether a message of this kind was received whose dedup key has this prefix.
    pub(crate) fn has_received(&self, kind: &str, dedup_key: &str) -> bool {
        self.messages.iter().any(|message| message.kind == kind && message.dedup_key().starts_with(dedup_key))
    }

    /// The body of the received message of this kind and dedup key; empty if there is none.
    pub(crate) fn message(&self, kind: &str, dedup_key: &str) -> String {
        let of = |message: &&Message| message.kind == kind && message.dedup_key() == dedup_key;
        self.messages.iter().find(of).map(|message| message.body.clone()).unwrap_or_default()
    }

    /// Waits for the next event, or the next call of a function that writes to the ledger or sends a message.
    async fn next_effect(&self, mut read: u64) -> Result<u64, StoryError> {
        for _ in 0..STEP_TIMEOUT.as_secs() {
            let (entries, next) = self.journal(read, 1).await?;
            read = next;
            let is_effect = |entry: &Value| {
                let service = entry.get("service").and_then(Value::as_str).unwrap_or_default();
                entry.get("kind").and_then(Value::as_str) == Some("event") || matches!(service, "dynamodb" | "sns")
            };
            if entries.is_empty() || entries.iter().any(is_effect) {
                break;
            }
        }
        Ok(read)
    }

    pub(crate) async fn journal(&self, after: u64, wait: u64) -> Result<(Vec<Value>, u64), StoryError> {
        let url = format!("{}/_trimtab/journal?after={after}&wait={wait}", self.endpoint);
        let page: Value = self.http.get(url).send().await.map_err(service)?.json().await.map_err(service)?;
        let entries = page.get("entries").and_then(Value::as_array).cloned().unwrap_or_default();
        Ok((entries, page.get("next").and_then(Value::as_u64).unwrap_or(after)))
    }

    /// The events of this detail type that AWS has sent so far, newest last.
    pub(crate) async fn events(&self, detail_type: &str) -> Result<Vec<Value>, StoryError> {
        let (entries, _) = self.journal(0, 0).await?;
        let of_kind = |entry: Value| entry.get("event").filter(|event| event["detail-type"] == *detail_type).cloned();
        Ok(entries.into_iter().filter_map(of_kind).collect())
    }

    /// The number of successful calls of this action in the emulator's journal.
    pub(crate) async fn calls(&self, action: &str) -> Result<usize, StoryError> {
        let (entries, _) = self.journal(0, 0).await?;
        Ok(entries.iter().filter(|entry| entry["action"] == *action && entry["status"] == 200).count())
    }

    /// Sets a control of the emulator, for example `hold` or `fate`.
    pub(crate) async fn control(&self, control: &str, body: Value) -> Result<(), StoryError> {
        let url = format!("{}/_trimtab/{control}", self.endpoint);
        let response = self.http.post(url).json(&body).send().await.map_err(service)?;
        response.error_for_status().map_err(service)?;
        Ok(())
    }

    /// Reads the state of a control of the emulator.
    pub(crate) async fn control_state(&self, control: &str) -> Result<Value, StoryError> {
        let url = format!("{}/_trimtab/{control}", self.endpoint);
        self.http.get(url).send().await.map_err(service)?.json().await.map_err(service)
    }

    /// Calls a service with a REST API by its path.
    pub(crate) async fn rest(&self, name: &str, path: &str, body: &Value) -> Result<Value, StoryError> {
        let scope = format!("Credential=local/20260101/{}/{name}/aws4_request", trimtab_cloud::REGION);
        let signed = format!("AWS4-HMAC-SHA256 {scope}, SignedHeaders=host, Signature=0");
        let call = self.http.post(format!("{}/{path}", self.endpoint)).header("authorization", signed).json(body);
        call.send().await.map_err(service)?.json().await.map_err(service)
    }

    /// Puts an object or a bucket setting into S3. The unchecked signature routes the call to S3.
    pub(crate) async fn put(&self, path: &str, body: impl Into<reqwest::Body>) -> Result<(), StoryError> {
        let scope =
            "AWS4-HMAC-SHA256 Credential=local/20260101/eu-west-1/s3/aws4_request, SignedHeaders=host, Signature=0";
        let call = self.http.put(format!("{}/{path}", self.endpoint)).header("authorization", scope).body(body);
        call.send().await.map_err(service)?.error_for_status().map_err(service)?;
        Ok(())
    }

    /// The ledger's history of all owners, and its dead letters.
    pub(crate) async fn records(&self) -> Result<Vec<HistoryEntry>, StoryError> {
        let mut all = self.ledger.history(&Scope::Platform).await?;
        for policy in &self.policies.policies {
            all.extend(self.ledger.history(&Scope::Model(policy.model.clone())).await?);
        }
        all.extend(self.ledger.dead_letters().await?.into_iter().map(|letter| letter.entry));
        all.sort_by_key(|entry| entry.at);
        Ok(all)
    }

    /// Applies the policies with a change of the policy of churn.
    pub(crate) async fn apply(&self, change: impl Fn(&mut Policy)) -> Result<String, StoryError> {
        self.apply_to("churn", change).await
    }

    /// Applies the policies with a change of the policy of `model`.
    pub(crate) async fn apply_to(&self, model: &str, change: impl Fn(&mut Policy)) -> Result<String, StoryError> {
        self.apply_each(|policy| {
            if policy.model.as_str() == model {
                change(policy);
            }
        })
        .await
    }

    /// Applies the policies after `change` was called for each.
    pub(crate) async fn apply_each(&self, change: impl Fn(&mut Policy)) -> Result<String, StoryError> {
        let mut set = self.policies.clone();
        for policy in &mut set.policies {
            policy.monitor = policy.monitor.take().filter(|_| self.monitoring);
            change(policy);
        }
        Ok(apply::apply(&self.ledger, &set).await?.to_string())
    }

    /// Adds new records, events and messages to the timeline.
    pub(crate) async fn catch_up(&mut self) -> Result<(), StoryError> {
        let mut new = Vec::new();
        for record in self.records().await? {
            let key = (record.function.clone(), record.event_id.clone(), record.detail_type.clone());
            if self.known.insert(key) {
                new.push(Entry::of_record(&record));
            }
        }
        let (entries, next) = self.journal(self.read, 0).await?;
        self.read = next;
        for entry in &entries {
            let (Some(event), Some(at)) = (entry.get("event").filter(|event| event.is_object()), at(entry)) else {
                continue;
            };
            // Trimtab's own alarms belong to no model and stay out of the timeline.
            let model = model_of(event);
            if model.is_some() && rules::matching(&self.rules, event).is_empty() {
                new.push(Entry::unmatched(at, event, model));
            }
        }
        new.extend(self.receive().await?);
        new.sort_by_key(|entry| entry.at);
        if self.print {
            new.iter().for_each(|entry| say(&entry.line()));
        }
        if let Some(section) = self.sections.last_mut() {
            section.entries.extend(new);
        }
        Ok(())
    }

    /// Receives all messages of the inbox that is subscribed to the topic.
    async fn receive(&mut self) -> Result<Vec<Entry>, StoryError> {
        let mut new = Vec::new();
        if self.inbox.is_empty() {
            return Ok(new);
        }
        loop {
            let call = self
                .aws
                .sqs
                .receive_message()
                .queue_url(&self.inbox)
                .max_number_of_messages(10)
                .message_system_attribute_names(MessageSystemAttributeName::SentTimestamp);
            let received = call.send().await.map_err(service)?.messages.unwrap_or_default();
            if received.is_empty() {
                return Ok(new);
            }
            for message in received {
                let body: Value = serde_json::from_str(message.body().unwrap_or_default()).unwrap_or_default();
                let text = |name: &str| body.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
                let attribute = |name: &str| {
                    let value = body.pointer(&format!("/MessageAttributes/{name}/Value")).and_then(Value::as_str);
                    value.map(str::to_owned)
                };
                let sent = message.attributes().and_then(|all| all.get(&MessageSystemAttributeName::SentTimestamp));
                let sent = sent.and_then(|at| Timestamp::from_millisecond(at.parse().ok()?).ok());
                let at = sent.unwrap_or_else(Timestamp::now);
                let model = attribute("model").filter(|model| ModelName::parse(model).is_ok() && model != "trimtab");
                new.push(Entry::of_message(at, &text("Subject"), &text("Message"), model));
                let kind = attribute("kind").unwrap_or_default();
                self.messages.push(Message { body: text("Message"), kind });
                let handle = message.receipt_handle().unwrap_or_default();
                let delete = self.aws.sqs.delete_message().queue_url(&self.inbox).receipt_handle(handle);
                delete.send().await.map_err(service)?;
            }
        }
    }

    /// Ends the story and verifies that each dedup key led to one message.
    pub(crate) async fn close(&mut self) -> Result<(), StoryError> {
        self.section("Notifications of the on-call subscribers");
        self.control("release", json!({"phase": "bakes"})).await?;
        self.catch_up().await?;
        let mut once = BTreeSet::new();
        for message in &self.messages {
            if !once.insert((&message.kind, message.dedup_key())) {
                return Err(StoryError::Unexpected {
                    expected: "one message per dedup key".to_owned(),
                    found: format!("two of {} with dedup key {}", message.kind, message.dedup_key()),
                });
            }
        }
        let count = self.messages.len();
        self.observed(format!("{count} messages were delivered through a topic subscription, one per dedup key")).await
    }
}

fn at(entry: &Value) -> Option<Timestamp> {
    entry.get("at")?.as_str()?.parse().ok()
}

/// Prints progress to standard error; results go to files.
pub(crate) fn say(line: &str) {
    use std::io::Write;
    let _ = writeln!(std::io::stderr(), "{line}");
}
