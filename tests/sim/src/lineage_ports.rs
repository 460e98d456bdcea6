//! SageMaker ML Lineage Tracking, and the port to it.

use std::collections::{BTreeMap, BTreeSet};

use trimtab_core::failure::Failure;
use trimtab_core::name::{PackageArn, RunArn, RunId};
use trimtab_core::port::PortResult;
use trimtab_core::port::{Entity, Lineage, LineageProgress, LinkKind, ObservedEntity};

use crate::Site;
use crate::services::{Services, Sim};

/// The entities and associations in SageMaker.
#[derive(Debug, Clone, Default)]
pub(crate) struct LineageState {
    entities: BTreeMap<String, (String, Option<LineageProgress>)>,
    links: BTreeSet<(String, String)>,
    /// Whether the registry returned the run that created the package.
    made_by_run: bool,
}

impl LineageState {
    /// The progress of the only action of this type; `None` if there is not exactly one.
    pub(crate) fn progress(&self, of_type: &str) -> Option<LineageProgress> {
        let mut found = self.entities.values().filter(|(known, _)| known == of_type);
        found.next().and_then(|(_, progress)| *progress).filter(|_| found.next().is_none())
    }

    /// Whether an entity of the first type is associated with one of the second.
    pub(crate) fn has_link(&self, from: &str, to: &str) -> bool {
        let of_type = |name: &String| self.entities.get(name).map(|(known, _)| known.as_str());
        self.links.iter().any(|(first, second)| of_type(first) == Some(from) && of_type(second) == Some(to))
    }
}

impl Services {
    /// The missing associations and progress between a commit and the endpoint.
    pub(crate) fn missing_lineage(&self) -> Vec<&'static str> {
        let Some(lineage) = &self.lineage else { return vec!["nothing was lineage"] };
        let links = [
            ("Commit", "Build", "the commit is not linked with its build"),
            ("Commit", "TrainingRun", "the commit is not linked with its run"),
            ("Incident", "TrainingRun", "the incident is not linked with its run"),
            ("ModelPackage", "Rollout", "the package is not linked with its rollout"),
            ("Rollout", "Endpoint", "the rollout is not linked with its endpoint"),
        ];
        let mut missing: Vec<&str> =
            links.iter().filter(|(from, to, _)| !lineage.has_link(from, to)).map(|(.., what)| *what).collect();
        // If the event of the push arrived late, the version was not created by its run.
        if lineage.made_by_run && !lineage.has_link("TrainingRun", "ModelPackage") {
            missing.push("the run is not linked with its package");
        }
        if lineage.progress("TrainingRun") != Some(LineageProgress::Completed) {
            missing.push("the run is not completed");
        }
        if lineage.progress("Build") != Some(LineageProgress::Completed) {
            missing.push("the build is not completed");
        }
        if lineage.progress("Rollout") != Some(LineageProgress::Completed) {
            missing.push("the rollout is not completed");
        }
        missing
    }
}

impl Lineage for Sim {
    async fn origin(&self, _: &PackageArn) -> PortResult<Option<RunArn>> {
        self.call(Site::LineageOrigin, |services| {
            let run = services.runs.last().and_then(|run| match &run.id {
                RunId::Pipeline(arn) => Some(arn.clone()),
                _ => None,
            });
            services.lineage.get_or_insert_default().made_by_run |= run.is_some();
            Ok(run)
        })
        .await
    }

    async fn find(&self, entity: &Entity) -> PortResult<Option<ObservedEntity>> {
        let name = entity.name.clone();
        self.call(Site::LineageFind, move |services| {
            let known = services.lineage.as_ref().and_then(|lineage| lineage.entities.get(&name));
            let progress = known.map(|(_, progress)| progress.map(|progress| progress.as_str().to_owned()));
            Ok(progress.map(|progress| ObservedEntity { arn: name, progress }))
        })
        .await
    }

    async fn create(&self, entity: &Entity) -> PortResult<String> {
        let entity = entity.clone();
        self.call(Site::LineageCreate, move |services| {
            let lineage = services.lineage.get_or_insert_default();
            if lineage.entities.contains_key(&entity.name) {
                return Err(Failure::transient("sagemaker:CreateAction", "it exists, and is not visible yet"));
            }
            lineage.entities.insert(entity.name.clone(), (entity.of_type, entity.progress));
            Ok(entity.name)
        })
        .await
    }

    async fn set_progress(&self, action: &str, progress: LineageProgress) -> PortResult<()> {
        let action = action.to_owned();
        self.call(Site::LineageSetProgress, move |services| {
            let known = services.lineage.as_mut().and_then(|lineage| lineage.entities.get_mut(&action));
            if let Some((_, known)) = known {
                *known = Some(progress);
            }
            Ok(())
        })
        .await
    }

    async fn is_linked(&self, from: &str, to: &str) -> PortResult<bool> {
        let link = (from.to_owned(), to.to_owned());
        self.call(Site::LineageIsLinked, move |services| {
            Ok(services.lineage.as_ref().is_some_and(|lineage| lineage.links.contains(&link)))
        })
        .await
    }

    async fn link(&self, from: &str, to: &str, _: LinkKind) -> PortResult<()> {
        let link = (from.to_owned(), to.to_owned());
        self.call(Site::LineageLink, move |services| {
            services.lineage.get_or_insert_default().links.insert(link);
            Ok(())
        })
        .await
    }
}
