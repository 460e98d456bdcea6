//! The timeline: events of AWS, the reactions of the functions with their reasons and actions, and messages.

use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};
use trimtab_core::plan::Decision;
use trimtab_core::port::HistoryEntry;

/// One entry of the timeline.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Entry {
    /// The time of the event, reaction or message.
    pub at: Timestamp,
    /// The source of the event: an AWS service, or `trimtab`.
    pub source: String,
    /// The event's detail type.
    pub event: String,
    /// The function that reacted; `None` if no rule of Trimtab matches the event.
    pub function: Option<String>,
    /// The model, if the entry belongs to one.
    pub model: Option<String>,
    /// The decision of the reaction.
    pub decision: Decision,
    /// The reasons of the decision.
    pub reasons: Vec<String>,
    /// The API calls with their parameters.
    pub actions: Vec<Value>,
}

/// A titled part of a story.
#[derive(Debug, Clone, PartialEq)]
pub struct Section {
    /// The title.
    pub title: String,
    /// Statements that were verified in the services.
    pub observed: Vec<String>,
    /// The entries, in the order in which they were found.
    pub entries: Vec<Entry>,
}

/// The result of a story that was played.
#[derive(Debug, Clone, PartialEq)]
pub struct StoryReport {
    /// The name on the command line.
    pub name: String,
    /// A summary in one line.
    pub about: String,
    /// The sections, in order.
    pub sections: Vec<Section>,
}

/// An entry of timeline.json, with its story.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Line {
    /// The name of the story.
    pub story: String,
    /// The entry.
    #[serde(flatten)]
    pub entry: Entry,
}

/// The entries of these stories, story by story, ordered by time.
#[must_use]
pub fn lines(reports: &[StoryReport]) -> Vec<Line> {
    let of = |report: &StoryReport| {
        let story = report.name.clone();
        in_order(&report.sections).into_iter().map(move |entry| Line { story: story.clone(), entry })
    };
    reports.iter().flat_map(of).collect()
}

/// The entries of these sections, ordered by time.
pub(crate) fn in_order(sections: &[Section]) -> Vec<Entry> {
    let mut all: Vec<Entry> = sections.iter().flat_map(|section| section.entries.clone()).collect();
    all.sort_by_key(|entry| entry.at);
    all
}

impl Entry {
    /// An entry for a function's terminal record in the ledger.
    #[must_use]
    pub fn of_record(record: &HistoryEntry) -> Self {
        // Messages of `notify` belong to no model; the dedup key in their reason names it.
        let dedup_key = || record.reasons.first().and_then(|reason| reason.split(" on ").nth(1));
        let model_in_key = || dedup_key().and_then(|dedup_key| dedup_key.split('/').nth(1)).map(model_in);
        Self {
            at: record.at,
            source: record.source.clone(),
            event: record.detail_type.clone(),
            function: Some(record.function.clone()),
            model: if record.owner == "platform" { model_in_key() } else { Some(record.owner.clone()) },
            decision: record.decision,
            reasons: record.reasons.clone(),
            actions: record.actions.clone(),
        }
    }

    /// An entry for an event that no rule of Trimtab matches.
    #[must_use]
    pub fn unmatched(at: Timestamp, event: &Value, model: Option<String>) -> Self {
        let text = |name: &str| event.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        Self {
            at,
            source: text("source"),
            event: text("detail-type"),
            function: None,
            model,
            decision: Decision::Skipped,
            reasons: vec![format!("{}: no rule of Trimtab matches", summary(event))],
            actions: Vec::new(),
        }
    }

    /// An entry for a message that the topic's subscriber received.
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

    /// The entry as one printed line.
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

/// The model in an incident name (`churn-build-5d3a90c1` belongs to `churn`); other names are models themselves.
fn model_in(name: &str) -> String {
    let mut parts = name.rsplitn(3, '-');
    match (parts.next(), parts.next(), parts.next()) {
        (Some(_), Some("build" | "image" | "drift" | "data" | "features" | "schedule" | "operator"), Some(model)) => {
            model.to_owned()
        }
        _ => name.to_owned(),
    }
}

/// The names and states in the event, as a short text.
fn summary(event: &Value) -> String {
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

/// The model of an AWS event; the resources in the stories are named after their models.
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
    fn model_is_parsed_from_incident_name() {
        assert_eq!(model_in("churn-build-5d3a90c1"), "churn");
        assert_eq!(model_in("churn"), "churn");
    }

    #[test]
    fn unmatched_event_is_summarized() {
        let event = json!({"source": "aws.sagemaker", "detail-type": "x", "detail":
            {"ModelPackageArn": "arn:aws:sagemaker:r:a:model-package/churn/3", "ModelApprovalStatus": "PendingManualApproval"}});
        let entry = Entry::unmatched(Timestamp::UNIX_EPOCH, &event, model_of(&event));
        assert_eq!(entry.reasons, ["churn/3 PendingManualApproval: no rule of Trimtab matches"]);
        assert_eq!(entry.model.as_deref(), Some("churn"));
    }
}
