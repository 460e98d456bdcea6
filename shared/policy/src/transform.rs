//! `[deploy.transform]`: batch transform jobs, for models that nobody waits for: each version that is
//! approved is given the whole input once.

use serde::{Deserialize, Serialize};

use super::check::{Fault, first};
use trimtab_names::name::{KmsKeyId, RoleArn, S3Uri, TransformName};

/// [The largest request][doc] in MB, times how many there are at once, is at most this.
///
/// [doc]: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateTransformJob.html
const PAYLOAD_MB: u32 = 100;

/// SageMaker takes no more [instances][doc].
///
/// [doc]: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_TransformResources.html
const INSTANCES: u32 = 100;

/// The jobs that give a model's input to each version that is approved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TransformTarget {
    /// What the jobs' names are made of.
    pub name: TransformName,
    /// The role that the model's containers run as.
    pub role: RoleArn,
    /// The instance type, such as `ml.m5.xlarge`.
    pub instance_type: String,
    /// How many.
    pub instances: u32,
    /// The objects that are read: all that begin so.
    pub input: S3Uri,
    /// What they are, such as `text/csv`.
    pub content_type: String,
    /// Where an object may be cut into records.
    #[serde(default, skip_serializing_if = "Split::is_none")]
    pub split: Split,
    /// Where the answers go: each job has a folder of its name in it.
    pub output: S3Uri,
    /// What the answers are; the container chooses unless set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accept: Option<String>,
    /// Whether an answer stands beside what was asked.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub join_input: bool,
    /// The largest request in MB; SageMaker's own is 6.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_payload_mb: Option<u32>,
    /// How many requests an instance gets at once; the container chooses unless set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_concurrent: Option<u32>,
    /// The KMS key of the answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kms_key: Option<KmsKeyId>,
    /// The KMS key of the instances' volumes; instances with disks of their own take none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub volume_kms_key: Option<KmsKeyId>,
}

/// Where an object may be cut into records.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Split {
    /// Nowhere: it is one request.
    #[default]
    None,
    /// After each line. The answers are put together in the same way.
    Line,
    /// After each RecordIO record.
    RecordIo,
    /// After each TFRecord.
    TfRecord,
}

impl Split {
    #[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
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
            "expected a place outside of input: answers would be the next job's input",
        ),
        (
            target.max_payload_mb != Some(0) && target.max_concurrent != Some(0) && payload <= PAYLOAD_MB,
            "deploy.transform.max_payload_mb",
            "expected max_payload_mb times max_concurrent to be 1 to 100",
        ),
        (
            !target.join_input || target.split == Split::Line,
            "deploy.transform.join_input",
            "expected split = \"line\": an answer can stand beside a line",
        ),
    ])
}
