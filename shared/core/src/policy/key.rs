//! Look-up keys: the names by which an event finds its model, one read each.

use std::collections::BTreeSet;
use std::fmt;

use super::{Engine, Policy, Target};

/// What kind of name a key is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs, reason = "each is the AWS resource it is named after")]
pub enum KeyKind {
    Repository,
    BuildProject,
    Pipeline,
    Alarm,
    PackageGroup,
    StateMachine,
    Endpoint,
    DeliveryPipeline,
}

/// A name that belongs to one model.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    /// What it names.
    pub kind: KeyKind,
    /// The name.
    pub name: String,
}

impl Key {
    fn new(kind: KeyKind, name: impl fmt::Display) -> Self {
        Self { kind, name: name.to_string() }
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.kind {
            KeyKind::Repository => "repository",
            KeyKind::BuildProject => "build-project",
            KeyKind::Pipeline => "pipeline",
            KeyKind::Alarm => "alarm",
            KeyKind::StateMachine => "state-machine",
            KeyKind::PackageGroup => "package-group",
            KeyKind::Endpoint => "endpoint",
            KeyKind::DeliveryPipeline => "delivery-pipeline",
        };
        write!(f, "{kind}#{}", self.name)
    }
}

/// What the events of a run's end name; of the other engines' runs there are none.
fn of_engine(engine: &Engine) -> Option<Key> {
    match engine {
        Engine::Pipeline(pipeline) => Some(Key::new(KeyKind::Pipeline, pipeline)),
        Engine::StateMachine(machine) => Some(Key::new(KeyKind::StateMachine, machine)),
        Engine::Codepipeline(pipeline) => Some(Key::new(KeyKind::DeliveryPipeline, pipeline)),
        Engine::Airflow(_) | Engine::Kubeflow(_) => None,
    }
}

pub(super) fn of(policy: &Policy) -> BTreeSet<Key> {
    let mut keys = BTreeSet::from([Key::new(KeyKind::PackageGroup, &policy.package_group)]);
    if let Some(integrate) = &policy.integrate {
        keys.insert(Key::new(KeyKind::Repository, &integrate.repository));
        keys.insert(Key::new(KeyKind::BuildProject, &integrate.project));
        keys.extend(integrate.pull_requests.as_ref().map(|project| Key::new(KeyKind::BuildProject, project)));
    }
    if let Some(retrain) = &policy.retrain {
        keys.extend(of_engine(&retrain.engine));
        keys.extend(retrain.alarms.iter().map(|alarm| Key::new(KeyKind::Alarm, alarm)));
    }
    keys.extend(policy.own_alarms().iter().map(|alarm| Key::new(KeyKind::Alarm, alarm)));
    keys.extend(policy.evaluate.as_ref().map(|rules| Key::new(KeyKind::StateMachine, &rules.tests)));
    for stage in policy.deploy.iter().flat_map(|deploy| &deploy.stages) {
        keys.insert(match &stage.target {
            Target::Endpoint(target) => Key::new(KeyKind::Endpoint, &target.name),
            Target::Pipeline(target) => Key::new(KeyKind::DeliveryPipeline, &target.name),
        });
    }
    keys
}
