//! Policies: what Trimtab may do for a model, and within which limits. A policy is one TOML file for each
//! model, in the repository of its team; `organization.toml` applies to all models.
//!
//! Architecture invariant: this crate reads no files. The caller passes the text, and the name of the file
//! for errors. Functions and the CLI use it as `trimtab_core::policy`.

#![cfg_attr(test, allow(clippy::too_many_lines, reason = "unit tests have tables of cases"))]

pub mod data;
mod deploy;
mod duration;
mod endpoint;
mod engine;
pub mod evaluate;
mod integrate;
mod key;
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
mod validate;
mod variant_test;

use std::collections::BTreeSet;

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

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
pub use validate::{PolicyError, check_all};
pub use variant_test::{AbTest, Shadow, VariantTest};

use trimtab_names::name::{GroupName, ModelName};

/// The version of the policy format that this version of Trimtab reads.
pub const VERSION: u32 = 1;

/// The policy of one model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Policy {
    /// The version of the policy format: `1`.
    pub version: u32,
    /// The name of the model. Messages show it, and the names of resources that Trimtab creates contain it.
    pub model: ModelName,
    /// The team or the operator that is responsible for the model. Messages show it; Trimtab does not interpret it.
    pub owner: String,
    /// The model package group in the Model Registry whose versions are evaluated, deployed and monitored.
    pub package_group: GroupName,
    /// Builds of commits and pull requests. Without this table, Trimtab builds nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub integrate: Option<Integrate>,
    /// Training. Without this table, Trimtab starts no training run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retrain: Option<Retrain>,
    /// Deployment of approved versions. Without this table, Trimtab deploys nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deploy: Option<Deploy>,
    /// Periodic reconciling, with the deadlines after which Deadline Exceeded is reported.
    /// An empty table enables it with the defaults. Without this table, lost events are not found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reconcile: Option<Reconcile>,
    /// Evaluation of new versions. Without this table, an operator approves or rejects each version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evaluate: Option<evaluate::Evaluate>,
    /// Lineage: an empty table makes Trimtab write the origin of each version to SageMaker ML Lineage Tracking.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lineage: Option<Lineage>,
    /// Monitoring of the live version. Without this table, Trimtab creates no monitoring schedules and alarms.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub monitor: Option<monitor::Monitor>,
    /// Recipients and digests of this model's messages. Without this table, each message is sent at once to the
    /// subscriptions that were made by hand.
    pub notify: Option<Notify>,
}

/// Deadlines. With this table, the functions compare the model with AWS every few minutes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Reconcile {
    /// The deadline of a build.
    #[serde(with = "duration", default = "two_hours")]
    #[cfg_attr(test, schemars(with = "duration::Text"))]
    pub build: SignedDuration,
    /// The deadline of a training run.
    #[serde(with = "duration", default = "a_day")]
    #[cfg_attr(test, schemars(with = "duration::Text"))]
    pub training: SignedDuration,
    /// The deadline of an evaluation, from the start of the test state machine to the verdict.
    #[serde(with = "duration", default = "six_hours")]
    #[cfg_attr(test, schemars(with = "duration::Text"))]
    pub evaluation: SignedDuration,
    /// The deadline of a rollout. The duration of its shadow or A/B test is added.
    #[serde(with = "duration", default = "six_hours")]
    #[cfg_attr(test, schemars(with = "duration::Text"))]
    pub rollout: SignedDuration,
}

/// `[lineage]`, an empty table that enables lineage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
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
    /// Parses and validates a policy; `label` is the name of the file in errors.
    ///
    /// # Errors
    /// The first error, with file, line, key and expected value.
    pub fn parse(label: &str, text: &str) -> Result<Self, PolicyError> {
        let mut policy: Self = validate::parse(label, text, validate::limits)?;
        policy.name_sessions();
        Ok(policy)
    }

    /// Derives the names of sessions in other accounts, so that CloudTrail there shows model and stage.
    fn name_sessions(&mut self) {
        let model = &self.model;
        let stages = self.deploy.iter_mut().flat_map(|deploy| &mut deploy.stages);
        for Stage { name, account, .. } in stages {
            if let Some(account) = account {
                account.session = format!("trimtab-{model}-{name}");
            }
        }
    }

    /// The names that events of this model contain, under which the ledger finds the model.
    #[must_use]
    pub fn keys(&self) -> BTreeSet<Key> {
        key::of(self)
    }
}

#[cfg(test)]
mod tests;
