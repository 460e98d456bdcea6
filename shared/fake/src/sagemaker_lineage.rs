//! SageMaker ML Lineage Tracking.

use std::collections::BTreeMap;

use trimtab_core::name::{PackageArn, RunArn};
use trimtab_core::port::{Entity, Lineage, LineageProgress, LinkKind, ObservedEntity, PortResult};

use crate::services::Services;

/// The entities and their links.
#[derive(Debug, Default)]
pub struct State {
    /// By name, with the progress as SageMaker has it. The ARN is `arn:` and the name.
    pub entities: BTreeMap<String, (Entity, Option<String>)>,
    /// The ARNs of the two entities, and the kind of the link.
    pub links: Vec<(String, String, LinkKind)>,
    /// The number of created entities.
    pub creations: usize,
    /// The run that made every package.
    pub origin: Option<RunArn>,
}

impl State {
    /// Each link as `Commit ContributedTo TrainingRun`.
    ///
    /// # Panics
    /// A link names an entity that does not exist.
    #[must_use]
    pub fn chain(&self) -> Vec<String> {
        let of_type = |arn: &String| self.entities[arn.strip_prefix("arn:").unwrap()].0.of_type.clone();
        self.links.iter().map(|(from, to, kind)| format!("{} {kind:?} {}", of_type(from), of_type(to))).collect()
    }

    /// The progress of the first entity of this type.
    #[must_use]
    pub fn progress(&self, of_type: &str) -> Option<String> {
        self.entities.values().find(|(entity, _)| entity.of_type == of_type).and_then(|(_, progress)| progress.clone())
    }
}

fn arn(entity: &Entity) -> String {
    format!("arn:{}", entity.name)
}

impl Lineage for Services {
    async fn origin(&self, package: &PackageArn) -> PortResult<Option<RunArn>> {
        self.query("lineage.origin", package.as_str(), || self.lineage().origin.clone())
    }

    async fn find(&self, entity: &Entity) -> PortResult<Option<ObservedEntity>> {
        self.query("lineage.find", &entity.name, || {
            let known = self.lineage().entities.get(&entity.name).cloned();
            known.map(|(entity, progress)| ObservedEntity { arn: arn(&entity), progress })
        })
    }

    async fn create(&self, entity: &Entity) -> PortResult<String> {
        self.effect("lineage.create", &entity.name, || {
            let mut state = self.lineage();
            state.creations += 1;
            let progress = entity.progress.map(|progress| progress.as_str().to_owned());
            state.entities.insert(entity.name.clone(), (entity.clone(), progress));
            arn(entity)
        })
    }

    async fn set_progress(&self, action: &str, progress: LineageProgress) -> PortResult<()> {
        let word = progress.as_str();
        self.effect("lineage.set_progress", &format!("{action} {word}"), || {
            self.lineage().entities.get_mut(action).unwrap().1 = Some(word.to_owned());
        })
    }

    async fn is_linked(&self, from: &str, to: &str) -> PortResult<bool> {
        self.query("lineage.is_linked", &format!("{from} {to}"), || {
            self.lineage().links.iter().any(|(first, second, _)| (first.as_str(), second.as_str()) == (from, to))
        })
    }

    async fn link(&self, from: &str, to: &str, kind: LinkKind) -> PortResult<()> {
        self.effect("lineage.link", &format!("{from} {kind:?} {to}"), || {
            self.lineage().links.push((from.to_owned(), to.to_owned(), kind));
        })
    }
}
