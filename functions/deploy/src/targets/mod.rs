//! The deployment targets, one file each. All implement [`DeploymentTarget`]; no other module asks which target a stage
//! has, except `act`, which calls the target's services.
//!
//! A new target is one file with an implementation, and one arm in [`of`].

use trimtab_core::event::Event;
use trimtab_core::name::AlarmName;
use trimtab_core::plan::Reason;
use trimtab_core::policy::{Stage, Target, VariantTest};

use crate::action::Action;
use crate::context::Ctx;
use crate::fact::TransformDetails;
use crate::observation::Observed;
use crate::rollout::{Phase, Progress, Resource, Rollout};
use crate::state::Queued;

mod endpoint;
mod pipeline;
mod stack;
mod transform;

/// What differs between deployment targets. Every method is pure and returns data for the planner.
pub(crate) trait DeploymentTarget {
    /// Whether the event names this target of the stage.
    fn is_named_by(&self, stage: &Stage, event: &Event) -> bool;
    /// The resource by which the target is recognized to have the version.
    fn resource(&self, ctx: Ctx<'_>, wanted: &Queued, phase: &Phase) -> Resource;
    /// The calls that bring the version to the target, in order.
    fn steps(&self, ctx: Ctx<'_>, rollout: &Rollout) -> Vec<Action>;
    /// The calls of an earlier attempt that may not have completed.
    fn pending_actions(&self, ctx: Ctx<'_>, rollout: &Rollout) -> Vec<Action>;
    /// Whether the end of a rollout with this progress comes from a target of this kind.
    fn can_end(&self, progress: &Progress) -> bool;
    /// What the observed state shows about the rollout, without an event; `None` if the rollout is in progress.
    fn find_outcome(&self, ctx: Ctx<'_>, rollout: &Rollout) -> Option<Finding>;
    /// What an event of this target means.
    fn on_event(&self, ctx: Ctx<'_>) -> EventMeaning;
    /// Whether the target takes another update after a failed rollout without a repair.
    fn takes_update_after_failure(&self) -> bool;

    /// The state in which the target takes no update; `None` if it takes one.
    fn blocked_by(&self, observed: &Observed) -> Option<String> {
        let _ = observed;
        None
    }
    /// Whether a reconcile can start the queued version.
    fn can_start_queued(&self, ctx: Ctx<'_>) -> bool {
        self.blocked_by(ctx.observed).is_none()
    }
    /// Whether the target has this version's resource, as far as it can be observed.
    fn has(&self, observed: &Observed, resource: &Resource) -> bool {
        let _ = (observed, resource);
        true
    }
    /// Whether a failed rollout leaves the live version in use, so that no rollback to it is needed.
    fn failure_leaves_live_version(&self) -> bool {
        false
    }
    /// Whether the target is gone or failed, and must be created again.
    fn must_be_recreated(&self, observed: &Observed) -> bool {
        let _ = observed;
        false
    }
    /// The deletion of a failed target; `None` if it need not be deleted.
    fn deletion(&self, ctx: Ctx<'_>) -> Option<Action> {
        let _ = ctx;
        None
    }
    /// The alarms of the rollout strategy.
    fn strategy_alarms(&self) -> &[AlarmName] {
        &[]
    }
    /// The test of a version beside the live one, before the rollout strategy starts.
    fn variant_test(&self) -> Option<&VariantTest> {
        None
    }
    /// The phase in which the rollout starts.
    fn first_phase(&self, ctx: Ctx<'_>, wanted: &Queued) -> Phase {
        let _ = (ctx, wanted);
        Phase::AllTraffic
    }
    /// The calls that request autoscaling for a version that became live.
    fn scaling(&self, stage: &Stage) -> Vec<Action> {
        let _ = stage;
        Vec::new()
    }
}

/// The target of this stage.
pub(crate) fn of(stage: &Stage) -> &dyn DeploymentTarget {
    match &stage.target {
        Target::Endpoint(target) => target,
        Target::Pipeline(target) => target,
        Target::Stack(target) => target,
        Target::Transform(target) => target,
    }
}

/// The outcome of a rollout.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RolloutOutcome {
    /// The target has the version.
    Live,
    /// AWS returned to the version before.
    RolledBack,
    /// The rollout failed.
    Failed,
}

/// The end of a rollout.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Ending {
    pub(crate) outcome: RolloutOutcome,
    pub(crate) reason: Reason,
    /// The batch transform job, which the facts name.
    pub(crate) transform: Option<TransformDetails>,
}

impl Ending {
    pub(crate) fn new(outcome: RolloutOutcome, reason: Reason) -> Self {
        Self { outcome, reason, transform: None }
    }
}

/// What the observed state of a target shows about the rollout in progress.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Finding {
    Ended(Ending),
    /// The rollout needs more calls.
    Continues {
        next: Box<Rollout>,
        reason: Reason,
        actions: Vec<Action>,
    },
}

/// What an event of a target means.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum EventMeaning {
    Found(Finding),
    /// No rollout is in progress: the queued version can start.
    TargetIsFree,
    /// The variant test of the rollout is in progress, as it should be.
    TestContinues,
    Ignore(Reason),
    /// The event is forged, or its resource is gone.
    Refuse(Reason),
}
