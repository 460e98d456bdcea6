//! [`Images`] over ECR: reads the account's own registry.

use aws_config::SdkConfig;
use aws_sdk_ecr::Client;
use aws_sdk_ecr::types::ImageIdentifier;
use trimtab_core::failure::Failure;
use trimtab_core::name::{ImageDigest, ImageRepository, ImageTag, ImageUri};
use trimtab_core::port::Images;
use trimtab_core::port::PortResult;
use trimtab_runtime::sdk;

const DESCRIBE: &str = "ecr:DescribeImages";

/// A client of ECR.
#[derive(Debug, Clone)]
pub struct Ecr {
    client: Client,
    region: String,
}

impl Ecr {
    /// Creates a client for the account and region of `config`.
    #[must_use]
    pub fn new(config: &SdkConfig) -> Self {
        let region = config.region().map(ToString::to_string).unwrap_or_default();
        Self { client: Client::new(config), region }
    }
}

impl Images for Ecr {
    /// The request names no registry, so ECR uses the caller's own.
    async fn tagged(&self, repository: &ImageRepository, tag: &ImageTag) -> PortResult<Option<ImageUri>> {
        let call = self.client.describe_images().repository_name(repository.as_str());
        let call = call.image_ids(ImageIdentifier::builder().image_tag(tag.as_str()).build());
        let answer = match call.send().await {
            Ok(answer) => answer,
            Err(error) if is_absent(sdk::code(&error)) => return Ok(None),
            Err(error) => return Err(sdk::failure(DESCRIBE, &error)),
        };
        let Some(image) = answer.image_details().first() else { return Ok(None) };
        let registry = image.registry_id().unwrap_or_default();
        let unreadable = |error: trimtab_core::name::NameError| Failure::permanent(DESCRIBE, error.to_string());
        let digest = ImageDigest::parse(image.image_digest().unwrap_or_default()).map_err(unreadable)?;
        ImageUri::of(registry, &self.region, repository, &digest).map(Some).map_err(unreadable)
    }
}

fn is_absent(code: Option<&str>) -> bool {
    matches!(code, Some("ImageNotFoundException" | "RepositoryNotFoundException"))
}
