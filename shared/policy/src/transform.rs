//! `[deploy.transform]`: batch transform jobs. Each approved version processes the whole input once.

use serde::{Deserialize, Serialize};

use super::validate::{Fault, first};
use trimtab_names::name::{KmsKeyId, RoleArn, S3Uri, TransformName};

/// The largest product of [request size][doc] in MB and concurrent requests.
///
/// [doc]: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateTransformJob.html
const PAYLOAD_MB: u32 = 100;

/// The most [instances][doc] of a job.
///
/// [doc]: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_TransformResources.html
const INSTANCES: u32 = 100;

/// The batch transform jobs of a model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct TransformTarget {
    /// The name of the batch transform; its jobs are named `trimtab-<name>-v<version>-…`.
    pub name: TransformName,
    /// The execution role of the model's containers.
    pub role: RoleArn,
    /// The instance type of the jobs, such as `"ml.m5.xlarge"`.
    pub instance_type: String,
    /// The number of instances of a job.
    pub instances: u32,
    /// The prefix in S3 of the objects that are read.
    pub input: S3Uri,
    /// The content type of the input, such as `"text/csv"`.
    pub content_type: String,
    /// How the objects are split into records: `"none"` makes each object one request.
    #[serde(default, skip_serializing_if = "Split::is_none")]
    pub split: Split,
    /// The S3 folder of the output, outside of `input`. Each job writes to a folder with its own name in it.
    pub output: S3Uri,
    /// The content type of the output. Without it, the container decides.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accept: Option<String>,
    /// Whether each output record is joined with its input record.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub join_input: bool,
    /// The size of the largest request in MB. Without it, SageMaker uses 6.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_payload_mb: Option<u32>,
    /// The largest number of concurrent requests per instance. Without it, the container decides.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_concurrent: Option<u32>,
    /// The KMS key of the output, which the model's role must be able to use.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kms_key: Option<KmsKeyId>,
    /// The KMS key of the instances' volumes, for which the role needs `kms:CreateGrant`. Instances with local disks accept
    /// none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub volume_kms_key: Option<KmsKeyId>,
}

/// How objects are split into records.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Split {
    /// An object is one request.
    #[default]
    None,
    /// After each line; the output is assembled in the same way.
    Line,
    /// After each RecordIO record.
    RecordIo,
    /// After each TFRecord.
    TfRecord,
}

impl Split {
    #[allow(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
    fn is_none(&self) -> bool {
        *self == Self::None
    }
}

pub(super) fn limits(target: &TransformTarget) -> Option<Fault> {
    let payload = target.max_payload_mb.unwrap_or(6).saturating_mul(target.max_concurrent.unwrap_or(1));
    let word = |text: &str| (1..=256).contains(&text.len()) && text.chars().all(|c| c.is_ascii_graphic() || c == ' ');
    first([
        ((1..=INSTANCES).contains(&target.instances), "deploy.transform.instances", "expected 1 to 100"),
        (
            target.instance_type.starts_with("ml."),
            "deploy.transform.instance_type",
            "expected a SageMaker instance type such as \"ml.m5.xlarge\"",
        ),
        (word(&target.content_type), "deploy.transform.content_type", "expected a type such as \"text/csv\""),
        (target.accept.as_deref().is_none_or(word), "deploy.transform.accept", "expected a type such as \"text/csv\""),
        (
            target.output.as_str().ends_with('/'),
            "deploy.transform.output",
            "expected a folder: s3://BUCKET/FOLDER/ with a slash at its end",
        ),
        (
            !target.output.as_str().starts_with(target.input.as_str()),
            "deploy.transform.output",
            "expected a location outside of input: otherwise the next job would read the output",
        ),
        (
            target.max_payload_mb != Some(0) && target.max_concurrent != Some(0) && payload <= PAYLOAD_MB,
            "deploy.transform.max_payload_mb",
            "expected max_payload_mb times max_concurrent to be 1 to 100",
        ),
        (
            !target.join_input || target.split == Split::Line,
            "deploy.transform.join_input",
            "expected split = \"line\": SageMaker joins the output with lines only",
        ),
    ])
}
