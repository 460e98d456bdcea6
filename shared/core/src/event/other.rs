//! The sources that the loop reads little of: CloudFormation, ECR, S3, and SageMaker's jobs.

use serde::Deserialize;
use serde_json::Value;

use super::{EventError, fault, name, read};
use crate::name::{ImageDigest, ImageRepository, ImageTag, MOST_FOLDERS};

/// A stack changed its status.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stack {
    /// The stack's id, an ARN.
    pub id: String,
    /// Its status, such as `UPDATE_COMPLETE`.
    pub status: String,
}

impl Stack {
    pub(super) fn read(what: &str, detail: &Value) -> Result<Self, EventError> {
        #[derive(Deserialize)]
        #[serde(rename_all = "kebab-case")]
        struct Detail {
            stack_id: String,
            status_details: Status,
        }
        #[derive(Deserialize)]
        struct Status {
            status: String,
        }
        let detail: Detail = read(what, detail)?;
        Ok(Self { id: detail.stack_id, status: detail.status_details.status })
    }
}

/// An image was pushed to or deleted from ECR. It has a `result`, and no scan status.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image {
    /// The repository.
    pub repository: ImageRepository,
    /// Whether it is a push that succeeded.
    pub pushed: bool,
    /// The image's digest; `None` where it is not a whole one.
    pub digest: Option<ImageDigest>,
    /// The tag it was pushed under.
    pub tag: Option<ImageTag>,
}

impl Image {
    pub(super) fn read(what: &str, detail: &Value) -> Result<Self, EventError> {
        #[derive(Deserialize)]
        #[serde(rename_all = "kebab-case")]
        struct Detail {
            repository_name: String,
            action_type: String,
            result: String,
            image_digest: Option<String>,
            image_tag: Option<String>,
        }
        let detail: Detail = read(what, detail)?;
        Ok(Self {
            repository: name(what, "detail.repository-name", &detail.repository_name, ImageRepository::parse)?,
            pushed: detail.action_type == "PUSH" && detail.result == "SUCCESS",
            digest: detail.image_digest.and_then(|digest| ImageDigest::parse(&digest).ok()),
            tag: detail.image_tag.and_then(|tag| ImageTag::parse(&tag).ok()),
        })
    }
}

/// An object was created in S3.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object {
    /// The bucket.
    pub bucket: String,
    /// The key. Untrusted.
    pub key: String,
}

impl Object {
    pub(super) fn read(what: &str, detail: &Value) -> Result<Self, EventError> {
        let text = |pointer: &str| {
            let found = detail.pointer(pointer).and_then(Value::as_str);
            found
                .map(str::to_owned)
                .ok_or_else(|| fault(what, &format!("detail{}", pointer.replace('/', ".")), "expected text"))
        };
        Ok(Self { bucket: text("/bucket/name")?, key: text("/object/key")? })
    }

    /// The folders that it is in, the innermost first, up to [`MOST_FOLDERS`] deep; as a policy writes them.
    #[must_use]
    pub fn folders(&self) -> Vec<String> {
        let ends = self.key.match_indices('/').map(|(at, _)| at).take(MOST_FOLDERS);
        let mut folders: Vec<String> =
            ends.filter_map(|at| Some(format!("s3://{}/{}/", self.bucket, self.key.get(..at)?))).collect();
        folders.reverse();
        folders
    }

    /// The feature group whose offline store it is in: [Feature Store writes][doc] below
    /// `offline-store/<feature group>-<creation time>/data/`.
    ///
    /// [doc]: https://docs.aws.amazon.com/sagemaker/latest/dg/feature-store-offline.html
    #[must_use]
    pub fn feature_group(&self) -> Option<&str> {
        let (before, rest) = self.key.split_once("offline-store/")?;
        let (folder, inside) = rest.split_once('/')?;
        let (name, created) = folder.rsplit_once('-')?;
        let at_a_folder = before.is_empty() || before.ends_with('/');
        let ours = at_a_folder && inside.starts_with("data/") && !created.is_empty();
        (ours && created.bytes().all(|digit| digit.is_ascii_digit()) && !name.is_empty()).then_some(name)
    }

    /// Whether it holds data: consoles make empty objects for folders.
    #[must_use]
    pub fn is_data(&self) -> bool {
        !self.key.ends_with('/')
    }
}

/// A training or processing job changed its status.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// Its name.
    pub name: String,
    /// Its status.
    pub status: String,
}

impl Job {
    pub(super) fn read(what: &str, detail: &Value, kind: &str) -> Result<Self, EventError> {
        let text = |field: String| {
            let found = detail.get(&field).and_then(Value::as_str).map(str::to_owned);
            found.ok_or_else(|| fault(what, &format!("detail.{field}"), "expected text"))
        };
        Ok(Self { name: text(format!("{kind}JobName"))?, status: text(format!("{kind}JobStatus"))? })
    }
}

/// What SageMaker calls the jobs of monitoring schedules.
const MONITORING: &str = "model-monitoring-";

impl Job {
    /// Whether a monitoring schedule runs it, by its name. The event may not say which.
    #[must_use]
    pub fn is_of_a_monitor(&self) -> bool {
        self.name.starts_with(MONITORING)
    }
}

/// A feature group changed its status.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct FeatureGroup {
    /// Its name.
    #[serde(rename = "FeatureGroupName")]
    pub name: String,
    /// Its status.
    #[serde(rename = "FeatureGroupStatus")]
    pub status: String,
}
