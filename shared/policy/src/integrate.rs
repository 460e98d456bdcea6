//! `[integrate]`: which pushes are built, by which builder, and in which image training runs.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::validate::Fault;
use super::{Policy, Target};
use trimtab_names::name::{
    ActionName, BranchName, CodePipelineName, FilePath, ImageRepository, ImageTag, ProjectName, RepositoryName, RoleArn,
};

/// The pushes that are built, and the builder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Integrate {
    /// The CodeCommit repository of the model.
    pub repository: RepositoryName,
    /// The branches whose pushes are built.
    pub branches: Vec<BranchName>,
    /// The CodeBuild project that builds. Write exactly one of `project` and `codepipeline`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project: Option<ProjectName>,
    /// The CodePipeline pipeline that builds instead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub codepipeline: Option<BuildPipeline>,
    /// The CodeBuild project that builds pull requests to these branches. It runs unreviewed code, so give its role
    /// fewer permissions. Without it, pull requests are not built.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pull_requests: Option<ProjectName>,
    /// The file in the repository with the definition of `retrain.pipeline`. After the build of a commit, Trimtab updates
    /// the pipeline from that commit before it requests training. Without it, the definition is managed elsewhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub definition: Option<FilePath>,
    /// The role of the pipeline's runs. Without it, the role of the existing pipeline stays, and no pipeline is created.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pipeline_role: Option<RoleArn>,
    /// The image in which training runs. Without it, the definition of the pipeline decides.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<TrainingImage>,
}

/// A CodePipeline pipeline (V2) that builds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct BuildPipeline {
    /// The pipeline, of type V2.
    pub name: CodePipelineName,
    /// The source action of the pipeline; Trimtab overrides its revision with the commit.
    pub source: ActionName,
    /// The pipeline variable that receives the commit.
    pub variable: String,
}

/// The image in which training runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct TrainingImage {
    /// The ECR repository in the account of Trimtab.
    pub repository: ImageRepository,
    /// The tags that count: all later runs use the image that was last pushed under one of them.
    pub tags: BTreeSet<ImageTag>,
    /// Whether a push also requests a training run.
    #[serde(default)]
    pub train: bool,
}

/// Whether CodePipeline accepts the name of a variable.
pub(super) fn is_variable(text: &str) -> bool {
    (1..=128).contains(&text.len()) && text.chars().all(|c| c.is_ascii_alphanumeric() || "@-_".contains(c))
}

#[allow(clippy::too_many_lines, reason = "a list of rules, each of a few lines")]
pub(super) fn limits(integrate: &Integrate, policy: &Policy) -> Option<Fault> {
    let (builder, image) = (integrate.codepipeline.as_ref(), integrate.image.as_ref());
    let engine = policy.retrain.as_ref().map(|retrain| &retrain.engine);
    let takes_image = policy
        .retrain
        .as_ref()
        .is_some_and(|retrain| retrain.engine.takes_anything() || retrain.parameters.image.is_some());
    let deploy_pipeline = match policy.deploy.as_ref().and_then(|deploy| deploy.production()).map(|stage| &stage.target)
    {
        Some(Target::Pipeline(target)) => Some(&target.name),
        _ => None,
    };
    let rules = [
        (!integrate.branches.is_empty(), "integrate.branches", "expected at least one branch"),
        (
            integrate.project.is_some() != builder.is_some(),
            "integrate.project",
            "expected exactly one of project (CodeBuild) and codepipeline (CodePipeline)",
        ),
        (
            builder.is_none_or(|builder| is_variable(&builder.variable)),
            "integrate.codepipeline",
            "expected variable to be a pipeline variable: 1 to 128 letters, digits, '@', '_' and '-'",
        ),
        (
            builder.is_none_or(|builder| deploy_pipeline != Some(&builder.name)),
            "integrate.codepipeline",
            "expected a pipeline other than that of [deploy.pipeline]: one builds, the other deploys",
        ),
        (
            builder.is_none_or(|builder| !builder.name.as_str().ends_with("-training")),
            "integrate.codepipeline",
            "expected a name that does not end with \"-training\": retrain owns pipelines with such names",
        ),
        (
            integrate.definition.is_none() || engine.is_some_and(|engine| engine.pipeline().is_some()),
            "integrate.definition",
            "expected retrain.pipeline, to which the definition belongs",
        ),
        (image.is_none_or(|image| (1..=10).contains(&image.tags.len())), "integrate.image", "expected 1 to 10 tags"),
        (
            image.is_none() || takes_image,
            "integrate.image",
            "expected retrain.parameters to name the pipeline's parameter for the image",
        ),
    ];
    super::validate::first(rules)
}
