//! What a fact says of the chain, as entities and the links between them.
//!
//! Names are made of what an entity stands for, so that two facts about one thing meet in one entity.

use std::collections::BTreeMap;

use serde::{Serialize, Serializer};
use trimtab_core::fact::{Fact, FactKind};
use trimtab_core::name::{CommitId, PackageArn, RunArn, RunId, S3Uri};
use trimtab_core::policy::{Policy, Target};
use trimtab_core::port::{Entity, EntityKind, LineageProgress, LinkKind};
use trimtab_core::text::{digest, one_line};

/// SageMaker's limit for a property's value is 2,500; a person reads less.
const VALUE: usize = 256;

/// One entity led to another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Link {
    /// What came first; written by its name.
    #[serde(serialize_with = "name")]
    pub from: Entity,
    /// How it led there.
    pub kind: LinkKind,
    /// What came of it; written by its name.
    #[serde(serialize_with = "name")]
    pub to: Entity,
}

fn name<S: Serializer>(entity: &Entity, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(&entity.name)
}

/// What one fact says of the chain.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Chain {
    /// The action that the fact is about, as it stands now.
    pub action: Option<Entity>,
    /// What it is linked with.
    pub links: Vec<Link>,
}

/// The package that a fact names.
#[must_use]
pub fn package(fact: &Fact) -> Option<PackageArn> {
    PackageArn::parse(fact.details.get("package")?).ok()
}

/// What the fact says; empty where it names nothing that lineage knows. `origin` is the run that
/// made the fact's package.
#[must_use]
pub fn of(fact: &Fact, policy: &Policy, origin: Option<&RunArn>) -> Chain {
    match fact.kind {
        FactKind::BuildStarted => build(fact, policy, LineageProgress::InProgress),
        // Training is asked for by a build that succeeded, and by others who name no commit.
        FactKind::TrainingRequested => build(fact, policy, LineageProgress::Completed),
        FactKind::BuildFailed => build(fact, policy, LineageProgress::Failed),
        FactKind::TrainingStarted => training(fact, policy, LineageProgress::InProgress),
        FactKind::TrainingSucceeded => training(fact, policy, LineageProgress::Completed),
        FactKind::TrainingFailed => training(fact, policy, LineageProgress::Failed),
        FactKind::EvaluationStarted => evaluation(fact, policy, origin, LineageProgress::InProgress),
        FactKind::EvaluationPassed | FactKind::ApprovalRequested => {
            evaluation(fact, policy, origin, LineageProgress::Completed)
        }
        FactKind::EvaluationFailed => evaluation(fact, policy, origin, LineageProgress::Failed),
        FactKind::MonitoringStarted => watch(fact, policy, LineageProgress::Completed),
        FactKind::MonitoringFailed => watch(fact, policy, LineageProgress::Failed),
        FactKind::RolloutStarted => rollout(fact, policy, origin, LineageProgress::InProgress),
        FactKind::RolloutSucceeded => rollout(fact, policy, origin, LineageProgress::Completed),
        FactKind::RolloutRolledBack | FactKind::RolloutFailed | FactKind::SmokeTestFailed => {
            rollout(fact, policy, origin, LineageProgress::Failed)
        }
        _ => Chain::default(),
    }
}

/// Commit → build.
fn build(fact: &Fact, policy: &Policy, progress: LineageProgress) -> Chain {
    let commit = fact.details.get("commit").and_then(|text| CommitId::parse(text).ok());
    let built = fact.dedup_key.starts_with("build/").then(|| commit.and_then(|commit| self::commit(policy, &commit)));
    let Some(commit) = built.flatten() else { return Chain::default() };
    let action = said_of(fact, policy, "build", "Build", progress);
    let links = vec![Link { from: commit, kind: LinkKind::ContributedTo, to: action.clone() }];
    Chain { action: Some(action), links }
}

/// Baseline → watch → endpoint.
fn watch(fact: &Fact, policy: &Policy, progress: LineageProgress) -> Chain {
    let action = said_of(fact, policy, "watch", "Watch", progress);
    let baseline = fact.details.get("baseline").and_then(|text| S3Uri::parse(text).ok());
    let baseline = baseline.map(|place| entity(EntityKind::Artifact, policy, "baseline", place.as_str(), "Baseline"));
    let mut links: Vec<Link> =
        baseline.into_iter().map(|from| Link { from, kind: LinkKind::ContributedTo, to: action.clone() }).collect();
    let watched = endpoint(fact, policy);
    links.extend(watched.map(|to| Link { from: action.clone(), kind: LinkKind::AssociatedWith, to }));
    Chain { action: Some(action), links }
}

