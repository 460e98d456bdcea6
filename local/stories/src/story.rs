//! A story while it is being told: what has happened so far, and how one waits for the next thing.

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
use crate::timeline::{Chapter, Entry, in_order, model_of};

pub use error::StoryError;
pub(crate) use error::service;

/// How long a step may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(40);

/// The ledger's table, as the template names it.
pub(crate) const TABLE: &str = "trimtab-ledger";

/// A story.
pub struct Story {
    pub(crate) aws: Aws,
    pub(crate) ledger: DynamoLedger,
    pub(crate) inbox: String,
    /// Whether live versions are watched in it: most stories leave that out.
    pub(crate) watched: bool,
    models: PolicySet,
    rules: Vec<rules::Rule>,
    http: reqwest::Client,
    pub(crate) endpoint: String,
    /// How much of the gateway's journal has been read.
    read: u64,
    /// The ledger's records that are in the timeline.
    known: BTreeSet<(String, String, String)>,
    messages: Vec<Message>,
    chapters: Vec<Chapter>,
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
    /// A story on this cloud, with these policies. It is printed as it goes on, if wanted.
    ///
    /// # Errors
    /// A policy has a fault.
    pub fn new(cloud: &Cloud, models: &Path, print: bool) -> Result<Self, StoryError> {
        Ok(Self {
            aws: Aws::of(cloud),
            // Past the gateway: reading the ledger is no part of the story.
            ledger: DynamoLedger::new(&config(&cloud.ministack()), TABLE.to_owned()),
            inbox: String::new(),
            watched: false,
            models: policies::read(models)?,
            rules: rules::embedded()?,
            http: reqwest::Client::builder().no_proxy().build().map_err(service)?,
            endpoint: cloud.endpoint(),
            read: 0,
            known: BTreeSet::new(),
            messages: Vec::new(),
            chapters: Vec::new(),
            print,
        })
    }

    /// What has happened, chapter by chapter.
    #[must_use]
    pub fn chapters(&self) -> &[Chapter] {
        &self.chapters
    }

    /// What has happened, in order.
    #[must_use]
    pub fn timeline(&self) -> Vec<Entry> {
        in_order(&self.chapters)
    }

    pub(crate) fn begin(&mut self, title: &str) {
        if self.print {
            say(&format!("\n{title}"));
        }
        self.chapters.push(Chapter { title: title.to_owned(), seen: Vec::new(), entries: Vec::new() });
    }

    /// Something was seen to be so in the services.
    pub(crate) async fn saw(&mut self, what: impl Into<String>) -> Result<(), StoryError> {
        let what = what.into();
        self.catch_up().await?;
        if self.print {
            say(&format!("  seen: {what}"));
        }
        if let Some(chapter) = self.chapters.last_mut() {
            chapter.seen.push(what);
        }
        Ok(())
    }

    /// Looks again whenever something happens, until it is there.
    pub(crate) async fn until<T, F>(&mut self, what: &str, look: F) -> Result<T, StoryError>
    where
        F: AsyncFn(&Story) -> Result<Option<T>, StoryError>,
    {
        let since = Instant::now();
        let mut seen = self.read;
        loop {
            if let Some(found) = look(self).await? {
                return Ok(found);
            }
            if since.elapsed() > PATIENCE {
                self.catch_up().await?;
                return Err(StoryError::NotSeen(what.to_owned()));
            }
            seen = self.something_happens(seen).await?;
        }
    }

    /// Waits until a message of this kind was received, on a dedup key that begins so.
    pub(crate) async fn told(&mut self, kind: &str, dedup_key: &str) -> Result<(), StoryError> {
        let since = Instant::now();
        loop {
            self.catch_up().await?;
            if self.messages.iter().any(|message| message.kind == kind && message.dedup_key().starts_with(dedup_key)) {
                return Ok(());
            }
            if since.elapsed() > PATIENCE {
                return Err(StoryError::NotSeen(format!("a message: {kind} on {dedup_key}")));
            }
            self.something_happens(self.read).await?;
        }
    }

