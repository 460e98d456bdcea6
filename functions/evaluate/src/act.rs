//! Observation and execution.

use trimtab_core::event::{Approval, Event};
use trimtab_core::name::PackageArn;
use trimtab_core::policy::{Policy, Target};
use trimtab_core::port::{Candidates, PortResult, Registry, StateMachines};
use trimtab_core::reactor::Act;

use crate::action::{Action, Done};
use crate::decide::Evaluation;
use crate::judge::Champion;
use crate::observation::{Observed, has_ended};
use crate::state::{State, Step};
use crate::subject;

/// `evaluate` over its ports.
#[derive(Debug)]
pub struct Reaction<R, M> {
    /// The Model Registry, and endpoints.
    pub registry: R,
    /// Step Functions.
    pub machines: M,
}

impl<R, M> Act for Reaction<R, M>
where
    R: Candidates + Registry + Send + Sync,
    M: StateMachines + Send + Sync,
{
    type Decide = Evaluation;

    async fn observe(&self, event: &Event, policy: Option<&Policy>, state: &State) -> PortResult<Observed> {
        let mut observed = Observed::default();
        let Some(policy) = policy.filter(|policy| policy.evaluate.is_some()) else { return Ok(observed) };
        if event.is_reconcile_request() {
            observed.newest = self.registry.newest(&policy.package_group).await?.pop();
            return Ok(observed);
        }
        if state.candidate.as_ref().is_some_and(|candidate| candidate.step == Step::Finished) {
            return Ok(observed);
        }
        let Some(package) = subject::package(event, state) else { return Ok(observed) };
        observed.candidate = self.registry.candidate(&package).await?;
        let Some(candidate) = &state.candidate else { return Ok(observed) };
        if let Ok(execution) = candidate.request.machine.execution(&candidate.request.name) {
            observed.execution = self.machines.describe(&execution).await?;
        }
        if observed.execution.as_ref().is_some_and(has_ended) {
            observed.champion = self.champion(policy, &package).await?;
        }
        Ok(observed)
    }

    async fn act(&self, action: &Action) -> PortResult<Done> {
        match action {
            Action::StartExecution(request) => {
                // Step Functions forgets the name of an execution after 90 days, and refuses it before: an attempt
                // whose response was lost must be found, not repeated.
                if self.machines.find(request).await?.is_none() {
                    self.machines.start(request).await?;
                }
                Ok(Done::Started)
            }
            Action::UpdateModelPackage(request) => self.registry.decide_if_pending(request).await.map(Done::Verdict),
        }
    }
}

impl<R, M> Reaction<R, M>
where
    R: Candidates + Registry + Send + Sync,
{
    /// The live version with its metrics; `None` if there is none, or if it is the candidate itself.
    async fn champion(&self, policy: &Policy, package: &PackageArn) -> PortResult<Option<Champion>> {
        let production = policy.deploy.as_ref().and_then(|deploy| deploy.production());
        // This function has no role in a stage's account: an endpoint of that name here would be another one.
        let here = production.filter(|stage| stage.account.is_none());
        let live = match here.map(|stage| &stage.target) {
            Some(Target::Endpoint(target)) => self.registry.live(&target.name).await?,
            _ => self.newest_approved(policy, package).await?,
        };
        let Some(live) = live.filter(|live| live != package) else { return Ok(None) };
        let metrics = self.registry.candidate(&live).await?.map(|actual| actual.metrics).unwrap_or_default();
        Ok(Some(Champion { version: live.version(), metrics }))
    }

    /// The newest other approved version. It counts as live if the target is not an endpoint in this account.
    async fn newest_approved(&self, policy: &Policy, package: &PackageArn) -> PortResult<Option<PackageArn>> {
        let listed = self.registry.newest(&policy.package_group).await?;
        let approved = listed.into_iter().rev().filter(|listed| listed.actual.approval == Approval::Approved);
        Ok(approved.map(|listed| listed.package).find(|approved| approved != package))
    }
}
