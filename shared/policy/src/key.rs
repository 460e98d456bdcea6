//! Lookup keys: the names in events, under which one read of the ledger finds the model.

use std::collections::BTreeSet;
use std::fmt;

use super::{Engine, Policy, Target};
use trimtab_names::name::ScheduleName;

/// The kind of resource that a key names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs, reason = "each is the AWS resource it is named after")]
pub enum KeyKind {
    Repository,
    BuildProject,
    BuildPipeline,
    ImageRepository,
    Pipeline,
    Alarm,
    PackageGroup,
    StateMachine,
    Endpoint,
    DeployPipeline,
    MonitoringSchedule,
    FeatureGroup,
    DataPrefix,
    Stack,
    Transform,
}

/// A name that belongs to one model.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    /// The kind of resource.
    pub kind: KeyKind,
    /// The name.
    pub name: String,
}

impl Key {
    fn new(kind: KeyKind, name: impl fmt::Display) -> Self {
        Self { kind, name: name.to_string() }
    }

    /// The key of a monitoring schedule, in lower case because SageMaker writes it so in ARNs.
    #[must_use]
    pub fn schedule(name: &ScheduleName) -> Self {
        Self { kind: KeyKind::MonitoringSchedule, name: name.as_str().to_ascii_lowercase() }
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.kind {
            KeyKind::Repository => "repository",
            KeyKind::BuildProject => "build-project",
            KeyKind::BuildPipeline => "build-pipeline",
            KeyKind::ImageRepository => "image-repository",
            KeyKind::Pipeline => "pipeline",
            KeyKind::Alarm => "alarm",
            KeyKind::StateMachine => "state-machine",
            KeyKind::PackageGroup => "package-group",
            KeyKind::Endpoint => "endpoint",
            KeyKind::DeployPipeline => "deploy-pipeline",
            KeyKind::MonitoringSchedule => "monitoring-schedule",
            KeyKind::FeatureGroup => "feature-group",
            KeyKind::DataPrefix => "data",
            KeyKind::Stack => "stack",
            KeyKind::Transform => "transform",
        };
        write!(f, "{kind}#{}", self.name)
    }
}

/// The resource in the events at the end of a run; `None` for engines without such events.
fn of_engine(engine: &Engine) -> Option<Key> {
    match engine {
        Engine::Pipeline(pipeline) => Some(Key::new(KeyKind::Pipeline, pipeline)),
        Engine::StateMachine(machine) => Some(Key::new(KeyKind::StateMachine, machine)),
        Engine::Codepipeline(pipeline) => Some(Key::new(KeyKind::DeployPipeline, pipeline)),
        Engine::Airflow(_) | Engine::Kubeflow(_) => None,
    }
}

pub(super) fn of(policy: &Policy) -> BTreeSet<Key> {
    let mut keys = BTreeSet::from([Key::new(KeyKind::PackageGroup, &policy.package_group)]);
    if let Some(integrate) = &policy.integrate {
        keys.insert(Key::new(KeyKind::Repository, &integrate.repository));
        keys.extend(integrate.project.as_ref().map(|project| Key::new(KeyKind::BuildProject, project)));
        keys.extend(integrate.codepipeline.as_ref().map(|pipeline| Key::new(KeyKind::BuildPipeline, &pipeline.name)));
        keys.extend(integrate.image.as_ref().map(|image| Key::new(KeyKind::ImageRepository, &image.repository)));
        keys.extend(integrate.pull_requests.as_ref().map(|project| Key::new(KeyKind::BuildProject, project)));
    }
    if let Some(retrain) = &policy.retrain {
        keys.extend(of_engine(&retrain.engine));
        keys.extend(retrain.alarms.iter().map(|alarm| Key::new(KeyKind::Alarm, alarm)));
        keys.extend(retrain.monitors.iter().map(Key::schedule));
        keys.extend(retrain.feature_groups.iter().map(|group| Key::new(KeyKind::FeatureGroup, group)));
        let prefixes = retrain.data.iter().flat_map(|data| &data.prefixes);
        keys.extend(prefixes.map(|prefix| Key::new(KeyKind::DataPrefix, prefix)));
    }
    keys.extend(policy.own_alarms().iter().map(|alarm| Key::new(KeyKind::Alarm, alarm)));
    keys.extend(policy.evaluate.as_ref().map(|rules| Key::new(KeyKind::StateMachine, &rules.tests)));
    for stage in policy.deploy.iter().flat_map(|deploy| &deploy.stages) {
        keys.insert(match &stage.target {
            Target::Endpoint(target) => Key::new(KeyKind::Endpoint, &target.name),
            Target::Pipeline(target) => Key::new(KeyKind::DeployPipeline, &target.name),
            Target::Stack(target) => Key::new(KeyKind::Stack, &target.name),
            Target::Transform(target) => Key::new(KeyKind::Transform, &target.name),
        });
    }
    keys
}
