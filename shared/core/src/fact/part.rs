//! The text form of a value in a dedup key or a detail.

use std::fmt;

use jiff::Timestamp;

use crate::event::DriftKind;
use crate::name::{
    BranchName, CommitId, ImageDigest, ImageTag, ImageUri, ModelName, PackageArn, PipelineBuildId, PullRequestId,
    RepositoryName, RunId, S3Uri, StageName,
};
use crate::policy::monitor::slug;
use crate::text::digest;

/// A value with one text form, which contains no control characters.
pub trait Part: Sized {
    /// The text form.
    fn text(&self) -> String;
    /// Reads the text form; `None` if it is not one.
    fn read(text: &str) -> Option<Self>;
}

macro_rules! checked {
    ($($name:ty),*) => {$(
        impl Part for $name {
            fn text(&self) -> String {
                self.to_string()
            }

            fn read(text: &str) -> Option<Self> {
                Self::parse(text).ok()
            }
        }
    )*};
}

macro_rules! parsed {
    ($($name:ty),*) => {$(
        impl Part for $name {
            fn text(&self) -> String {
                self.to_string()
            }

            fn read(text: &str) -> Option<Self> {
                text.parse().ok()
            }
        }
    )*};
}

checked!(
    BranchName,
    CommitId,
    ImageDigest,
    ImageTag,
    ImageUri,
    ModelName,
    PackageArn,
    PipelineBuildId,
    PullRequestId,
    RepositoryName,
    RunId,
    S3Uri,
    StageName
);
parsed!(u32, bool, Timestamp);

/// A short identifier: 1 to 128 letters, digits and any of `. _ : + -`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Token(String);

impl Token {
    /// The token of this text: the text itself if it is one, or else its digest.
    #[must_use]
    pub fn of(text: &str) -> Self {
        Self::read(text).unwrap_or_else(|| Self(digest(&[text], 32)))
    }

    /// The token as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Part for Token {
    fn text(&self) -> String {
        self.0.clone()
    }

    fn read(text: &str) -> Option<Self> {
        let fits = (1..=128).contains(&text.len());
        let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"._:+-".contains(&byte);
        (fits && text.bytes().all(is_token)).then(|| Self(text.to_owned()))
    }
}

impl Part for DriftKind {
    fn text(&self) -> String {
        slug(*self).to_owned()
    }

    fn read(text: &str) -> Option<Self> {
        [Self::DataQuality, Self::ModelQuality, Self::Bias, Self::FeatureAttribution]
            .into_iter()
            .find(|kind| slug(*kind) == text)
    }
}
