//! Names that are made of what they hold: the same content has the same name.

use trimtab_core::name::{ModelName, PackageArn};
use trimtab_core::policy::monitor::Capture;
use trimtab_core::policy::{EndpointTarget, VariantTest};
use trimtab_core::text::digest;

/// The name of the model and the endpoint configuration that serve this version in this shape.
/// The same content has the same name, so creating it twice is creating it once.
#[must_use]
pub fn serving_name(
    model: &ModelName,
    package: &PackageArn,
    target: &EndpointTarget,
    capture: Option<&Capture>,
) -> String {
    let (shape, percent) = (target.serving.shape(), capture.map(|capture| capture.percent.to_string()));
    let mut parts = vec![package.as_str(), target.name.as_str(), target.role.as_str()];
    parts.extend(shape.iter().map(String::as_str));
    if let Some(capture) = capture {
        parts.extend([capture.destination.as_str(), percent.as_deref().unwrap_or_default()]);
        parts.extend(capture.kms_key.as_ref().map(|key| key.as_str()));
    }
    // SageMaker allows 63 characters; a model's name has at most 40.
    format!("{model}-v{}-{}", package.version(), digest(&parts, 8))
}

/// The name of the configuration in which this version, whose model is `own`, is on trial beside the
/// model `live`.
#[must_use]
pub fn trial_name(model: &ModelName, package: &PackageArn, own: &str, trial: &VariantTest, live: &str) -> String {
    let shape = digest(&[own, live, trial.variant(), &trial.percent().to_string()], 8);
    format!("{model}-v{}-trial-{shape}", package.version())
}
