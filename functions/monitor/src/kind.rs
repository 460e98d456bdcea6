//! The kinds of drift and their names. Pure.

use trimtab_core::event::DriftKind;
use trimtab_core::name::ModelName;
use trimtab_core::port::BASELINE_JOBS;

/// Every kind of drift.
pub const KINDS: [DriftKind; 4] =
    [DriftKind::DataQuality, DriftKind::ModelQuality, DriftKind::Bias, DriftKind::FeatureAttribution];

/// The kind in the names of baseline jobs, which have no room for the slug.
pub(crate) fn code(kind: DriftKind) -> &'static str {
    match kind {
        DriftKind::DataQuality => "data",
        DriftKind::ModelQuality => "model",
        DriftKind::Bias => "bias",
        DriftKind::FeatureAttribution => "shap",
    }
}

/// Model and kind of the baseline that a processing job of this name computes; `None` for jobs of others.
#[must_use]
pub fn owner_of(job: &str) -> Option<(ModelName, DriftKind)> {
    let (rest, _) = job.strip_prefix(BASELINE_JOBS)?.rsplit_once('-')?;
    let (model, word) = rest.rsplit_once('-')?;
    let kind = KINDS.into_iter().find(|kind| code(*kind) == word)?;
    Some((ModelName::parse(model).ok()?, kind))
}
