//! SageMaker Model Registry: versions, approvals and evaluations.

use std::collections::BTreeMap;
use std::future::Future;

use serde::{Deserialize, Serialize};

use super::PortResult;
use crate::decimal::Decimal;
use crate::event::{Approval, LifeCycle};
use crate::name::{EndpointName, GroupName, PackageArn};

/// A package version as the registry knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObservedPackage {
    /// Its approval.
    pub approval: Approval,
    /// `ModelPackageStatus`; only `Completed` can be deployed.
    pub status: String,
    /// The life cycle stage, if the version has one and the call returns it.
    pub lifecycle: Option<LifeCycle>,
}

/// A version in a group's list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedPackage {
    /// The version.
    pub package: PackageArn,
    /// What the registry says of it.
    pub actual: ObservedPackage,
}

/// The SageMaker Model Registry, reading.
pub trait Registry {
    /// The group's newest versions, the lowest first; the list may lag behind.
    fn newest(&self, group: &GroupName) -> impl Future<Output = PortResult<Vec<ListedPackage>>> + Send;
    /// What the registry says of the package; `None` where it knows none.
    fn package(&self, package: &PackageArn) -> impl Future<Output = PortResult<Option<ObservedPackage>>> + Send;
}

/// The metadata property that says which evaluation the others are of.
pub const EVALUATION_STAMP: &str = "trimtab.evaluation";

/// What a metric's metadata property begins with.
pub const METRIC_PREFIX: &str = "trimtab.metric.";

/// A version as the registry knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObservedCandidate {
    /// Its approval.
    pub approval: Approval,
    /// `ModelPackageStatus`; only `Completed` can be tested.
    pub status: String,
    /// The evaluation that was written on it: its token.
    pub stamp: Option<String>,
    /// The metrics that were written on it.
    pub metrics: BTreeMap<String, Decimal>,
}

/// What is written on a version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VerdictRequest {
    /// The version.
    pub package: PackageArn,
    /// `true` approves, `false` rejects, and absent leaves the decision to an operator.
    pub approve: Option<bool>,
    /// `ApprovalDescription`: the reasons. Up to 1,024 characters. `None` leaves an operator's text.
    pub description: Option<String>,
    /// The metrics, each a metadata property.
    pub metrics: BTreeMap<String, Decimal>,
    /// `ClientToken`, up to 36 characters, made of the evaluation; also the stamp.
    pub token: String,
}

/// Result of [`Candidates::decide_if_pending`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VerdictOutcome {
    /// The version has the verdict.
    Written,
    /// The version was approved or rejected manually, or was deleted; nothing was written.
    AlreadyDecided,
}

/// Candidates in the SageMaker Model Registry.
pub trait Candidates {
    /// What the registry says of the version; `None` where it knows none.
    fn candidate(&self, package: &PackageArn) -> impl Future<Output = PortResult<Option<ObservedCandidate>>> + Send;
    /// The version that the endpoint serves; `None` if there is none, or if Trimtab did not deploy it.
    fn live(&self, endpoint: &EndpointName) -> impl Future<Output = PortResult<Option<PackageArn>>> + Send;
    /// `UpdateModelPackage`: writes the verdict, its reasons and the metrics on the version, whatever its approval is.
    fn write_verdict(&self, request: &VerdictRequest) -> impl Future<Output = PortResult<()>> + Send;

    /// Writes the verdict once, and never over a manual decision.
    ///
    /// The registry has no conditional write: a manual decision between the read and the write is overwritten. The read
    /// directly before the write keeps that window at the length of one call.
    fn decide_if_pending(&self, request: &VerdictRequest) -> impl Future<Output = PortResult<VerdictOutcome>> + Send
    where
        Self: Sync,
    {
        async move {
            let known = self.candidate(&request.package).await?;
            // An earlier attempt wrote this verdict, and its response was lost.
            if known.as_ref().is_some_and(|known| known.stamp.as_ref() == Some(&request.token)) {
                return Ok(VerdictOutcome::Written);
            }
            let pending = known.is_some_and(|known| known.approval == Approval::Pending);
            if request.approve.is_some() && !pending {
                return Ok(VerdictOutcome::AlreadyDecided);
            }
            self.write_verdict(request).await?;
            Ok(VerdictOutcome::Written)
        }
    }
}
