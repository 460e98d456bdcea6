//! The entities and links that a fact adds to the lineage. Pure.
//!
//! An entity's name is derived from its source, so that two facts about one thing lead to one entity.

use std::collections::BTreeMap;

use serde::{Serialize, Serializer};
use trimtab_core::fact::{Fact, FactKind};
use trimtab_core::name::{CommitId, PackageArn, RunArn};
use trimtab_core::policy::{Policy, Target};
use trimtab_core::port::{Entity, EntityKind, LineageProgress, LinkKind};
use trimtab_core::text::digest;

use crate::fact;

/// An association of two entities.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Link {
    /// The cause; serialized as its name.
    #[serde(serialize_with = "name")]
    pub from: Entity,
    /// Kind of the association.
    pub kind: LinkKind,
    /// The effect; serialized as its name.
    #[serde(serialize_with = "name")]
    pub to: Entity,
}

fn name<S: Serializer>(entity: &Entity, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(&entity.name)
}

/// The part of the lineage that one fact adds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Chain {
    /// The action that the fact is about, with its current status; `None` for a fact without lineage.
    pub action: Option<Entity>,
    /// Associations of the action.
    pub links: Vec<Link>,
}

/// A fact with what its entities are made of.
#[derive(Debug, Clone, Copy)]
struct Source<'a> {
    fact: &'a Fact,
    policy: &'a Policy,
    /// The run that created the fact's version.
    origin: Option<&'a RunArn>,
    progress: LineageProgress,
}

/// The part of the lineage that the fact adds. `origin` is the run that created the fact's version.
#[must_use]
pub fn of(fact: &Fact, policy: &Policy, origin: Option<&RunArn>) -> Chain {
    use LineageProgress::{Completed, Failed, InProgress};
    let source = |progress| Source { fact, policy, origin, progress };
    match fact.kind {
        FactKind::BuildStarted => build(source(InProgress)),
        // A build that succeeded requests training.
        FactKind::TrainingRequested => build(source(Completed)),
        FactKind::BuildFailed => build(source(Failed)),
        FactKind::TrainingStarted => training(source(InProgress)),
        FactKind::TrainingSucceeded => training(source(Completed)),
        FactKind::TrainingFailed => training(source(Failed)),
        FactKind::EvaluationStarted => evaluation(source(InProgress)),
        FactKind::EvaluationPassed | FactKind::ApprovalRequested => evaluation(source(Completed)),
        FactKind::EvaluationFailed => evaluation(source(Failed)),
        FactKind::MonitoringStarted => monitoring(source(Completed)),
        FactKind::MonitoringFailed => monitoring(source(Failed)),
        FactKind::RolloutStarted => rollout(source(InProgress)),
        FactKind::RolloutSucceeded => rollout(source(Completed)),
        FactKind::RolloutRolledBack | FactKind::RolloutFailed | FactKind::SmokeTestFailed => rollout(source(Failed)),
        _ => Chain::default(),
    }
}

/// Commit → build.
fn build(source: Source<'_>) -> Chain {
    if !fact::is_about_a_build(source.fact) {
        return Chain::default();
    }
    let Some(commit) = fact::commit(source.fact).and_then(|commit| commit_of(source, &commit)) else {
        return Chain::default();
    };
    let action = known_to_trimtab_only(source, "build", "Build");
    let links = vec![Link { from: commit, kind: LinkKind::ContributedTo, to: action.clone() }];
    Chain { action: Some(action), links }
}

/// Baseline → monitoring → endpoint.
fn monitoring(source: Source<'_>) -> Chain {
    let action = known_to_trimtab_only(source, "monitoring", "Monitoring");
    let mut links = Vec::new();
    if let Some(baseline) = fact::baseline(source.fact) {
        let from = entity(EntityKind::Artifact, source.policy, "baseline", baseline.as_str(), "Baseline");
        links.push(Link { from, kind: LinkKind::ContributedTo, to: action.clone() });
    }
    if let Some(to) = target(source) {
        links.push(Link { from: action.clone(), kind: LinkKind::AssociatedWith, to });
    }
    Chain { action: Some(action), links }
}

/// Commit → run ← incident ← endpoint.
fn training(source: Source<'_>) -> Chain {
    let Some(run) = fact::run(source.fact) else { return Chain::default() };
    let run = run_of(source.policy, &run.to_string(), source.progress, fact::properties(source.fact));
    let incident = incident(source);
    let mut links = Vec::new();
    if let Some(from) = fact::commit(source.fact).and_then(|commit| commit_of(source, &commit)) {
        links.push(Link { from, kind: LinkKind::ContributedTo, to: run.clone() });
    }
    // Only drift is a property of what the endpoint serves; a push or a schedule has nothing to do with it.
    if fact::is_triggered_by_drift(source.fact)
        && let Some(from) = target(source)
    {
        links.push(Link { from, kind: LinkKind::AssociatedWith, to: incident.clone() });
    }
    links.push(Link { from: incident, kind: LinkKind::AssociatedWith, to: run.clone() });
    Chain { action: Some(run), links }
}

