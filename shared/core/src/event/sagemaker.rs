//! SageMaker: [the events that SageMaker sends][doc].
//!
//! [doc]: https://docs.aws.amazon.com/sagemaker/latest/dg/automating-sagemaker-with-eventbridge.html

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use super::{Body, EventError, Job, lenient, read};
use crate::name::{EndpointName, GroupName, PackageArn, PipelineName, RunArn};

lenient::words! {
    /// The status of a pipeline execution.
    RunStatus {
        /// It runs.
        Executing = "Executing",
        /// It is being stopped.
        Stopping = "Stopping",
        /// Somebody stopped it.
        Stopped = "Stopped",
        /// It failed.
        Failed = "Failed",
        /// It ended well.
        Succeeded = "Succeeded",
    }
}

lenient::words! {
    /// A package's approval.
    Approval {
        /// A person or a policy said yes.
        Approved = "Approved",
        /// A person or a policy said no.
        Rejected = "Rejected",
        /// Nobody has said anything.
        Pending = "PendingManualApproval",
    }
}

lenient::words! {
    /// An endpoint's status, as the API writes it; events write it in capitals.
    EndpointStatus {
        /// It serves.
        InService = "InService",
        /// It is being made.
        Creating = "Creating",
        /// It moves to another configuration.
        Updating = "Updating",
        /// SageMaker maintains it.
        SystemUpdating = "SystemUpdating",
        /// It moves back.
        RollingBack = "RollingBack",
        /// It does not serve.
        OutOfService = "OutOfService",
        /// It is being removed.
        Deleting = "Deleting",
        /// It could not be made or changed.
        Failed = "Failed",
        /// It could neither move on nor back.
        UpdateRollbackFailed = "UpdateRollbackFailed",
    }
}

impl EndpointStatus {
    /// Whether the endpoint is on its way to somewhere, and takes no update; what is not known may be.
    #[must_use]
    pub fn is_moving(&self) -> bool {
        use EndpointStatus::{Creating, Deleting, Other, RollingBack, SystemUpdating, Updating};
        matches!(self, Creating | Updating | SystemUpdating | RollingBack | Deleting | Other(_))
    }
}

/// A pipeline execution changed its status.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PipelineExecution {
    /// The pipeline.
    pub pipeline: PipelineName,
    /// The execution.
    pub arn: RunArn,
    /// What it was called when it was started.
    pub display_name: Option<String>,
    /// Its status.
    pub status: RunStatus,
}

/// A version of a model package was registered or changed.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Package {
    /// The version.
    #[serde(rename = "ModelPackageArn")]
    pub arn: PackageArn,
    /// Its group.
    #[serde(rename = "ModelPackageGroupName")]
    pub group: GroupName,
    /// Its number.
    #[serde(rename = "ModelPackageVersion")]
    pub version: u32,
    /// Its approval.
    #[serde(rename = "ModelApprovalStatus")]
    pub approval: Approval,
    /// Its own status; only `Completed` can be deployed.
    #[serde(rename = "ModelPackageStatus", default, deserialize_with = "lenient::or_default")]
    pub status: String,
    /// What an update changed, where AWS says so. It may leave fields out.
    #[serde(rename = "UpdatedModelPackageFields")]
    pub updated_fields: Option<Vec<String>>,
    /// How far it has got in its life cycle, where it has one.
    #[serde(rename = "ModelLifeCycle")]
    pub lifecycle: Option<LifeCycle>,
    /// When it was changed.
    #[serde(rename = "LastModifiedTime", default, deserialize_with = "lenient::optional")]
    pub modified: Option<Timestamp>,
}

/// `ModelLifeCycle`: a stage and its status, both in the words of the model's team.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct LifeCycle {
    /// The stage, such as `Staging`.
    pub stage: String,
    /// Its status, such as `Approved`.
    pub stage_status: String,
}

impl LifeCycle {
    /// Whether it has been approved for this stage.
    #[must_use]
    pub fn lets_into(&self, stage: &str) -> bool {
        self.stage == stage && self.stage_status == "Approved"
    }
}

/// An endpoint changed its status.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Endpoint {
    /// The endpoint.
    #[serde(rename = "EndpointName")]
    pub name: EndpointName,
    /// Its ARN, in lower case whatever the name is.
    #[serde(rename = "EndpointArn", default, deserialize_with = "lenient::or_default")]
    pub arn: String,
    /// The configuration that serves.
    #[serde(rename = "EndpointConfigName")]
    pub config: Option<String>,
    /// Its status.
    #[serde(rename = "EndpointStatus")]
    pub status: EndpointStatus,
}

/// What one of SageMaker's events is about.
pub(super) fn body(kind: &str, detail: &Value) -> Result<Body, EventError> {
    Ok(match kind {
        "SageMaker Model Building Pipeline Execution Status Change" => {
            Body::PipelineExecution(PipelineExecution::read(kind, detail)?)
        }
        "SageMaker Model Package State Change" => Body::Package(Package::read(kind, detail)?),
        "SageMaker Endpoint State Change" => Body::Endpoint(read(kind, detail)?),
        "SageMaker Transform Job State Change" => Body::TransformJob(Job::read(kind, detail, "Transform")?),
        "SageMaker Processing Job State Change" => Body::ProcessingJob(Job::read(kind, detail, "Processing")?),
        _ => Body::Unknown,
    })
}

impl PipelineExecution {
    fn read(what: &str, detail: &Value) -> Result<Self, EventError> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Detail {
            pipeline_execution_arn: RunArn,
            pipeline_execution_display_name: Option<String>,
            current_pipeline_execution_status: RunStatus,
        }
        let detail: Detail = read(what, detail)?;
        let pipeline = super::name(
            what,
            "detail.pipelineExecutionArn",
            detail.pipeline_execution_arn.pipeline(),
            PipelineName::parse,
        )?;
        Ok(Self {
            pipeline,
            arn: detail.pipeline_execution_arn,
            display_name: detail.pipeline_execution_display_name,
            status: detail.current_pipeline_execution_status,
        })
    }
}

/// What an update can change without touching the approval.
const METADATA_FIELDS: [&str; 3] = ["CustomerMetadataProperties", "CustomerMetadataPropertiesToRemove", LIFE_CYCLE];

/// The field of the life cycle.
const LIFE_CYCLE: &str = "ModelLifeCycle";

impl Package {
    /// Whether the update changed metadata and nothing else: such an edit says `Approved` or
    /// `Rejected` again. An update that does not say what it changed is none.
    #[must_use]
    pub fn is_metadata_edit(&self) -> bool {
        let changed = self.updated_fields.as_deref().unwrap_or_default();
        !changed.is_empty() && changed.iter().all(|field| METADATA_FIELDS.contains(&field.as_str()))
    }

    /// The life cycle, if the update changed it and left the approval alone.
    #[must_use]
    pub fn lifecycle_edit(&self) -> Option<&LifeCycle> {
        let changed = self.updated_fields.as_deref().unwrap_or_default();
        let edit = self.is_metadata_edit() && changed.iter().any(|field| field == LIFE_CYCLE);
        self.lifecycle.as_ref().filter(|_| edit)
    }

    fn read(what: &str, detail: &Value) -> Result<Self, EventError> {
        let package: Self = read(what, detail)?;
        if package.arn.group() != package.group.as_str() || package.arn.version() != package.version {
            return Err(super::fault(
                what,
                "detail.ModelPackageArn",
                "expected the same group and version as beside it",
            ));
        }
        Ok(package)
    }
}
