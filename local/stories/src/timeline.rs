//! The timeline: what AWS said, which function reacted, what it decided and why, what it did.

use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};
use trimtab_core::plan::Decision;
use trimtab_core::port::HistoryEntry;

/// One line of the timeline.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Entry {
    /// When.
    pub at: Timestamp,
    /// Who said so: an AWS service, or the suite itself.
    pub source: String,
    /// What was said: the event's detail type.
    pub event: String,
    /// The function that reacted; `None` where no rule of the suite takes the event.
    pub function: Option<String>,
    /// The model, where it belongs to one.
    pub model: Option<String>,
    /// How the reaction ended.
    pub decision: Decision,
    /// Why.
    pub reasons: Vec<String>,
    /// What was done, in the words of AWS's API.
    pub actions: Vec<Value>,
}

/// A part of the story, for people.
#[derive(Debug, Clone, PartialEq)]
pub struct Chapter {
    /// What it is about.
    pub title: String,
    /// What was seen to be true at its end.
    pub seen: Vec<String>,
    /// What happened in it, in order.
    pub entries: Vec<Entry>,
}

/// A story that was told.
#[derive(Debug, Clone, PartialEq)]
pub struct Told {
    /// Its name.
    pub name: String,
    /// What it is about.
    pub about: String,
    /// Its chapters, in order.
    pub chapters: Vec<Chapter>,
}

/// An entry, and the story that it is of.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Line {
    /// The story's name.
    pub story: String,
    /// What happened.
    #[serde(flatten)]
    pub entry: Entry,
}

/// What happened in these stories, story by story, in order.
#[must_use]
pub fn lines(told: &[Told]) -> Vec<Line> {
    let of = |told: &Told| {
        let story = told.name.clone();
        in_order(&told.chapters).into_iter().map(move |entry| Line { story: story.clone(), entry })
    };
    told.iter().flat_map(of).collect()
}

/// What happened in these chapters, in order.
pub(crate) fn in_order(chapters: &[Chapter]) -> Vec<Entry> {
    let mut all: Vec<Entry> = chapters.iter().flat_map(|chapter| chapter.entries.clone()).collect();
    all.sort_by_key(|entry| entry.at);
    all
}

impl Entry {
    /// The terminal record of a function, from the ledger.
    #[must_use]
    pub fn of_record(record: &HistoryEntry) -> Self {
        // `notify` owns its notices as the suite; the model stands in the dedup key.
        let matter_of = || record.reasons.first().and_then(|reason| reason.split(" on ").nth(1));
        let in_matter = || matter_of().and_then(|dedup_key| dedup_key.split('/').nth(1)).map(model_in);
        Self {
            at: record.at,
            source: record.source.clone(),
            event: record.detail_type.clone(),
            function: Some(record.function.clone()),
            model: if record.owner == "platform" { in_matter() } else { Some(record.owner.clone()) },
            decision: record.decision,
            reasons: record.reasons.clone(),
            actions: record.actions.clone(),
        }
    }

    /// An event that no rule of the suite takes.
    #[must_use]
    pub fn unanswered(at: Timestamp, event: &Value, model: Option<String>) -> Self {
        let text = |name: &str| event.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        Self {
            at,
            source: text("source"),
            event: text("detail-type"),
            function: None,
            model,
            decision: Decision::Skipped,
            reasons: vec![format!("{}: no rule of the suite takes this", gist(event))],
            actions: Vec::new(),
        }
    }

    /// A message that a subscriber of the topic received.
    #[must_use]
    pub fn of_message(at: Timestamp, subject: &str, body: &str, model: Option<String>) -> Self {
        Self {
            at,
            source: "aws.sns".to_owned(),
            event: "Message received".to_owned(),
            function: Some("notify".to_owned()),
            model,
            decision: Decision::Acted,
            reasons: vec![subject.to_owned()],
            actions: vec![json!({"action": "Publish", "service": "sns", "subject": subject, "body": body})],
        }
    }

    /// As it is printed.
    #[must_use]
    pub fn line(&self) -> String {
        let function = self.function.as_deref().unwrap_or("-");
        let reasons = self.reasons.join("; ");
        let actions: Vec<&str> = self.actions.iter().filter_map(|action| action.get("action")?.as_str()).collect();
        let did = if actions.is_empty() { String::new() } else { format!("  => {}", actions.join(", ")) };
        let clock = self.at.strftime("%H:%M:%S%.3f");
        format!("  {clock}  {:<44} {function:<9} {:<8} {reasons}{did}", self.event, self.decision.as_str())
    }
}

/// `churn-build-5d3a90c1` is an incident of `churn`; anything else is the model itself.
fn model_in(name: &str) -> String {
    let mut parts = name.rsplitn(3, '-');
    match (parts.next(), parts.next(), parts.next()) {
        (Some(_), Some("build" | "image" | "drift" | "data" | "features" | "schedule" | "operator"), Some(model)) => {
            model.to_owned()
        }
        _ => name.to_owned(),
    }
}

/// What the event is about, in a few words.
fn gist(event: &Value) -> String {
    let at = |pointer: &str| event.pointer(pointer).and_then(Value::as_str);
    let words = [
        at("/detail/ModelPackageArn").and_then(|arn| arn.split("model-package/").nth(1)),
        at("/detail/EndpointName"),
        at("/detail/project-name"),
        at("/detail/pipelineExecutionDisplayName"),
        at("/detail/alarmName"),
        at("/detail/pipeline"),
        at("/detail/build-status"),
        at("/detail/ModelApprovalStatus"),
        at("/detail/EndpointStatus"),
        at("/detail/currentPipelineExecutionStatus"),
        at("/detail/state/value"),
        at("/detail/state"),
    ];
    words.into_iter().flatten().collect::<Vec<_>>().join(" ")
}

/// The story's model that an event of AWS is about, as its resources are named after it.
#[must_use]
pub fn model_of(event: &Value) -> Option<String> {
    let text = event.get("detail")?.to_string();
    ["churn", "demand", "forecast", "loans", "pricing", "ranking", "segments"]
        .into_iter()
        .find(|model| text.contains(model))
        .map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_model_of_an_incident_is_found_in_its_name() {
        assert_eq!(model_in("churn-build-5d3a90c1"), "churn");
        assert_eq!(model_in("churn"), "churn");
    }

    #[test]
    fn an_unanswered_event_says_what_it_is_about() {
        let event = json!({"source": "aws.sagemaker", "detail-type": "x", "detail":
            {"ModelPackageArn": "arn:aws:sagemaker:r:a:model-package/churn/3", "ModelApprovalStatus": "PendingManualApproval"}});
        let entry = Entry::unanswered(Timestamp::UNIX_EPOCH, &event, model_of(&event));
        assert_eq!(entry.reasons, ["churn/3 PendingManualApproval: no rule of the suite takes this"]);
        assert_eq!(entry.model.as_deref(), Some("churn"));
    }
}
