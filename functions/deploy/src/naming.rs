//! Names of models and endpoint configurations, derived from their content: a repeated creation has the same name.

use trimtab_core::name::{ModelName, PackageArn};
use trimtab_core::policy::monitor::Capture;
use trimtab_core::policy::{EndpointTarget, VariantTest};
use trimtab_core::text::digest;

/// The name of the model and of the endpoint configuration that serve this version, of at most 63 characters.
#[must_use]
pub fn serving_name(
    model: &ModelName,
    package: &PackageArn,
    target: &EndpointTarget,
    capture: Option<&Capture>,
) -> String {
    let shape = target.serving.shape();
    let percent = capture.map(|capture| capture.percent.to_string());
    let mut parts = vec![package.as_str(), target.name.as_str(), target.role.as_str()];
    parts.extend(shape.iter().map(String::as_str));
    if let Some(capture) = capture {
        parts.extend([capture.destination.as_str(), percent.as_deref().unwrap_or_default()]);
        parts.extend(capture.kms_key.as_ref().map(|key| key.as_str()));
    }
    // SageMaker allows 63 characters; a model's name in Trimtab has at most 40.
    format!("{model}-v{}-{}", package.version(), digest(&parts, 8))
}

/// The name of the endpoint configuration of a variant test: `own_model` serves this version beside `live_model`.
#[must_use]
pub fn test_config_name(
    model: &ModelName,
    package: &PackageArn,
    test: &VariantTest,
    own_model: &str,
    live_model: &str,
) -> String {
    let shape = digest(&[own_model, live_model, test.variant(), &test.percent().to_string()], 8);
    format!("{model}-v{}-test-{shape}", package.version())
}
