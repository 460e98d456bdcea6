//! A SageMaker endpoint that Trimtab updates, with a strategy, alarms, variant tests, smoke tests and autoscaling.

use trimtab_core::event::{Body, EndpointStatus, Event};
use trimtab_core::name::AlarmName;
use trimtab_core::plan::Reason;
use trimtab_core::policy::monitor::Capture;
use trimtab_core::policy::{EndpointTarget, Stage, Strategy, VariantTest};
use trimtab_core::port::{EndpointRequest, ModelRequest, ObservedEndpoint, SecondVariant, ServingRequest};

use super::{DeploymentTarget, Ending, EventMeaning, Finding, RolloutOutcome};
use crate::action::Action;
use crate::context::Ctx;
use crate::naming::{serving_name, test_config_name};
use crate::observation::Observed;
use crate::reason::Code;
use crate::rollout::{Cause, Phase, Progress, Resource, Rollout};
use crate::state::{Queued, State};

impl DeploymentTarget for EndpointTarget {
    fn is_named_by(&self, stage: &Stage, event: &Event) -> bool {
        // Two accounts may each have an endpoint of this name.
        let same_account = stage.account_id() == Some(event.envelope.account.as_str());
        matches!(&event.body, Body::Endpoint(endpoint) if endpoint.name == self.name) && same_account
    }

    fn resource(&self, ctx: Ctx<'_>, wanted: &Queued, phase: &Phase) -> Resource {
        let (model, package) = (&ctx.policy.model, &wanted.package);
        let name = match (phase, &self.variant_test) {
            (Phase::VariantTest { live_model, own_model, .. }, Some(test)) => {
                test_config_name(model, package, test, own_model, live_model)
            }
            _ => {
                last_config(ctx.state, wanted).unwrap_or_else(|| serving_name(model, package, self, capture(ctx, self)))
            }
        };
        Resource::EndpointConfig(name)
    }

    fn steps(&self, ctx: Ctx<'_>, rollout: &Rollout) -> Vec<Action> {
        let Some(config) = rollout.resource.endpoint_config() else { return Vec::new() };
        let update = update(self, ctx, rollout, config);
        match rollout.cause {
            // The model and the configuration exist: the version was live with them.
            Cause::Rollback => vec![update],
            Cause::Approved | Cause::Operator => {
                let serving = serving_request(self, ctx, rollout, config);
                let model = ModelRequest {
                    model: serving.model.clone(),
                    package: rollout.package.clone(),
                    role: self.role.clone(),
                    account: ctx.stage.account.clone(),
                };
                vec![Action::CreateModel { request: model }, Action::CreateEndpointConfig { request: serving }, update]
            }
        }
    }

    fn pending_actions(&self, ctx: Ctx<'_>, rollout: &Rollout) -> Vec<Action> {
        // An update that has ended was made, although the response to it was lost.
        if rollout.progress != Progress::Intended || ended(ctx.observed, rollout).is_some() {
            return Vec::new();
        }
        self.steps(ctx, rollout)
    }

    fn can_end(&self, progress: &Progress) -> bool {
        matches!(progress, Progress::Intended | Progress::UpdatingEndpoint | Progress::Testing { .. })
    }

    fn find_outcome(&self, ctx: Ctx<'_>, rollout: &Rollout) -> Option<Finding> {
        let endpoint = match rollout.progress {
            Progress::Testing { .. } => test_ended(ctx.observed, rollout)?,
            _ => ended(ctx.observed, rollout)?,
        };
        Some(Finding::Ended(ending_without_event(endpoint, rollout)))
    }

