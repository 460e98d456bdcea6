//! Readers of the facts that become messages, and the fact that adds a message to a digest.

use jiff::Timestamp;
use trimtab_core::fact::{Details, Fact, FactKind, FactSubject, Severity};
use trimtab_core::name::{CommitId, ImageUri, ModelName, RunArn, StageName};
use trimtab_core::text;

use crate::state::Line;

/// Longest line of a digest.
const LINE_MAX: usize = 300;

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
    use FactSubject as Subject;
    match fact.subject.work() {
        Subject::Build { .. }
        | Subject::UnownedBuild { .. }
        | Subject::BuildStartRefused { .. }
        | Subject::DefinitionRefused { .. } => About::Build,
        Subject::Incident { .. } | Subject::MergedTrigger { .. } | Subject::TrainingStartRefused { .. } => {
            About::Incident
        }
        Subject::Limit { .. } => About::Limit,
        Subject::Evaluation { .. } | Subject::EvaluationRequest { .. } | Subject::EvaluationStuck { .. } => {
            About::Version
        }
        Subject::Rollout { .. } => About::Rollout,
        _ => About::Other,
    }
}

/// The model; `platform` for facts that belong to none.
pub(crate) fn owner(fact: &Fact) -> &str {
    fact.model.as_ref().map_or("platform", ModelName::as_str)
}

pub(crate) fn version(fact: &Fact) -> Option<u32> {
    fact.details.version()
}

pub(crate) fn stage(fact: &Fact) -> Option<StageName> {
    fact.details.stage()
}

/// ID of the build of CodeBuild, or of the execution of CodePipeline.
pub(crate) fn build(fact: &Fact) -> Option<String> {
    fact.details.build()
}

pub(crate) fn commit(fact: &Fact) -> Option<CommitId> {
    fact.details.commit()
}

pub(crate) fn image(fact: &Fact) -> Option<ImageUri> {
    fact.details.image()
}

/// The run, if it is an execution of SageMaker Pipelines.
pub(crate) fn run(fact: &Fact) -> Option<RunArn> {
    RunArn::parse(&fact.details.run()?.to_string()).ok()
}

/// Type and name of the resource of a finding, such as `training-job` and `night`.
pub(crate) fn resource(fact: &Fact) -> Option<(String, String)> {
    let arn = fact.details.resource()?;
    let (kind, name) = arn.splitn(6, ':').nth(5)?.split_once('/')?;
    Some((kind.to_owned(), name.to_owned()))
}

/// Every detail, for the message's body.
pub(crate) fn details(fact: &Fact) -> impl Iterator<Item = (&str, &str)> {
    fact.details.iter()
}

/// Adds a message to the digest of its model. The digest is another aggregate, so that this is a request.
pub(crate) fn batched(message: &Fact, subject: String, at: Timestamp) -> Fact {
    let digest = FactSubject::Digest(message.kind, Box::new(message.subject.clone()));
    Fact {
        model: message.model.clone(),
        reasons: message.reasons.iter().take(1).cloned().collect(),
        details: Details::default().with_line(subject).with_severity(message.kind.severity()),
        ..Fact::new(FactKind::NotificationBatched, digest, at)
    }
}

/// The line of a digest that [`batched`] describes.
pub(crate) fn line(fact: &Fact) -> Line {
    let subject = fact.details.line().unwrap_or_else(|| fact.dedup_key());
    let reason = fact.reasons.first().map(|reason| format!(": {reason}")).unwrap_or_default();
    Line {
        key: text::digest(&[&fact.dedup_key()], 32),
        at: fact.at,
        severity: fact.details.severity().unwrap_or(Severity::Info),
        text: text::one_line(&format!("{subject}{reason}"), LINE_MAX),
    }
}
