//! Asks AWS what is true, starts the test suite, and writes the verdict.

use trimtab_core::event::{Approval, Event};
use trimtab_core::name::PackageArn;
use trimtab_core::policy::{Policy, Target};
use trimtab_core::port::Candidates;
use trimtab_core::port::PortResult;
use trimtab_core::port::Registry;
use trimtab_core::port::StateMachines;
use trimtab_core::reactor::Act;

use crate::candidate::{State, Step};
use crate::decide::{Action, Done, Evaluation, Observed, package_of};
use crate::judge::Champion;

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
        let over = state.candidate.as_ref().is_some_and(|candidate| candidate.step == Step::Over);
        let Some(package) = package_of(event, state).filter(|_| !over) else { return Ok(observed) };
        observed.candidate = self.registry.candidate(&package).await?;
        let Some(candidate) = &state.candidate else { return Ok(observed) };
        if let Ok(execution) = candidate.request.machine.execution(&candidate.request.name) {
            observed.execution = self.machines.describe(&execution).await?;
        }
        if observed.execution.as_ref().is_some_and(crate::decide::is_over) {
            observed.champion = self.champion(policy, &package).await?;
        }
        Ok(observed)
    }

    async fn act(&self, action: &Action) -> PortResult<Done> {
        match action {
            Action::StartExecution { request, .. } => {
                if self.machines.find(request).await?.is_none() {
                    self.machines.start(request).await?;
                }
                Ok(Done::Started)
            }
            Action::UpdateModelPackage { request, .. } => {
                let known = self.registry.candidate(&request.package).await?;
                if known.as_ref().is_some_and(|known| known.stamp.as_ref() == Some(&request.token)) {
                    return Ok(Done::Written);
                }
                let pending = known.is_some_and(|known| known.approval == Approval::Pending);
                if request.approve.is_some() && !pending {
                    return Ok(Done::Overruled);
                }
                self.registry.judge(request).await?;
                Ok(Done::Written)
            }
        }
    }
}

impl<R, M> Reaction<R, M>
where
    R: Candidates + Registry + Send + Sync,
{
    /// The version that is live: what the endpoint serves; of a delivery by CodePipeline nothing but
    /// the newest approval is known.
    async fn champion(&self, policy: &Policy, package: &PackageArn) -> PortResult<Option<Champion>> {
        let production = policy.deploy.as_ref().and_then(|deploy| deploy.production());
        // What serves in another account is not looked at from here.
        let here = production.filter(|stage| stage.account.is_none());
        let live = match here.map(|stage| &stage.target) {
            Some(Target::Endpoint(target)) => self.registry.live(&target.name).await?,
            _ => {
                let listed = self.registry.newest(&policy.package_group).await?;
                let approved = listed.into_iter().rev().filter(|listed| listed.actual.approval == Approval::Approved);
                approved.map(|listed| listed.package).find(|approved| approved != package)
            }
        };
        let Some(live) = live.filter(|live| live != package) else { return Ok(None) };
        let metrics = self.registry.candidate(&live).await?.map(|actual| actual.metrics).unwrap_or_default();
        Ok(Some(Champion { version: live.version(), metrics }))
    }
}
