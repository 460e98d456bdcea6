//! Images in ECR.

use std::future::Future;

use super::PortResult;
use crate::name::{ImageRepository, ImageTag, ImageUri};

/// ECR, reading: the account's own registry and no other.
pub trait Images {
    /// The image that the tag points at now, by its digest; `None` where there is no such tag or
    /// repository.
    fn tagged(
        &self,
        repository: &ImageRepository,
        tag: &ImageTag,
    ) -> impl Future<Output = PortResult<Option<ImageUri>>> + Send;
}
