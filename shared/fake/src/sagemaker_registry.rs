//! SageMaker Model Registry: versions, approvals and evaluations.

use std::collections::BTreeMap;

use trimtab_core::decimal::Decimal;
use trimtab_core::event::{Approval, LifeCycle};
use trimtab_core::name::{EndpointName, GroupName, PackageArn};
use trimtab_core::port::{
    Candidates, ListedPackage, ObservedCandidate, ObservedPackage, PortResult, Registry, VerdictRequest,
};

use crate::services::Services;

/// The versions of all groups.
#[derive(Debug, Default)]
pub struct State {
    /// By ARN.
    pub packages: BTreeMap<String, Package>,
    /// The list of every group, if it lags behind the packages.
    pub stale_list: Option<Vec<ListedPackage>>,
    /// The written verdicts, in order.
    pub verdicts: Vec<VerdictRequest>,
    /// A manual decision on a version after `candidates.candidate` read it once more.
    pub decided_after_read: Option<(PackageArn, Approval)>,
}

/// A version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Package {
    /// Its approval.
    pub approval: Approval,
    /// `ModelPackageStatus`.
    pub status: String,
    /// The life cycle stage.
    pub lifecycle: Option<LifeCycle>,
    /// The token of the evaluation that was written on it.
    pub stamp: Option<String>,
    /// The metrics that were written on it.
    pub metrics: BTreeMap<String, Decimal>,
}

impl Package {
    /// A completed version with this approval.
    #[must_use]
    pub fn completed(approval: Approval) -> Self {
        Self { approval, status: "Completed".to_owned(), lifecycle: None, stamp: None, metrics: BTreeMap::new() }
    }
}

impl State {
    /// Registers a completed version, or sets the approval of the existing one.
    pub fn set_approval(&mut self, package: &str, approval: Approval) {
        let new = Package::completed(approval.clone());
        self.packages.entry(package.to_owned()).or_insert(new).approval = approval;
    }
}

impl Registry for Services {
    /// The list has no life cycle stages, as `ListModelPackages`.
    async fn newest(&self, group: &GroupName) -> PortResult<Vec<ListedPackage>> {
        self.query("registry.newest", group.as_str(), || {
            let state = self.registry();
            if let Some(list) = &state.stale_list {
                return list.clone();
            }
            let listed = state.packages.iter().map(|(arn, package)| ListedPackage {
                package: PackageArn::parse(arn).unwrap(),
                actual: ObservedPackage {
                    approval: package.approval.clone(),
                    status: package.status.clone(),
                    lifecycle: None,
                },
            });
            let mut listed: Vec<_> = listed.filter(|listed| listed.package.group() == group.as_str()).collect();
            listed.sort_by_key(|listed| listed.package.version());
            listed
        })
    }

    async fn package(&self, package: &PackageArn) -> PortResult<Option<ObservedPackage>> {
        self.query("registry.package", &format!("v{}", package.version()), || {
            let known = self.registry().packages.get(package.as_str()).cloned()?;
            Some(ObservedPackage { approval: known.approval, status: known.status, lifecycle: known.lifecycle })
        })
    }
}

impl Candidates for Services {
    async fn candidate(&self, package: &PackageArn) -> PortResult<Option<ObservedCandidate>> {
        self.query("candidates.candidate", &format!("v{}", package.version()), || {
            let mut state = self.registry();
            let known = state.packages.get(package.as_str()).cloned();
            if let Some((_, approval)) = state.decided_after_read.take_if(|(decided, _)| decided == package) {
                state.set_approval(package.as_str(), approval);
            }
            let Package { approval, status, stamp, metrics, .. } = known?;
            Some(ObservedCandidate { approval, status, stamp, metrics })
        })
    }

    async fn live(&self, endpoint: &EndpointName) -> PortResult<Option<PackageArn>> {
        self.query("candidates.live", endpoint.as_str(), || {
            self.endpoints().serving.get(endpoint.as_str()).and_then(|served| served.package.clone())
        })
    }

    async fn write_verdict(&self, request: &VerdictRequest) -> PortResult<()> {
        self.effect("candidates.write_verdict", &format!("v{}", request.package.version()), || {
            let mut state = self.registry();
            let package = state.packages.get_mut(request.package.as_str()).unwrap();
            match request.approve {
                Some(true) => package.approval = Approval::Approved,
                Some(false) => package.approval = Approval::Rejected,
                None => {}
            }
            package.stamp = Some(request.token.clone());
            package.metrics.clone_from(&request.metrics);
            state.verdicts.push(request.clone());
        })
    }
}