    fn on_event(&self, ctx: Ctx<'_>) -> EventMeaning {
        let Some(endpoint) = &ctx.observed.endpoint else {
            // A failed endpoint was deleted for the queued version, which creates it again.
            return match ctx.state.current.is_none() && ctx.state.is_waiting() {
                true => EventMeaning::TargetIsFree,
                false => EventMeaning::Ignore(Reason::new(Code::NoSuchEndpoint, "SageMaker has no such endpoint")),
            };
        };
        if endpoint.status.is_moving() {
            let text = format!("SageMaker reports that the endpoint is {}", endpoint.status);
            return EventMeaning::Ignore(Reason::new(Code::InTransition, text));
        }
        let Some(rollout) = &ctx.state.current else { return EventMeaning::TargetIsFree };
        if rollout.is_testing() && ctx.observed.serves(&rollout.resource) {
            return EventMeaning::TestContinues;
        }
        if rollout.progress == Progress::Intended {
            // The invocation died after the update was made.
            return match ended(ctx.observed, rollout) {
                Some(endpoint) => EventMeaning::Found(Finding::Ended(ending_without_event(endpoint, rollout))),
                None => EventMeaning::Ignore(Reason::new(
                    Code::BeforeRollout,
                    "the endpoint has not changed since the rollout was decided",
                )),
            };
        }
        // EventBridge reports whole seconds: an event of the second in which the rollout began may be its end.
        if ctx.event.envelope.time.as_second() < rollout.since.as_second() {
            return EventMeaning::Ignore(Reason::new(
                Code::BeforeRollout,
                "this event is older than the rollout in progress",
            ));
        }
        EventMeaning::Found(Finding::Ended(ending(endpoint, rollout)))
    }

    fn takes_update_after_failure(&self) -> bool {
        false
    }

    fn blocked_by(&self, observed: &Observed) -> Option<String> {
        let endpoint = observed.endpoint.as_ref()?;
        endpoint.status.is_moving().then(|| format!("endpoint {} is {}", self.name, endpoint.status))
    }

    fn can_start_queued(&self, ctx: Ctx<'_>) -> bool {
        match &ctx.observed.endpoint {
            // The version creates the endpoint.
            None => true,
            // An operator may update an endpoint whose own rollback failed.
            Some(endpoint) if ctx.state.has_queued(Cause::Operator) => !endpoint.status.is_moving(),
            Some(endpoint) => endpoint.status == EndpointStatus::InService,
        }
    }

    fn has(&self, observed: &Observed, resource: &Resource) -> bool {
        observed.serves(resource)
    }

    fn must_be_recreated(&self, observed: &Observed) -> bool {
        observed
            .endpoint
            .as_ref()
            .is_none_or(|endpoint| matches!(endpoint.status, EndpointStatus::Failed | EndpointStatus::Deleting))
    }

    /// SageMaker lets a failed endpoint only be deleted.
    fn deletion(&self, ctx: Ctx<'_>) -> Option<Action> {
        let has_failed = ctx.observed.endpoint.as_ref()?.status == EndpointStatus::Failed;
        has_failed.then(|| Action::DeleteEndpoint { endpoint: self.name.clone(), account: ctx.stage.account.clone() })
    }

    fn strategy_alarms(&self) -> &[AlarmName] {
        self.strategy.alarms()
    }

    fn variant_test(&self) -> Option<&VariantTest> {
        self.variant_test.as_ref()
    }

    /// A variant test needs a live version that is not rejected and that the endpoint serves.
    fn first_phase(&self, ctx: Ctx<'_>, wanted: &Queued) -> Phase {
        if self.variant_test.is_none() || wanted.cause != Cause::Approved {
            return Phase::AllTraffic;
        }
        let Some(live) = ctx.state.live_now() else { return Phase::AllTraffic };
        let Some(live_model) = live.resource.endpoint_config() else { return Phase::AllTraffic };
        if ctx.state.is_rejected(&live.package) || !ctx.observed.serves(&live.resource) {
            return Phase::AllTraffic;
        }
        Phase::VariantTest {
            live_model: live_model.to_owned(),
            own_model: serving_name(&ctx.policy.model, &wanted.package, self, capture(ctx, self)),
            promoted_by: None,
        }
    }

    fn scaling(&self, stage: &Stage) -> Vec<Action> {
        let Some(limits) = &self.autoscaling else { return Vec::new() };
        let (endpoint, account) = (&self.name, &stage.account);
        vec![
            Action::PutScalingPolicy { endpoint: endpoint.clone(), limits: limits.clone(), account: account.clone() },
            Action::PutScheduledActions {
                endpoint: endpoint.clone(),
                limits: limits.clone(),
                account: account.clone(),
            },
        ]
    }
}

fn serving_request(target: &EndpointTarget, ctx: Ctx<'_>, rollout: &Rollout, config: &str) -> ServingRequest {
    let (model, second_variant) = match (&rollout.phase, &target.variant_test) {
        (Phase::VariantTest { live_model, own_model, .. }, Some(test)) => {
            (own_model.as_str(), Some(SecondVariant { live: live_model.clone(), test: test.clone() }))
        }
        _ => (config, None),
    };
    ServingRequest {
        name: config.to_owned(),
        model: model.to_owned(),
        serving: target.serving.clone(),
        capture: capture(ctx, target).cloned(),
        second_variant,
        account: ctx.stage.account.clone(),
    }
}