/// Commit → run ← incident ← endpoint.
fn training(fact: &Fact, policy: &Policy, progress: LineageProgress) -> Chain {
    let Some(run) = fact.details.get("run").and_then(|text| RunId::parse(text).ok()) else {
        return Chain::default();
    };
    let run = self::run(policy, &run.to_string(), progress, said(fact));
    let incident = incident(fact, policy);
    let commit = fact.details.get("commit").and_then(|text| CommitId::parse(text).ok());
    let commit = commit.and_then(|commit| self::commit(policy, &commit));
    let mut links: Vec<Link> =
        commit.into_iter().map(|from| Link { from, kind: LinkKind::ContributedTo, to: run.clone() }).collect();
    let endpoint = endpoint(fact, policy).filter(|_| fact.dedup_key.contains("-drift-"));
    links.extend(endpoint.map(|from| Link { from, kind: LinkKind::AssociatedWith, to: incident.clone() }));
    links.push(Link { from: incident, kind: LinkKind::AssociatedWith, to: run.clone() });
    Chain { action: Some(run), links }
}

/// Run → package → evaluation.
fn evaluation(fact: &Fact, policy: &Policy, origin: Option<&RunArn>, progress: LineageProgress) -> Chain {
    let Some(package) = package(fact) else { return Chain::default() };
    let mut action = entity(EntityKind::Action, policy, "evaluation", &fact.dedup_key, "Evaluation");
    (action.source, action.progress, action.properties) = (package.to_string(), Some(progress), said(fact));
    let links = of_package(policy, &package, origin, &action);
    Chain { action: Some(action), links }
}

/// Run → package → rollout → endpoint.
fn rollout(fact: &Fact, policy: &Policy, origin: Option<&RunArn>, progress: LineageProgress) -> Chain {
    let Some(package) = package(fact) else { return Chain::default() };
    let target = endpoint(fact, policy);
    let source = target.as_ref().map_or_else(|| package.to_string(), |endpoint| endpoint.source.clone());
    let mut action = entity(EntityKind::Action, policy, "rollout", &fact.dedup_key, "Rollout");
    (action.source, action.progress, action.properties) = (source, Some(progress), said(fact));
    let mut links = of_package(policy, &package, origin, &action);
    links.extend(target.map(|to| Link { from: action.clone(), kind: LinkKind::AssociatedWith, to }));
    Chain { action: Some(action), links }
}

/// The package led to the action, and the run that made it led to the package.
fn of_package(policy: &Policy, package: &PackageArn, origin: Option<&RunArn>, action: &Entity) -> Vec<Link> {
    let artifact = entity(EntityKind::Artifact, policy, "package", package.as_str(), "ModelPackage");
    // A run that this suite started has its entity already; of another nothing more is known.
    let run = origin.map(|origin| self::run(policy, origin.as_str(), LineageProgress::Completed, BTreeMap::new()));
    let produced = run.map(|from| Link { from, kind: LinkKind::Produced, to: artifact.clone() });
    let mut links = vec![Link { from: artifact, kind: LinkKind::ContributedTo, to: action.clone() }];
    links.extend(produced);
    links
}

fn run(policy: &Policy, run: &str, progress: LineageProgress, properties: BTreeMap<String, String>) -> Entity {
    let entity = entity(EntityKind::Action, policy, "run", run, "TrainingRun");
    Entity { progress: Some(progress), properties, ..entity }
}

fn incident(fact: &Fact, policy: &Policy) -> Entity {
    let entity = entity(EntityKind::Context, policy, "incident", &fact.dedup_key, "Incident");
    Entity { source: format!("trimtab:{}", fact.dedup_key), properties: said(fact), ..entity }
}

/// An action that nothing but the suite knows, by its dedup key.
fn said_of(fact: &Fact, policy: &Policy, what: &str, of_type: &str, progress: LineageProgress) -> Entity {
    let entity = entity(EntityKind::Action, policy, what, &fact.dedup_key, of_type);
    let (source, properties) = (format!("trimtab:{}", fact.dedup_key), said(fact));
    Entity { source, progress: Some(progress), properties, ..entity }
}

fn commit(policy: &Policy, commit: &CommitId) -> Option<Entity> {
    let repository = &policy.integrate.as_ref()?.repository;
    Some(entity(EntityKind::Artifact, policy, "commit", &format!("codecommit://{repository}/{commit}"), "Commit"))
}

/// What serves in the stage that the fact names, or in the last one: an endpoint, or a place for answers.
fn endpoint(fact: &Fact, policy: &Policy) -> Option<Entity> {
    let stage = policy.deploy.as_ref()?.named(fact.details.get("stage"))?;
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

/// The fact's dedup key and first reason, as properties.
fn said(fact: &Fact) -> BTreeMap<String, String> {
    let mut said = BTreeMap::from([("dedup_key".to_owned(), one_line(&fact.dedup_key, VALUE))]);
    said.extend(fact.reasons.first().map(|reason| ("reason".to_owned(), one_line(reason, VALUE))));
    said
}
