//! The sources that the loop reads little of: CloudFormation, ECR, S3, and SageMaker's jobs.

use std::fmt;

use serde::Deserialize;
use serde_json::Value;

use super::{EventError, fault, name, read};
use crate::name::{ImageDigest, ImageRepository, ImageTag, MOST_FOLDERS, StackName};

/// A stack changed its status.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stack {
    /// The stack's id, an ARN.
    pub id: String,
    /// Its name.
    pub name: StackName,
    /// Its status.
    pub status: StackStatus,
}

/// A stack's status, such as `UPDATE_COMPLETE`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct StackStatus(String);

/// What a stack's status means to whoever updates it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StackRest {
    /// It is on its way to somewhere, and takes no update.
    Moving,
    /// It is as it was asked to be.
    Complete,
    /// It is as it was before the last update.
    RolledBack,
    /// It could neither move on nor back: `ContinueUpdateRollback` may help.
    RollbackFailed,
    /// It could not be made, and nothing is left of it: it is deleted before it is made again.
    NeverMade,
    /// A person has to see to it.
    Stuck,
}

impl StackStatus {
    /// The status that is written so.
    pub fn new(text: impl AsRef<str>) -> Self {
        Self(crate::text::one_line(text.as_ref(), 64))
    }

    /// What it means.
    #[must_use]
    pub fn rest(&self) -> StackRest {
        match self.0.as_str() {
            "CREATE_COMPLETE" | "UPDATE_COMPLETE" | "IMPORT_COMPLETE" => StackRest::Complete,
            "UPDATE_ROLLBACK_COMPLETE" | "IMPORT_ROLLBACK_COMPLETE" => StackRest::RolledBack,
            "UPDATE_ROLLBACK_FAILED" => StackRest::RollbackFailed,
            "ROLLBACK_COMPLETE" => StackRest::NeverMade,
            other if other.ends_with("_IN_PROGRESS") => StackRest::Moving,
            _ => StackRest::Stuck,
        }
    }
}

impl fmt::Display for StackStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
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
        // arn:aws:cloudformation:REGION:ACCOUNT:stack/NAME/ID
        let of = detail.stack_id.split(':').nth(5).and_then(|resource| resource.split('/').nth(1));
        let name = super::name(what, "detail.stack-id", of.unwrap_or_default(), StackName::parse)?;
        Ok(Self { id: detail.stack_id, name, status: StackStatus::new(detail.status_details.status) })
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

/// A training, processing or transform job changed its status.
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