    /// How many messages were received, but for digests.
    pub(crate) fn messages(&self) -> usize {
        self.messages.iter().filter(|message| message.kind != "Digest").count()
    }

    /// Whether a message of this kind on a dedup key that begins so was received.
    pub(crate) fn was_told(&self, kind: &str, dedup_key: &str) -> bool {
        self.messages.iter().any(|message| message.kind == kind && message.dedup_key().starts_with(dedup_key))
    }

    /// The message of this kind on this dedup key that was received; empty where there is none.
    pub(crate) fn message(&self, kind: &str, dedup_key: &str) -> String {
        let of = |message: &&Message| message.kind == kind && message.dedup_key() == dedup_key;
        self.messages.iter().find(of).map(|message| message.body.clone()).unwrap_or_default()
    }

    /// Waits for the next event, or the next call by which a function leaves its mark.
    async fn something_happens(&self, mut seen: u64) -> Result<u64, StoryError> {
        for _ in 0..PATIENCE.as_secs() {
            let (entries, next) = self.journal(seen, 1).await?;
            seen = next;
            let marks = |entry: &Value| {
                let service = entry.get("service").and_then(Value::as_str).unwrap_or_default();
                entry.get("kind").and_then(Value::as_str) == Some("event") || matches!(service, "dynamodb" | "sns")
            };
            if entries.is_empty() || entries.iter().any(marks) {
                break;
            }
        }
        Ok(seen)
    }

    pub(crate) async fn journal(&self, after: u64, wait: u64) -> Result<(Vec<Value>, u64), StoryError> {
        let url = format!("{}/_trimtab/journal?after={after}&wait={wait}", self.endpoint);
        let page: Value = self.http.get(url).send().await.map_err(service)?.json().await.map_err(service)?;
        let entries = page.get("entries").and_then(Value::as_array).cloned().unwrap_or_default();
        Ok((entries, page.get("next").and_then(Value::as_u64).unwrap_or(after)))
    }

    /// The events that AWS has sent so far of this kind, newest last.
    pub(crate) async fn events(&self, detail_type: &str) -> Result<Vec<Value>, StoryError> {
        let (entries, _) = self.journal(0, 0).await?;
        let of_kind = |entry: Value| entry.get("event").filter(|event| event["detail-type"] == *detail_type).cloned();
        Ok(entries.into_iter().filter_map(of_kind).collect())
    }

    /// How many calls of this action the gateway has seen succeed.
    pub(crate) async fn calls(&self, action: &str) -> Result<usize, StoryError> {
        let (entries, _) = self.journal(0, 0).await?;
        Ok(entries.iter().filter(|entry| entry["action"] == *action && entry["status"] == 200).count())
    }

    /// The gateway's own controls.
    pub(crate) async fn control(&self, control: &str, body: Value) -> Result<(), StoryError> {
        let url = format!("{}/_trimtab/{control}", self.endpoint);
        let answer = self.http.post(url).json(&body).send().await.map_err(service)?;
        answer.error_for_status().map_err(service)?;
        Ok(())
    }

    /// What the gateway says of itself.
    pub(crate) async fn ask(&self, control: &str) -> Result<Value, StoryError> {
        let url = format!("{}/_trimtab/{control}", self.endpoint);
        self.http.get(url).send().await.map_err(service)?.json().await.map_err(service)
    }

    /// A call of a service whose API is REST, by its path.
    pub(crate) async fn rest(&self, name: &str, path: &str, body: &Value) -> Result<Value, StoryError> {
        let scope = format!("Credential=local/20260101/{}/{name}/aws4_request", trimtab_cloud::REGION);
        let signed = format!("AWS4-HMAC-SHA256 {scope}, SignedHeaders=host, Signature=0");
        let call = self.http.post(format!("{}/{path}", self.endpoint)).header("authorization", signed).json(body);
        call.send().await.map_err(service)?.json().await.map_err(service)
    }

