//! Readers of the facts that become messages, and the fact that adds a message to a digest.

use std::collections::BTreeMap;

use jiff::Timestamp;
use trimtab_core::fact::{self, Fact, FactKind, Severity};
use trimtab_core::name::{CommitId, ImageUri, ModelName, RunArn};
use trimtab_core::text;

use crate::state::Line;

/// Longest line of a digest.
const LINE_MAX: usize = 300;

/// Prefix of the dedup key of Deadline Exceeded; the rest is the dedup key of the work.
const DEADLINE: &str = "late/";

/// The part of the automation that a fact is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum About {
    Build,
    Incident,
    /// A limit that delays training.
    Limit,
    Version,
    Rollout,
    Other,
}

pub(crate) fn about(fact: &Fact) -> About {
    match segments(&fact.dedup_key).next() {
        Some("build") => About::Build,
        Some("incident") => About::Incident,
        Some("held") if fact.kind != FactKind::NotificationBatched => About::Limit,
        Some("candidate") => About::Version,
        Some("rollout") => About::Rollout,
        _ => About::Other,
    }
}

/// The part of a dedup key that all messages about one incident, version or commit share.
#[must_use]
pub fn thread(dedup_key: &str) -> String {
    let count = match segments(dedup_key).next() {
        Some("incident") => 2,
        // `rollout/MODEL/STAGE/VERSION/ATTEMPT` of a model with stages.
        Some("rollout") if segments(dedup_key).count() > 4 => 4,
        _ => 3,
    };
    segments(dedup_key).take(count).collect::<Vec<_>>().join("/")
}

fn segments(dedup_key: &str) -> std::str::Split<'_, char> {
    dedup_key.trim_start_matches(DEADLINE).split('/')
}

/// The model; `platform` for facts that belong to none.
pub(crate) fn owner(fact: &Fact) -> &str {
    fact.model.as_ref().map_or("platform", ModelName::as_str)
}

pub(crate) fn version(fact: &Fact) -> Option<&str> {
    fact.details.get("version").map(String::as_str)
}

pub(crate) fn stage(fact: &Fact) -> Option<&String> {
    fact.details.get("stage")
}

/// ID of the build of CodeBuild, or of the execution of CodePipeline.
pub(crate) fn build(fact: &Fact) -> Option<&str> {
    fact.details.get("build").map(String::as_str)
}

pub(crate) fn commit(fact: &Fact) -> Option<CommitId> {
    CommitId::parse(fact.details.get("commit")?).ok()
}

pub(crate) fn image(fact: &Fact) -> Option<ImageUri> {
    ImageUri::parse(fact.details.get("image")?).ok()
}

/// The run, if it is an execution of SageMaker Pipelines.
pub(crate) fn run(fact: &Fact) -> Option<RunArn> {
    RunArn::parse(fact.details.get("run")?).ok()
}

/// Type and name of the resource of a finding, such as `training-job` and `night`.
pub(crate) fn resource(fact: &Fact) -> Option<(&str, &str)> {
    fact.details.get("resource")?.splitn(6, ':').nth(5)?.split_once('/')
}

/// Every detail, for the message's body.
pub(crate) fn details(fact: &Fact) -> impl Iterator<Item = (&str, &str)> {
    fact.details.iter().map(|(name, value)| (name.as_str(), value.as_str()))
}

/// Adds a message to the digest of its model. The digest is another aggregate, so that this is a request.
pub(crate) fn batched(message: &Fact, subject: String, at: Timestamp) -> Fact {
    Fact {
        kind: FactKind::NotificationBatched,
        version: fact::VERSION,
        model: message.model.clone(),
        dedup_key: format!("held/{}/{}", message.kind.as_str(), message.dedup_key),
        at,
        reasons: message.reasons.iter().take(1).cloned().collect(),
        details: BTreeMap::from([
            ("says".to_owned(), subject),
            ("severity".to_owned(), message.kind.severity().as_str().to_owned()),
        ]),
    }
}

/// The line of a digest that [`batched`] describes.
pub(crate) fn line(fact: &Fact) -> Line {
    let subject = fact.details.get("says").unwrap_or(&fact.dedup_key);
    let reason = fact.reasons.first().map(|reason| format!(": {reason}")).unwrap_or_default();
    let severity = fact.details.get("severity").and_then(|word| Severity::parse(word));
    Line {
        key: text::digest(&[&fact.dedup_key], 32),
        at: fact.at,
        severity: severity.unwrap_or(Severity::Info),
        text: text::one_line(&format!("{subject}{reason}"), LINE_MAX),
    }
}
