//! The items of the queue of a run.

use std::sync::Arc;

use serde_json::Value;
use trimtab_core::event::Approval;

use crate::function::Function;
use crate::guard_ports::CreatedResource;
use crate::multi_account::Slot;

/// A change of the world at a time of the virtual clock.
#[derive(Clone)]
pub(crate) enum Item {
    /// An event is delivered to a function; Lambda makes three attempts.
    Deliver {
        function: Function,
        event: Arc<Value>,
        attempt: usize,
    },
    /// The call with this number, which timed out, is applied.
    ApplyLate(usize),
    /// The run with this number ends.
    RunEnds(usize),
    /// The build with this number ends.
    BuildEnds(usize),
    /// The endpoint reaches a stable state.
    EndpointStable,
    /// An operator approves or rejects a version.
    Verdict {
        version: u32,
        approval: Approval,
    },
    /// An alarm fires.
    Alarm {
        name: &'static str,
    },
    /// The composite alarm fires with suppressed actions.
    CompositeAlarm,
    /// The suppression of the composite alarm ends.
    CompositeReleased,
    /// A commit is pushed.
    Push,
    /// A built commit of `segments` requests training.
    BuiltCommitRequest,
    /// A pull request is opened.
    OpenPullRequest,
    /// The pull request is merged.
    Merge,
    /// The branch is deleted.
    DeleteBranch,
    /// A commit is pushed to the repository that CodePipeline builds.
    PushToPipeline,
    /// The build by CodePipeline with this number ends.
    PipelineEnds(usize),
    /// A training image is pushed.
    PushImage,
    /// The scheduled reconcile is due.
    Reconcile,
    /// The canary's alarm loses its data.
    LoseAlarmData,
    /// The delivery with this number ends.
    DeliveryEnds(usize),
    /// A training run registers a version.
    Register {
        version: u32,
    },
    /// The tests of the candidate end.
    TestsEnd,
    /// A monitoring run finds violations.
    MonitoringViolation,
    /// An object is uploaded.
    UploadObject {
        number: u32,
    },
    /// An operator requests a run, within the budget or beyond it.
    OperatorRequest {
        over_budget: bool,
    },
    /// The stack reaches a stable state.
    StackStable,
    /// The batch transform job with this name ends.
    TransformEnds(String),
    /// A user creates a training job that violates a rule.
    CreateJob,
    /// The owner adds the missing tags to the job.
    TagJob,
    /// The job stops after the stop request.
    JobEnds,
    /// The baseline job with this name ends.
    BaselineEnds(String),
    /// The schedule with this name accepts updates again.
    ScheduleReady(String),
    /// The policy reduces the monitoring.
    ReduceMonitoring,
    /// The endpoint of a stage reaches a stable state.
    StageStable(Slot),
    /// An operator promotes a version to production.
    Promote {
        version: u32,
    },
    /// An operator requests the previous version.
    OperatorRollback,
    /// The endpoint fails.
    EndpointFails,
    /// The endpoint is deleted.
    EndpointGone,
    /// A malformed event arrives.
    Malformed,
    /// A version is registered with this status.
    CreatePackage {
        version: u32,
        status: &'static str,
    },
    /// A version becomes complete.
    CompletePackage {
        version: u32,
    },
    /// An operator pauses the model; an operator resumes it.
    Pause,
    Resume,
    /// A user creates the resource.
    CreateResource(CreatedResource),
}
