//! The port to the images that training runs in.

use std::future::Future;

use super::Answer;
use crate::name::{ImageRepository, ImageTag, ImageUri};

/// ECR, reading: the account's own registry and no other.
pub trait Images {
    /// The image that the tag points at now, by its digest; `None` where there is no such tag or
    /// repository.
    fn tagged(
        &self,
        repository: &ImageRepository,
        tag: &ImageTag,
    ) -> impl Future<Output = Answer<Option<ImageUri>>> + Send;
}
