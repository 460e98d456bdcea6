//! Facts about a version's way to production, and the dedup keys that identify them.

use jiff::Timestamp;
use trimtab_core::fact::{self, Fact, FactKind};
use trimtab_core::name::{ModelName, PackageArn, StageName};
use trimtab_core::policy::{Policy, Stage};

/// A fact about a version's way to production. Each attempt of a version is a dedup key of its own.
#[must_use]
pub fn tell(
    kind: FactKind,
    RolloutScope { model, stage }: RolloutScope<'_>,
    package: &PackageArn,
    attempt: u32,
    reasons: Vec<String>,
    at: Timestamp,
) -> Fact {
    let version = package.version();
    let named = stage.map(|stage| ("stage".to_owned(), stage.to_string()));
    let details = [("package".to_owned(), package.to_string()), ("version".to_owned(), version.to_string())];
    Fact {
        kind,
        version: fact::VERSION,
        model: Some(model.clone()),
        dedup_key: match stage {
            Some(stage) => format!("rollout/{model}/{stage}/{version}/{attempt}"),
            None => format!("rollout/{model}/{version}/{attempt}"),
        },
        at,
        reasons,
        details: details.into_iter().chain(named).collect(),
    }
}

/// Whose way to production a fact is about.
#[derive(Debug, Clone, Copy)]
pub struct RolloutScope<'a> {
    /// The model.
    pub model: &'a ModelName,
    /// The stage, where there are several.
    pub stage: Option<&'a StageName>,
}

impl<'a> RolloutScope<'a> {
    /// The way through this stage.
    #[must_use]
    pub fn of(policy: &'a Policy, stage: &'a Stage) -> Self {
        Self { model: &policy.model, stage: stage.label() }
    }
}
