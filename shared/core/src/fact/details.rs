//! The details of a fact: named values for programs and for the body of a message.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Severity;
use super::part::{Part, Token};
use crate::event::DriftKind;
use crate::name::{
    BranchName, CommitId, ImageDigest, ImageTag, ImageUri, PackageArn, PipelineBuildId, PullRequestId, RepositoryName,
    RunId, S3Uri, StageName,
};
use crate::text::one_line;

/// The longest value, in characters.
const MAX: usize = 400;

/// Named values. Each name has one type, here; on the bus all values are text. A value that is not of its type reads as
/// absent, since anybody with access to the bus can write it; a request with one is refused ([`Details::malformed`]).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Details(BTreeMap<String, String>);

macro_rules! details {
    ($($(#[$doc:meta])* $get:ident, $with:ident: $of:ty = $name:literal;)*) => {
        impl Details {
            /// The names of all details that have a type, in the order of the source.
            pub const NAMES: &'static [&'static str] = &[$($name),*];

            /// The first name whose value is not of its type.
            #[must_use]
            pub fn malformed(&self) -> Option<&'static str> {
                $(if self.0.get($name).is_some_and(|text| <$of>::read(text).is_none()) {
                    return Some($name);
                })*
                None
            }

            $(
                $(#[$doc])*
                #[must_use]
                pub fn $get(&self) -> Option<$of> {
                    <$of>::read(self.0.get($name)?)
                }

                $(#[$doc])*
                #[must_use]
                pub fn $with(self, value: impl Into<Option<$of>>) -> Self {
                    self.with_text($name, value.into().map(|value| value.text()))
                }
            )*
        }
    };
}

details! {
    /// The version of a model package.
    version, with_version: u32 = "version";
    /// The ARN of a model package version.
    package, with_package: PackageArn = "package";
    /// The stage.
    stage, with_stage: StageName = "stage";
    /// The operator who made a request: one line of at most 80 characters.
    by, with_by: String = "by";
    /// The reason that an operator gave.
    reason, with_reason: String = "reason";
    /// The identity of an operator's request.
    request, with_request: String = "request";
    /// Whether a run is requested although the budget is spent.
    over_budget, with_over_budget: bool = "over_budget";
    /// The commit.
    commit, with_commit: CommitId = "commit";
    /// The branch.
    branch, with_branch: BranchName = "branch";
    /// The repository.
    repository, with_repository: RepositoryName = "repository";
    /// The pull request.
    pull_request, with_pull_request: PullRequestId = "pull-request";
    /// The pull request that was merged.
    merged, with_merged: PullRequestId = "merged";
    /// The execution of a CodePipeline that builds.
    execution, with_execution: PipelineBuildId = "execution";
    /// The build, as CodeBuild or CodePipeline names it.
    build, with_build: String = "build";
    /// The URL of a log.
    logs, with_logs: String = "logs";
    /// The tag of an image.
    tag, with_tag: ImageTag = "tag";
    /// The digest of an image.
    digest, with_digest: ImageDigest = "digest";
    /// The image that training runs use.
    image, with_image: ImageUri = "image";
    /// The serial number of an image: a higher one replaces a lower one.
    serial, with_serial: u32 = "serial";
    /// The training run.
    run, with_run: RunId = "run";
    /// The kind of trigger, such as `drift`.
    trigger, with_trigger: Token = "trigger";
    /// The features that drifted.
    features, with_features: String = "features";
    /// The limit that prevents a run, by its reason code.
    limit, with_limit: Token = "limit";
    /// The incident.
    incident, with_incident: Token = "incident";
    /// The training pipeline, in the words of its engine.
    pipeline, with_pipeline: String = "pipeline";
    /// The kind of drift.
    kind, with_kind: DriftKind = "kind";
    /// The monitoring schedule.
    schedule, with_schedule: String = "schedule";
    /// The alarm.
    alarm, with_alarm: String = "alarm";
    /// The constraints that a version is compared with.
    baseline, with_baseline: S3Uri = "baseline";
    /// The endpoint configuration.
    configuration, with_configuration: String = "configuration";
    /// The batch transform job.
    job, with_job: String = "job";
    /// The location of a job's output.
    output, with_output: String = "output";
    /// The ARN of a SageMaker resource.
    resource, with_resource: String = "resource";
    /// The subject line of a message that waits for the digest.
    line, with_line: String = "line";
    /// The severity of a message that waits for the digest.
    severity, with_severity: Severity = "severity";
    /// The function.
    function, with_function: String = "function";
    /// The id of an event.
    event, with_event: String = "event";
    /// The source of an event.
    source, with_source: String = "source";
    /// The detail type of an event.
    detail_type, with_detail_type: String = "detail-type";
}

impl Details {
    /// Adds a value under a name of its own, such as that of a metric: one line of at most 400 characters.
    #[must_use]
    pub fn with_text(mut self, name: impl Into<String>, value: Option<String>) -> Self {
        if let Some(value) = value {
            self.0.insert(name.into(), one_line(&value, MAX));
        }
        self
    }

    /// The text of the value of this name, whatever its type.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// All names and values, in the order of the names.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

impl Part for String {
    fn text(&self) -> String {
        self.clone()
    }

    fn read(text: &str) -> Option<Self> {
        Some(one_line(text, MAX))
    }
}

impl Part for Severity {
    fn text(&self) -> String {
        self.as_str().to_owned()
    }

    fn read(text: &str) -> Option<Self> {
        Self::parse(text)
    }
}
