//! What a fact is about. The text form is the dedup key.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::FactKind;
use super::part::{Part, Token};
use crate::event::DriftKind;
use crate::name::{CommitId, ImageDigest, ImageTag, ModelName, PackageArn, StageName};

macro_rules! subjects {
    ($($(#[$doc:meta])* $variant:ident = $prefix:literal { $($field:ident: $of:ty),+ };)*) => {
        /// The subject of a fact, and its identity: two facts of one kind with one subject say the same, and lead to one
        /// message. Its text form is the fact's dedup key: the words of the variant and its fields, separated by `/`.
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[allow(missing_docs, reason = "the fields are named after what they hold")]
        pub enum FactSubject {
            $($(#[$doc])* $variant { $($field: $of),+ },)*
            /// A version in one stage of its model; the stage is left out where the policy has only one. Each attempt is
            /// a subject of its own.
            Rollout { model: ModelName, stage: Option<StageName>, version: u32, attempt: u32 },
            /// Something that takes longer than the policy allows.
            Deadline(Box<FactSubject>),
            /// A shadow test or A/B test that takes longer than the policy allows.
            VariantTestDeadline(Box<FactSubject>),
            /// A fact whose message waits for the digest.
            Digest(FactKind, Box<FactSubject>),
        }

        impl fmt::Display for FactSubject {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self {
                    $(Self::$variant { $($field),+ } => {
                        f.write_str($prefix)?;
                        $(write!(f, "/{}", $field.text())?;)+
                        Ok(())
                    })*
                    Self::Rollout { model, stage: None, version, attempt } => {
                        write!(f, "rollout/{model}/{version}/{attempt}")
                    }
                    Self::Rollout { model, stage: Some(stage), version, attempt } => {
                        write!(f, "rollout/{model}/{stage}/{version}/{attempt}")
                    }
                    Self::Deadline(subject) => write!(f, "deadline/{subject}"),
                    Self::VariantTestDeadline(subject) => write!(f, "variant-test-deadline/{subject}"),
                    Self::Digest(kind, subject) => write!(f, "digest/{}/{subject}", kind.as_str()),
                }
            }
        }

        /// Reads a subject without a subject within it.
        fn plain(prefix: &str, parts: &[&str]) -> Option<FactSubject> {
            match prefix {
                $($prefix => {
                    let mut parts = parts.iter();
                    $(let $field = <$of>::read(parts.next()?)?;)+
                    parts.next().is_none().then_some(FactSubject::$variant { $($field),+ })
                })*
                "rollout" => rollout(parts),
                _ => None,
            }
        }
    };
}

subjects! {
    /// A commit that is built.
    Build = "build" { model: ModelName, commit: CommitId };
    /// A request that a commit is built, by the branch, pull request or execution from which it comes.
    BuildRequest = "build-request" { model: ModelName, commit: CommitId, origin: Token };
    /// A build that its builder refused to start.
    BuildStartRefused = "build-start-refused" { model: ModelName, commit: CommitId };
    /// A commit whose definition of the training pipeline SageMaker refused.
    DefinitionRefused = "definition-refused" { model: ModelName, commit: CommitId };
    /// A commit that is built by a build whose variables name no model.
    UnownedBuild = "unowned-build" { commit: CommitId };
    /// The deletion of a branch.
    BranchDeletion = "branch" { model: ModelName, deletion: Token };
    /// An image that training runs use, by its serial number.
    Image = "image" { model: ModelName, serial: u32 };
    /// The push of an image.
    ImagePush = "image-push" { model: ModelName, tag: ImageTag, digest: ImageDigest };
    /// An incident: one training run and what caused it.
    Incident = "incident" { incident: Token };
    /// An incident whose training run its engine refused to start.
    TrainingStartRefused = "training-start-refused" { incident: Token };
    /// A trigger that was merged into an incident.
    MergedTrigger = "merged-trigger" { incident: Token, trigger: Token };
    /// A limit that prevents training, for as long as it applies.
    Limit = "limit" { model: ModelName, limit: Token, since: Token };
    /// An operator's request for a training run.
    TrainingRequest = "training-request" { model: ModelName, request: Token };
    /// The evaluation of a version.
    Evaluation = "evaluation" { model: ModelName, version: u32 };
    /// A request to evaluate a version.
    EvaluationRequest = "evaluation-request" { model: ModelName, version: u32, at: Timestamp };
    /// An evaluation that cannot continue, by its reason code.
    EvaluationStuck = "evaluation-stuck" { model: ModelName, version: u32, code: Token };
    /// A request to let a version into a stage.
    Promotion = "promotion" { model: ModelName, stage: StageName, version: u32, request: Token };
    /// A request to take a rejected version out of a stage.
    Withdrawal = "withdrawal" { model: ModelName, stage: StageName, version: u32, attempt: u32 };
    /// An operator's request to roll back.
    Rollback = "rollback" { model: ModelName, at: Timestamp };
    /// A request to reconcile a model.
    Reconcile = "reconcile" { model: ModelName, at: Timestamp };
    /// A request to reconcile one stage of a model.
    StageReconcile = "stage-reconcile" { model: ModelName, stage: StageName, at: Timestamp };
    /// A request to reconcile the stage of a rollout for whose progress AWS sends no event.
    RolloutReconcile = "rollout-reconcile" { model: ModelName, stage: StageName, version: u32, since: Timestamp };
    /// A model's monitoring of one kind of drift, by the definition or baseline job.
    Monitoring = "monitoring" { model: ModelName, kind: DriftKind, definition: Token };
    /// The end of the monitoring of one kind of drift.
    MonitoringEnd = "monitoring-end" { model: ModelName, kind: DriftKind, definition: Token };
    /// A request to compare a model's monitoring of one kind of drift with its policy.
    MonitoringRequest = "monitoring-request" { model: ModelName, kind: DriftKind, at: Timestamp };
    /// An endpoint configuration without data capture; `count` grows each time that it returns.
    DataCapture = "data-capture" { model: ModelName, configuration: Token, count: u32 };
    /// A resource that breaks a rule of the organization; `number` grows with each new finding about it.
    Finding = "finding" { resource: Token, number: u32 };
    /// Events with a permanent failure of one cause, at one function.
    DeadLetter = "dead-letter" { function: Token, cause: Token };
}

/// `model/version/attempt` or `model/stage/version/attempt`.
fn rollout(parts: &[&str]) -> Option<FactSubject> {
    let (model, stage, version, attempt) = match parts {
        [model, version, attempt] => (model, None, version, attempt),
        [model, stage, version, attempt] => (model, Some(StageName::read(stage)?), version, attempt),
        _ => return None,
    };
    Some(FactSubject::Rollout {
        model: ModelName::read(model)?,
        stage,
        version: u32::read(version)?,
        attempt: u32::read(attempt)?,
    })
}

/// A text that is no subject's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected a dedup key such as incident/churn-drift-1a2b3c4d")]
pub struct MalformedSubject;

impl FromStr for FactSubject {
    type Err = MalformedSubject;

    /// A digest may contain a deadline, and a deadline the work; nothing else nests, so that no text from the bus can make
    /// this recurse.
    fn from_str(text: &str) -> Result<Self, MalformedSubject> {
        let Some(batched) = text.strip_prefix("digest/") else { return work_or_deadline(text) };
        let (kind, subject) = batched.split_once('/').ok_or(MalformedSubject)?;
        let kind = FactKind::parse(kind).ok_or(MalformedSubject)?;
        Ok(Self::Digest(kind, Box::new(work_or_deadline(subject)?)))
    }
}

fn work_or_deadline(text: &str) -> Result<FactSubject, MalformedSubject> {
    if let Some(exceeded) = text.strip_prefix("deadline/") {
        return Ok(FactSubject::Deadline(Box::new(work(exceeded)?)));
    }
    if let Some(exceeded) = text.strip_prefix("variant-test-deadline/") {
        return Ok(FactSubject::VariantTestDeadline(Box::new(work(exceeded)?)));
    }
    work(text)
}

fn work(text: &str) -> Result<FactSubject, MalformedSubject> {
    let (prefix, rest) = text.split_once('/').ok_or(MalformedSubject)?;
    plain(prefix, &rest.split('/').collect::<Vec<_>>()).ok_or(MalformedSubject)
}

impl FactSubject {
    /// The subject of a version's evaluation.
    #[must_use]
    pub fn evaluation(model: &ModelName, package: &PackageArn) -> Self {
        Self::Evaluation { model: model.clone(), version: package.version() }
    }

    /// The subject of a commit's build; the model is absent if the build's variables name none.
    #[must_use]
    pub fn build(model: Option<&ModelName>, commit: &CommitId) -> Self {
        match model.cloned() {
            Some(model) => Self::Build { model, commit: commit.clone() },
            None => Self::UnownedBuild { commit: commit.clone() },
        }
    }

    /// What takes too long, if this is about a deadline, or else the subject itself.
    #[must_use]
    pub fn work(&self) -> &Self {
        match self {
            Self::Deadline(work) | Self::VariantTestDeadline(work) => work.work(),
            other => other,
        }
    }

    /// The text that messages about one piece of work have in common: an incident, a version, a commit.
    #[must_use]
    pub fn thread(&self) -> String {
        match self {
            Self::BuildStartRefused { model, commit } | Self::DefinitionRefused { model, commit } => {
                format!("build/{model}/{commit}")
            }
            Self::MergedTrigger { incident, .. } | Self::TrainingStartRefused { incident } => {
                Self::Incident { incident: incident.clone() }.to_string()
            }
            Self::Rollout { model, stage: None, version, .. } => format!("rollout/{model}/{version}"),
            Self::Rollout { model, stage: Some(stage), version, .. } => format!("rollout/{model}/{stage}/{version}"),
            Self::EvaluationRequest { model, version, .. } | Self::EvaluationStuck { model, version, .. } => {
                Self::Evaluation { model: model.clone(), version: *version }.to_string()
            }
            Self::Limit { model, limit, .. } => format!("limit/{model}/{limit}"),
            Self::Monitoring { model, kind, .. } | Self::MonitoringEnd { model, kind, .. } => {
                format!("monitoring/{model}/{}", kind.text())
            }
            Self::DataCapture { model, .. } => format!("data-capture/{model}"),
            Self::Deadline(subject) | Self::VariantTestDeadline(subject) | Self::Digest(_, subject) => subject.thread(),
            other => other.to_string(),
        }
    }
}

impl Serialize for FactSubject {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for FactSubject {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests;
