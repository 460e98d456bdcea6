//! Events of S3.

use serde_json::Value;

use super::{EventError, fault};
use crate::name::MOST_FOLDERS;

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

    /// The folders that contain the object, innermost first, up to [`MOST_FOLDERS`] deep, as a policy writes them.
    #[must_use]
    pub fn folders(&self) -> Vec<String> {
        let ends = self.key.match_indices('/').map(|(at, _)| at).take(MOST_FOLDERS);
        let mut folders: Vec<String> =
            ends.filter_map(|at| Some(format!("s3://{}/{}/", self.bucket, self.key.get(..at)?))).collect();
        folders.reverse();
        folders
    }

    /// The feature group whose offline store contains the object: [Feature Store writes][doc] below
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

    /// Whether the object contains data: the console creates empty objects for folders.
    #[must_use]
    pub fn is_data(&self) -> bool {
        !self.key.ends_with('/')
    }
}
