//! `[integrate]`: which pushes are built, and by what; and which image training runs in.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::check::Fault;
use super::{Policy, Target};
use trimtab_names::name::{
    ActionName, BranchName, CodePipelineName, FilePath, ImageRepository, ImageTag, ProjectName, RepositoryName, RoleArn,
};

/// Which pushes are built, and by what.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Integrate {
    /// The CodeCommit repository.
    pub repository: RepositoryName,
    /// The branches that are built.
    pub branches: Vec<BranchName>,
    /// The CodeBuild project; either this or `delivery`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project: Option<ProjectName>,
    /// The CodePipeline pipeline that builds instead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub codepipeline: Option<BuildPipeline>,
    /// The CodeBuild project that builds pull requests to these branches; absent means none does. It
    /// runs code that nobody has reviewed: its role should be able to do less.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pull_requests: Option<ProjectName>,
    /// The file in the repository that holds the definition of `retrain.pipeline`: when a commit's
    /// build has succeeded, the pipeline gets that commit's. Absent means that somebody else sees to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub definition: Option<FilePath>,
    /// The role of the pipeline's runs. Without it, a pipeline that is not there is not made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pipeline_role: Option<RoleArn>,
    /// The image that training runs in; absent means that the pipeline's definition says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<TrainingImage>,
}

/// A CodePipeline pipeline (V2) that builds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BuildPipeline {
    /// The pipeline.
    pub name: CodePipelineName,
    /// Its source action, whose revision is the commit.
    pub source: ActionName,
    /// The pipeline variable that takes the commit.
    pub variable: String,
}

/// Whose pushes training follows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrainingImage {
    /// The repository in the account's own registry.
    pub repository: ImageRepository,
    /// The tags that count: what was pushed last under one of them is the image.
    pub tags: BTreeSet<ImageTag>,
    /// Whether a push asks for a training run.
    #[serde(default)]
    pub train: bool,
}

/// CodePipeline's rule for the name of a variable.
pub(super) fn is_variable(text: &str) -> bool {
    (1..=128).contains(&text.len()) && text.chars().all(|c| c.is_ascii_alphanumeric() || "@-_".contains(c))
}

pub(super) fn limits(integrate: &Integrate, policy: &Policy) -> Option<Fault> {
    let (delivery, image) = (integrate.codepipeline.as_ref(), integrate.image.as_ref());
    let engine = policy.retrain.as_ref().map(|retrain| &retrain.engine);
    let takes_image = policy
        .retrain
        .as_ref()
        .is_some_and(|retrain| retrain.engine.takes_anything() || retrain.parameters.image.is_some());
    let delivers = match policy.deploy.as_ref().and_then(|deploy| deploy.production()).map(|stage| &stage.target) {
        Some(Target::Pipeline(target)) => Some(&target.name),
        _ => None,
    };
    let rules = [
        (!integrate.branches.is_empty(), "integrate.branches", "expected at least one branch"),
        (
            integrate.project.is_some() != delivery.is_some(),
            "integrate.project",
            "expected exactly one of project (CodeBuild) and delivery (CodePipeline)",
        ),
        (
            delivery.is_none_or(|delivery| is_variable(&delivery.variable)),
            "integrate.codepipeline",
            "expected variable to be a pipeline variable: 1 to 128 letters, digits, '@', '_' and '-'",
        ),
        (
            delivery.is_none_or(|delivery| delivers != Some(&delivery.name)),
            "integrate.codepipeline",
            "expected another pipeline than that of [deploy.pipeline]: one builds, the other delivers",
        ),
        (
            delivery.is_none_or(|delivery| !delivery.name.as_str().ends_with("-training")),
            "integrate.codepipeline",
            "expected a name that does not end with \"-training\": those train",
        ),
        (
            integrate.definition.is_none() || engine.is_some_and(|engine| engine.pipeline().is_some()),
            "integrate.definition",
            "expected a retrain.pipeline: it is what the definition is for",
        ),
        (image.is_none_or(|image| (1..=10).contains(&image.tags.len())), "integrate.image", "expected 1 to 10 tags"),
        (
            image.is_none() || takes_image,
            "integrate.image",
            "expected retrain.parameters to name the pipeline's parameter for the image",
        ),
    ];
    super::check::first(rules)
}
