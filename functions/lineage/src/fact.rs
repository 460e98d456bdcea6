//! Readers of the facts that other functions publish.

use std::collections::BTreeMap;

use trimtab_core::fact::{Fact, FactKind, FactSubject};
use trimtab_core::name::{CommitId, PackageArn, RunId, S3Uri, StageName};
use trimtab_core::text::one_line;

/// Longest value of a property. SageMaker accepts 2,500 characters.
const VALUE_MAX: usize = 256;

/// Whether facts of this kind are part of the lineage.
pub(crate) fn is_part(kind: FactKind) -> bool {
    matches!(
        kind,
        FactKind::BuildStarted
            | FactKind::BuildFailed
            | FactKind::TrainingRequested
            | FactKind::TrainingStarted
            | FactKind::TrainingSucceeded
            | FactKind::TrainingFailed
            | FactKind::EvaluationStarted
            | FactKind::EvaluationPassed
            | FactKind::EvaluationFailed
            | FactKind::ApprovalRequested
            | FactKind::RolloutStarted
            | FactKind::RolloutSucceeded
            | FactKind::RolloutRolledBack
            | FactKind::RolloutFailed
            | FactKind::SmokeTestFailed
            | FactKind::MonitoringStarted
            | FactKind::MonitoringFailed
    )
}

/// Whether the fact is about the build of a commit. Training is also requested by images, schedules and operators.
pub(crate) fn is_about_a_build(fact: &Fact) -> bool {
    matches!(
        fact.subject,
        FactSubject::Build { .. }
            | FactSubject::UnownedBuild { .. }
            | FactSubject::BuildStartRefused { .. }
            | FactSubject::DefinitionRefused { .. }
    )
}

/// Whether drift triggered the training. Not by the incident's ID: a model's name may contain any word.
pub(crate) fn is_triggered_by_drift(fact: &Fact) -> bool {
    fact.details.trigger().is_some_and(|trigger| trigger.as_str() == "drift")
}

pub(crate) fn package(fact: &Fact) -> Option<PackageArn> {
    fact.details.package()
}

pub(crate) fn commit(fact: &Fact) -> Option<CommitId> {
    fact.details.commit()
}

pub(crate) fn run(fact: &Fact) -> Option<RunId> {
    fact.details.run()
}

pub(crate) fn baseline(fact: &Fact) -> Option<S3Uri> {
    fact.details.baseline()
}

/// Name of the stage; `None` for a model with one stage.
pub(crate) fn stage(fact: &Fact) -> Option<StageName> {
    fact.details.stage()
}

/// The dedup key and the first reason, as properties of an entity.
pub(crate) fn properties(fact: &Fact) -> BTreeMap<String, String> {
    let mut properties = BTreeMap::from([("dedup_key".to_owned(), one_line(&fact.dedup_key(), VALUE_MAX))]);
    properties.extend(fact.reasons.first().map(|reason| ("reason".to_owned(), one_line(reason, VALUE_MAX))));
    properties
}
