//! The aggregate: a version on its way to a verdict.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use trimtab_core::decimal::Decimal;
use trimtab_core::fact::{self, Fact, FactKind};
use trimtab_core::name::{ModelName, PackageArn};
use trimtab_core::port::ExecutionRequest;
use trimtab_core::port::VerdictRequest;
use trimtab_core::text::digest;

use crate::judge::Champion;

/// What the ledger keeps of one version.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    /// The candidate; `None` before it was heard of.
    pub candidate: Option<Candidate>,
}

/// A version that is tested, or was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Candidate {
    /// The model.
    pub model: ModelName,
    /// The version.
    pub package: PackageArn,
    /// Its test suite's execution.
    pub request: ExecutionRequest,
    /// When it was asked for.
    pub since: Timestamp,
    /// How far it is.
    pub step: Step,
    /// Whether a person was told that it takes too long.
    #[serde(default)]
    pub late: bool,
}

/// How far a candidate is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Step {
    /// The test suite is to be started.
    Intended,
    /// The test suite is on.
    Testing,
    /// The verdict is to be written.
    Judged(Verdict),
    /// The verdict is written, or a person had decided.
    Over,
}

/// What is to be written on a version, and told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// What is written.
    pub request: VerdictRequest,
    /// What it comes to.
    pub end: End,
    /// Why.
    pub reasons: Vec<String>,
    /// The version that was live, to hold against it.
    pub champion: Option<Champion>,
}

/// What an evaluation comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum End {
    /// The policy approves the version.
    Approved,
    /// The policy rejects it.
    Rejected,
    /// A person is asked.
    Asked,
    /// A person had decided before the test suite ended: the metrics are written all the same.
    Decided,
}

impl End {
    /// The verdict that is written, if one is.
    #[must_use]
    pub fn approval(self) -> Option<bool> {
        match self {
            Self::Approved => Some(true),
            Self::Rejected => Some(false),
            Self::Asked | Self::Decided => None,
        }
    }

    /// What is told of it.
    #[must_use]
    pub fn fact(self) -> Option<FactKind> {
        match self {
            Self::Approved => Some(FactKind::EvaluationPassed),
            Self::Rejected => Some(FactKind::EvaluationFailed),
            Self::Asked => Some(FactKind::ApprovalRequested),
            Self::Decided => None,
        }
    }
}

/// What an execution of this version's test suite is called: at most 40 + 2 + 10 + 1 + 8 characters.
#[must_use]
pub fn execution_name(model: &ModelName, package: &PackageArn) -> String {
    format!("{model}-v{}-{}", package.version(), digest(&[package.as_str()], 8))
}

/// The version that an execution of this name tests.
#[must_use]
pub fn version_of(execution: &str) -> Option<u32> {
    let (rest, _) = execution.rsplit_once('-')?;
    rest.rsplit_once("-v")?.1.parse().ok()
}

impl Candidate {
    /// What a person types to give a verdict.
    fn command(&self, approval: &str) -> String {
        let package = &self.package;
        format!("aws sagemaker update-model-package --model-package-arn {package} --model-approval-status {approval}")
    }

    /// A fact about it.
    #[must_use]
    pub fn tell(&self, kind: FactKind, reasons: Vec<String>, at: Timestamp) -> Fact {
        let version = self.package.version();
        let mut details = std::collections::BTreeMap::from([
            ("package".to_owned(), self.package.to_string()),
            ("version".to_owned(), version.to_string()),
        ]);
        if let Step::Judged(verdict) = &self.step {
            let metric = |(name, value): (&String, &Decimal)| (format!("metric {name}"), value.to_string());
            details.extend(verdict.request.metrics.iter().map(metric));
            if let Some(live) = &verdict.champion {
                let of_live = format!("of version {}, which is live", live.version);
                let asked = live.metrics.iter().filter(|(name, _)| verdict.request.metrics.contains_key(*name));
                details.extend(asked.map(|(name, value)| (format!("metric {name} {of_live}"), value.to_string())));
            }
        }
        if kind == FactKind::ApprovalRequested {
            details.insert("to approve".to_owned(), self.command("Approved"));
            details.insert("to reject".to_owned(), self.command("Rejected"));
        }
        Fact {
            kind,
            version: fact::VERSION,
            model: Some(self.model.clone()),
            dedup_key: format!("candidate/{}/{version}", self.model),
            at,
            reasons,
            details,
        }
    }
}