    /// Puts an object, or a setting of a bucket, into S3. Nobody checks the signature; it names the service.
    pub(crate) async fn put(&self, path: &str, body: impl Into<reqwest::Body>) -> Result<(), StoryError> {
        let scope =
            "AWS4-HMAC-SHA256 Credential=local/20260101/eu-west-1/s3/aws4_request, SignedHeaders=host, Signature=0";
        let call = self.http.put(format!("{}/{path}", self.endpoint)).header("authorization", scope).body(body);
        call.send().await.map_err(service)?.error_for_status().map_err(service)?;
        Ok(())
    }

    /// The ledger's terminal records of all owners.
    pub(crate) async fn records(&self) -> Result<Vec<HistoryEntry>, StoryError> {
        let mut all = self.ledger.history(&Scope::Platform).await?;
        for policy in &self.models.policies {
            all.extend(self.ledger.history(&Scope::Model(policy.model.clone())).await?);
        }
        all.extend(self.ledger.dead_letters().await?.into_iter().map(|kept| kept.entry));
        all.sort_by_key(|entry| entry.at);
        Ok(all)
    }

    /// Applies the policies, with a change that only the story makes.
    pub(crate) async fn apply(&self, change: impl Fn(&mut Policy)) -> Result<String, StoryError> {
        self.apply_to("churn", change).await
    }

    /// The same, with a change of another model's.
    pub(crate) async fn apply_to(&self, model: &str, change: impl Fn(&mut Policy)) -> Result<String, StoryError> {
        self.apply_each(|policy| {
            if policy.model.as_str() == model {
                change(policy);
            }
        })
        .await
    }

    /// Applies the policies, with a change of any of them.
    pub(crate) async fn apply_each(&self, change: impl Fn(&mut Policy)) -> Result<String, StoryError> {
        let mut models = self.models.clone();
        for policy in &mut models.policies {
            policy.monitor = policy.monitor.take().filter(|_| self.watched);
            change(policy);
        }
        Ok(apply::apply(&self.ledger, &models).await?.to_string())
    }

    /// Takes what has happened since into the timeline.
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
            // The suite's own alarms are no part of the story.
            let model = model_of(event);
            if model.is_some() && rules::matching(&self.rules, event).is_empty() {
                new.push(Entry::unanswered(at, event, model));
            }
        }
        new.extend(self.receive().await?);
        new.sort_by_key(|entry| entry.at);
        if self.print {
            new.iter().for_each(|entry| say(&entry.line()));
        }
        if let Some(chapter) = self.chapters.last_mut() {
            chapter.entries.extend(new);
        }
        Ok(())
    }

    /// Empties the inbox that is subscribed to the topic.
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

    /// Takes the last of it in, and holds the messages against each other: one per dedup key.
    pub(crate) async fn close(&mut self) -> Result<(), StoryError> {
        self.begin("What the people on call read");
        self.control("release", json!({"phase": "bakes"})).await?;
        self.catch_up().await?;
        let mut once = BTreeSet::new();
        for message in &self.messages {
            if !once.insert((&message.kind, message.dedup_key())) {
                return Err(StoryError::Unexpected {
                    expected: "one message per dedup_key".to_owned(),
                    found: format!("two of {} on {}", message.kind, message.dedup_key()),
                });
            }
        }
        let count = self.messages.len();
        self.saw(format!("{count} messages through a subscription of the topic, one per dedup_key")).await
    }
}

fn at(entry: &Value) -> Option<Timestamp> {
    entry.get("at")?.as_str()?.parse().ok()
}

/// Progress is what this program prints; it goes to standard error, the results to files.
pub(crate) fn say(line: &str) {
    use std::io::Write;
    let _ = writeln!(std::io::stderr(), "{line}");
}
