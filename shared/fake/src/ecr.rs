//! Images in ECR.

use std::collections::BTreeMap;

use trimtab_core::name::{ImageRepository, ImageTag, ImageUri};
use trimtab_core::port::{Images, PortResult};

use crate::services::Services;

/// Images, by repository and tag, as in `churn-training latest`.
pub(crate) type State = BTreeMap<String, ImageUri>;

impl Images for Services {
    async fn tagged(&self, repository: &ImageRepository, tag: &ImageTag) -> PortResult<Option<ImageUri>> {
        let place = format!("{repository} {tag}");
        self.query("images.tagged", &place, || self.ecr().get(&place).cloned())
    }
}
