//! A model's policy: which reactions are on, with what, and within which limits. One TOML file per
//! model, checked in by its team.
//!
//! Knows nothing of files: the caller brings the text and the name to show in errors.

mod check;
pub mod data;
mod deploy;
mod endpoint;
mod engine;
pub mod evaluate;
mod integrate;
mod key;
mod length;
pub mod monitor;
mod notify;
pub mod organization;
mod recipient;
mod retrain;
mod scaling;
mod serving;
mod stack;
mod stage;
mod strategy;
mod transform;
mod variant_test;

use std::collections::BTreeSet;

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

pub use check::{PolicyError, check_all};
pub use deploy::{Deploy, OnRejected, PipelineTarget, Target};
pub use endpoint::EndpointTarget;
pub use engine::{Airflow, Engine, Kubeflow};
pub use integrate::{BuildPipeline, Integrate, TrainingImage};
pub use key::{Key, KeyKind};
pub use notify::Notify;
pub use organization::{Guard, OrganizationNotify, OrganizationPolicy, Stoppable};
pub use recipient::{Address, Protocol, Recipient};
pub use retrain::{Budget, Parameters, Retrain};
pub use scaling::{Aim, Autoscaling, Scheduled};
pub use serving::{Asynchronous, Fleet, Serverless, Serving, Topics};
pub use stack::{Capability, StackTarget};
pub use stage::{CrossAccountRole, Gate, SOLE, SmokeTest, Stage};
pub use strategy::{Canary, Linear, Rolling, Strategy};
pub use transform::{Split, TransformTarget};
pub use variant_test::{AbTest, Shadow, VariantTest};

use crate::name::{GroupName, ModelName};

/// The version of the policy's shape that this suite reads.
pub const VERSION: u32 = 1;

/// A model's policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    /// The shape's version: [`VERSION`].
    pub version: u32,
    /// The model.
    pub model: ModelName,
    /// Who answers for it: shown to people, never interpreted.
    pub owner: String,
    /// Its model package group.
    pub package_group: GroupName,
    /// Builds; absent means off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub integrate: Option<Integrate>,
    /// Training; absent means off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retrain: Option<Retrain>,
    /// Deployment; absent means off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deploy: Option<Deploy>,
    /// Looking for what AWS did not tell of; absent means off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reconcile: Option<Reconcile>,
    /// What a version must show before it goes on; absent means that a person decides.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evaluate: Option<evaluate::Evaluate>,
    /// What came of what is written into SageMaker ML Lineage Tracking; absent means it is not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lineage: Option<Lineage>,
    /// What is watched about the version that is live; absent means off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub monitor: Option<monitor::Monitor>,
    /// Who is told, and which messages can wait; absent means that each is sent by itself, at once.
    pub notify: Option<Notify>,
}

/// How long things may take before a person is told. Whoever has this table is looked after: every
/// few minutes the functions look for what they have not heard of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reconcile {
    /// A build.
    #[serde(with = "length", default = "two_hours")]
    pub build: SignedDuration,
    /// A training run.
    #[serde(with = "length", default = "a_day")]
    pub training: SignedDuration,
    /// A test suite.
    #[serde(with = "length", default = "six_hours")]
    pub evaluation: SignedDuration,
    /// A rollout.
    #[serde(with = "length", default = "six_hours")]
    pub rollout: SignedDuration,
}

/// `[lineage]`: the table itself, empty, switches it on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lineage {}

fn two_hours() -> SignedDuration {
    SignedDuration::from_hours(2)
}

fn six_hours() -> SignedDuration {
    SignedDuration::from_hours(6)
}

fn a_day() -> SignedDuration {
    SignedDuration::from_hours(24)
}

impl Policy {
    /// Reads a policy; `label` is what errors call the file.
    ///
    /// # Errors
    /// One fault, with file, line, key and what was expected.
    pub fn parse(label: &str, text: &str) -> Result<Self, PolicyError> {
        let mut policy: Self = check::parse(label, text, check::limits)?;
        policy.name_sessions();
        Ok(policy)
    }

    /// A session in another account is named after the model and the stage.
    fn name_sessions(&mut self) {
        let model = &self.model;
        let stages = self.deploy.iter_mut().flat_map(|deploy| &mut deploy.stages);
        for Stage { name, account, .. } in stages {
            if let Some(account) = account {
                account.session = format!("trimtab-{model}-{name}");
            }
        }
    }

    /// The names by which events find this model.
    #[must_use]
    pub fn keys(&self) -> BTreeSet<Key> {
        key::of(self)
    }
}

#[cfg(test)]
mod tests;