fn update(target: &EndpointTarget, ctx: Ctx<'_>, rollout: &Rollout, config: &str) -> Action {
    let strategy = match rollout.cause {
        // SageMaker moves traffic in steps only between configurations with the same variants.
        _ if rollout.is_variant_test() && target.variant_test.is_some() => Strategy::AllAtOnce,
        // An operator's rollback must not be stopped by alarms that are firing already.
        Cause::Operator => Strategy::AllAtOnce,
        Cause::Approved | Cause::Rollback => target.strategy.clone(),
    };
    let request = EndpointRequest {
        endpoint: target.name.clone(),
        config: config.to_owned(),
        strategy,
        account: ctx.stage.account.clone(),
    };
    match ctx.observed.endpoint {
        None => Action::CreateEndpoint { request },
        Some(_) => Action::UpdateEndpoint { request },
    }
}

/// The configuration with which the version was last live: a rollback returns to exactly that.
fn last_config(state: &State, wanted: &Queued) -> Option<String> {
    if wanted.cause == Cause::Approved {
        return None;
    }
    let live = state.live.iter().rev().find(|live| live.package == wanted.package)?;
    live.resource.endpoint_config().map(str::to_owned)
}

/// The data capture that Model Monitor needs: of production, and in Trimtab's own account.
fn capture<'a>(ctx: Ctx<'a>, target: &EndpointTarget) -> Option<&'a Capture> {
    let is_monitored = ctx.policy.endpoint().is_some_and(|monitored| monitored.name == target.name);
    if !is_monitored || ctx.stage.account.is_some() {
        return None;
    }
    ctx.policy.monitor.as_ref().map(|monitor| &monitor.capture)
}

/// The endpoint, if the rollout's update was made and has ended: the endpoint serves the rollout's configuration, or it
/// changed after the decision and is in a stable state with another one. Only Trimtab updates the endpoint, so the
/// change is this rollout's. Autoscaling changes it too: then the version is given up and reported, not updated twice.
fn ended<'a>(observed: &'a Observed, rollout: &Rollout) -> Option<&'a ObservedEndpoint> {
    let endpoint = observed.endpoint.as_ref()?;
    let has_changed = endpoint.modified.is_some_and(|time| time > rollout.since);
    let is_stable = !endpoint.status.is_moving();
    (observed.serves(&rollout.resource) || (is_stable && has_changed)).then_some(endpoint)
}

/// The endpoint, if it no longer serves the variant test in progress: something else updated it.
fn test_ended<'a>(observed: &'a Observed, rollout: &Rollout) -> Option<&'a ObservedEndpoint> {
    let endpoint = observed.endpoint.as_ref()?;
    (!endpoint.status.is_moving() && !observed.serves(&rollout.resource)).then_some(endpoint)
}

fn ending(endpoint: &ObservedEndpoint, rollout: &Rollout) -> Ending {
    let (version, config) = (rollout.version(), rollout.resource.endpoint_config());
    let cause = endpoint.failure.as_deref().unwrap_or("SageMaker gives no reason");
    let (outcome, code, text) = match endpoint.status {
        EndpointStatus::InService if endpoint.config.as_deref() == config => {
            (RolloutOutcome::Live, Code::Live, format!("the endpoint is in service with version {version}"))
        }
        EndpointStatus::InService => (
            RolloutOutcome::RolledBack,
            Code::RolledBack,
            format!("SageMaker rolled the endpoint back to the version before {version}: {cause}"),
        ),
        EndpointStatus::UpdateRollbackFailed => (
            RolloutOutcome::Failed,
            Code::RollbackFailed,
            format!("version {version} failed, and so did the rollback; both versions serve requests: {cause}"),
        ),
        _ => (
            RolloutOutcome::Failed,
            Code::Failed,
            format!("the endpoint is {} after version {version}: {cause}", endpoint.status),
        ),
    };
    Ending::new(outcome, Reason::new(code, text))
}

/// The end of a rollout whose update or event was lost.
fn ending_without_event(endpoint: &ObservedEndpoint, rollout: &Rollout) -> Ending {
    let mut ending = ending(endpoint, rollout);
    ending.reason.text.push_str(" (found from the state of the endpoint)");
    ending
}