/// Run → package → evaluation.
fn evaluation(source: Source<'_>) -> Chain {
    let Some(package) = fact::package(source.fact) else { return Chain::default() };
    let entity = entity(EntityKind::Action, source.policy, "evaluation", &source.fact.dedup_key(), "Evaluation");
    let action = Entity {
        source: package.to_string(),
        progress: Some(source.progress),
        properties: fact::properties(source.fact),
        ..entity
    };
    let links = package_links(source, &package, &action);
    Chain { action: Some(action), links }
}

/// Run → package → rollout → endpoint.
fn rollout(source: Source<'_>) -> Chain {
    let Some(package) = fact::package(source.fact) else { return Chain::default() };
    let target = target(source);
    let entity = entity(EntityKind::Action, source.policy, "rollout", &source.fact.dedup_key(), "Rollout");
    let action = Entity {
        source: target.as_ref().map_or_else(|| package.to_string(), |target| target.source.clone()),
        progress: Some(source.progress),
        properties: fact::properties(source.fact),
        ..entity
    };
    let mut links = package_links(source, &package, &action);
    links.extend(target.map(|to| Link { from: action.clone(), kind: LinkKind::AssociatedWith, to }));
    Chain { action: Some(action), links }
}

/// Package → action, and run → package if the run is known.
fn package_links(source: Source<'_>, package: &PackageArn, action: &Entity) -> Vec<Link> {
    let artifact = entity(EntityKind::Artifact, source.policy, "package", package.as_str(), "ModelPackage");
    let mut links = vec![Link { from: artifact.clone(), kind: LinkKind::ContributedTo, to: action.clone() }];
    if let Some(origin) = source.origin {
        // The entity of a run that Trimtab started exists already, with its properties. Nothing more is known about
        // a run that Trimtab did not start.
        let from = run_of(source.policy, origin.as_str(), LineageProgress::Completed, BTreeMap::new());
        links.push(Link { from, kind: LinkKind::Produced, to: artifact });
    }
    links
}

fn run_of(policy: &Policy, run: &str, progress: LineageProgress, properties: BTreeMap<String, String>) -> Entity {
    let entity = entity(EntityKind::Action, policy, "run", run, "TrainingRun");
    Entity { progress: Some(progress), properties, ..entity }
}

fn incident(Source { fact, policy, .. }: Source<'_>) -> Entity {
    let entity = entity(EntityKind::Context, policy, "incident", &fact.dedup_key(), "Incident");
    Entity { source: format!("trimtab:{}", fact.subject), properties: fact::properties(fact), ..entity }
}

/// An action that no AWS service has a name for: its source is its dedup key.
fn known_to_trimtab_only(source: Source<'_>, what: &str, of_type: &str) -> Entity {
    let dedup_key = &source.fact.dedup_key();
    let entity = entity(EntityKind::Action, source.policy, what, dedup_key, of_type);
    Entity {
        source: format!("trimtab:{dedup_key}"),
        progress: Some(source.progress),
        properties: fact::properties(source.fact),
        ..entity
    }
}

/// `None` if the policy names no repository.
fn commit_of(source: Source<'_>, commit: &CommitId) -> Option<Entity> {
    let repository = &source.policy.integrate.as_ref()?.repository;
    Some(entity(
        EntityKind::Artifact,
        source.policy,
        "commit",
        &format!("codecommit://{repository}/{commit}"),
        "Commit",
    ))
}

/// The endpoint or the transform output of the fact's stage, or of the last stage; `None` for other targets.
fn target(Source { fact, policy, .. }: Source<'_>) -> Option<Entity> {
    let stage = policy.deploy.as_ref()?.named(fact::stage(fact).as_ref())?;
    match &stage.target {
        Target::Endpoint(target) => {
            // Another account may have an endpoint of the same name.
            let account = stage.account.as_ref().map(|account| format!("{}/", account.role.account()));
            let source = format!("{}endpoint/{}", account.unwrap_or_default(), target.name);
            Some(entity(EntityKind::Context, policy, "endpoint", &source, "Endpoint"))
        }
        Target::Transform(target) => {
            Some(entity(EntityKind::Context, policy, "transform", target.output.as_str(), "BatchTransform"))
        }
        Target::Pipeline(_) | Target::Stack(_) => None,
    }
}

/// An entity named after its source.
fn entity(kind: EntityKind, policy: &Policy, what: &str, source: &str, of_type: &str) -> Entity {
    Entity {
        kind,
        name: format!("trimtab-{}-{what}-{}", policy.model, digest(&[source], 16)),
        source: source.to_owned(),
        of_type: of_type.to_owned(),
        progress: None,
        properties: BTreeMap::new(),
    }
}
