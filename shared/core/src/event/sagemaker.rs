//! Events of [SageMaker][doc]: pipeline executions, model packages, endpoints.
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
        /// The execution is running.
        Executing = "Executing",
        /// The execution is being stopped.
        Stopping = "Stopping",
        /// A user stopped the execution.
        Stopped = "Stopped",
        /// The execution failed.
        Failed = "Failed",
        /// The execution succeeded.
        Succeeded = "Succeeded",
    }
}

lenient::words! {
    /// The approval status of a model package version.
    Approval {
        /// An operator or a policy approved it.
        Approved = "Approved",
        /// An operator or a policy rejected it.
        Rejected = "Rejected",
        /// It requires manual approval.
        Pending = "PendingManualApproval",
    }
}

lenient::words! {
    /// The status of an endpoint, as the API writes it; events write it in capital letters.
    EndpointStatus {
        /// The endpoint serves requests.
        InService = "InService",
        /// The endpoint is being created.
        Creating = "Creating",
        /// An update is in progress.
        Updating = "Updating",
        /// SageMaker performs maintenance.
        SystemUpdating = "SystemUpdating",
        /// An update is being rolled back.
        RollingBack = "RollingBack",
        /// The endpoint serves no requests.
        OutOfService = "OutOfService",
        /// The endpoint is being deleted.
        Deleting = "Deleting",
        /// The creation or an update failed.
        Failed = "Failed",
        /// An update failed, and so did its rollback.
        UpdateRollbackFailed = "UpdateRollbackFailed",
    }
}

impl EndpointStatus {
    /// Whether an operation is in progress, so that the endpoint accepts no update. An unknown status counts as one.
    #[must_use]
    pub fn is_moving(&self) -> bool {
        use EndpointStatus::{Creating, Deleting, Other, RollingBack, SystemUpdating, Updating};
        matches!(self, Creating | Updating | SystemUpdating | RollingBack | Deleting | Other(_))
    }
}

/// A status change of a pipeline execution.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PipelineExecution {
    /// The pipeline.
    pub pipeline: PipelineName,
    /// The execution.
    pub arn: RunArn,
    /// The display name that its start specified.
    pub display_name: Option<String>,
    /// The new status.
    pub status: RunStatus,
}

/// A version of a model package was registered or changed.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Package {
    /// The version's ARN.
    #[serde(rename = "ModelPackageArn")]
    pub arn: PackageArn,
    /// The model package group.
    #[serde(rename = "ModelPackageGroupName")]
    pub group: GroupName,
    /// The version number.
    #[serde(rename = "ModelPackageVersion")]
    pub version: u32,
    /// The approval status.
    #[serde(rename = "ModelApprovalStatus")]
    pub approval: Approval,
    /// The status of the package itself; only `Completed` can be deployed.
    #[serde(rename = "ModelPackageStatus", default, deserialize_with = "lenient::or_default")]
    pub status: String,
    /// The fields that an update changed, if AWS reports them. AWS may omit some.
    #[serde(rename = "UpdatedModelPackageFields")]
    pub updated_fields: Option<Vec<String>>,
    /// The life cycle stage, if the version has one.
    #[serde(rename = "ModelLifeCycle")]
    pub lifecycle: Option<LifeCycle>,
    /// The time of the change.
    #[serde(rename = "LastModifiedTime", default, deserialize_with = "lenient::optional")]
    pub modified: Option<Timestamp>,
}

/// `ModelLifeCycle`: a stage and its status, in the terms of the model's team.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct LifeCycle {
    /// The stage, such as `Staging`.
    pub stage: String,
    /// The status, such as `Approved`.
    pub stage_status: String,
}

impl LifeCycle {
    /// Whether the version is approved for this stage.
    #[must_use]
    pub fn opens_gate(&self, stage: &str) -> bool {
        self.stage == stage && self.stage_status == "Approved"
    }
}

/// A status change of an endpoint.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Endpoint {
    /// The endpoint.
    #[serde(rename = "EndpointName")]
    pub name: EndpointName,
    /// The ARN; SageMaker writes it in lowercase.
    #[serde(rename = "EndpointArn", default, deserialize_with = "lenient::or_default")]
    pub arn: String,
    /// The configuration in service.
    #[serde(rename = "EndpointConfigName")]
    pub config: Option<String>,
    /// The new status.
    #[serde(rename = "EndpointStatus")]
    pub status: EndpointStatus,
}

/// Reads the detail of one of SageMaker's events.
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

/// The fields that an update can change without changing the approval.
const METADATA_FIELDS: [&str; 3] = ["CustomerMetadataProperties", "CustomerMetadataPropertiesToRemove", LIFE_CYCLE];

/// The field of the life cycle.
const LIFE_CYCLE: &str = "ModelLifeCycle";

impl Package {
    /// Whether the update changed only metadata. Such an event repeats `Approved` or `Rejected`, and must not count as a
    /// verdict. An update that does not report its fields is not one.
    #[must_use]
    pub fn is_metadata_edit(&self) -> bool {
        let changed = self.updated_fields.as_deref().unwrap_or_default();
        !changed.is_empty() && changed.iter().all(|field| METADATA_FIELDS.contains(&field.as_str()))
    }

    /// The life cycle, if the update changed it and left the approval unchanged.
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
