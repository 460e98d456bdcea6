//! Events of ECR.

use serde::Deserialize;
use serde_json::Value;

use super::{EventError, name, read};
use crate::name::{ImageDigest, ImageRepository, ImageTag};

/// An image was pushed or deleted. The event has a `result`, and no scan status.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image {
    /// The repository.
    pub repository: ImageRepository,
    /// Whether the event is a push that succeeded.
    pub pushed: bool,
    /// The image's digest; `None` if it is not a complete one.
    pub digest: Option<ImageDigest>,
    /// The image's tag.
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
