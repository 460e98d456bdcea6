//! What can happen in a run.

use std::sync::Arc;

use serde_json::Value;
use trimtab_core::event::Approval;

use crate::function::Function;
use crate::guard_ports::CreatedResource;
use crate::multi_account::Slot;

/// Something that will happen.
#[derive(Clone)]
pub(crate) enum Item {
    /// An event reaches a function, for the nth time of Lambda's three.
    Deliver {
        function: Function,
        event: Arc<Value>,
        attempt: usize,
    },
    /// A call of this number that was not answered is applied after all.
    ApplyLate(usize),
    /// A run of this number ends.
    RunEnds(usize),
    /// A build of this number ends.
    BuildEnds(usize),
    /// The endpoint comes to rest.
    EndpointStable,
    /// A person gives a verdict on a version.
    Verdict {
        version: u32,
        approval: Approval,
    },
    /// The alarm goes off.
    Alarm {
        name: &'static str,
    },
    /// An alarm on other alarms goes off, and is held back.
    CompositeAlarm,
    /// It is no longer held back.
    CompositeReleased,
    /// Somebody pushes.
    Push,
    /// A commit of `segments` was built, and asks for training.
    BuiltCommitRequest,
    /// Somebody opens a pull request.
    OpenPullRequest,
    /// The pull request is merged.
    Merge,
    /// Somebody deletes the branch.
    DeleteBranch,
    /// Somebody pushes to the repository that CodePipeline builds.
    PushToPipeline,
    /// CodePipeline's build of this number ends.
    PipelineEnds(usize),
    /// Somebody pushes an image.
    PushImage,
    /// The clock says that it is time to look.
    Reconcile,
    /// The canary's alarm has no data any more.
    LoseAlarmData,
    /// A delivery of this number ends.
    DeliveryEnds(usize),
    /// A run registers a version.
    Register {
        version: u32,
    },
    /// The test suite of a candidate ends.
    TestsEnd,
    /// A monitoring run finds violations.
    MonitoringViolation,
    /// New data comes.
    UploadObject {
        number: u32,
    },
    /// A person asks for a run, whatever was spent or not.
    OperatorRequest {
        over_budget: bool,
    },
    /// What the stack was at is over.
    StackStable,
    /// The batch transform job of this name ends.
    TransformEnds(String),
    /// Somebody makes a training job that breaks a rule.
    CreateJob,
    /// Its owner puts it right.
    TagJob,
    /// The job that was told to stop has stopped.
    JobEnds,
    /// The job of this name has computed a baseline.
    BaselineEnds(String),
    /// The schedule of this name takes updates again.
    ScheduleReady(String),
    /// The policy asks for less to be watched.
    ReduceMonitoring,
    /// A stage's endpoint comes to rest.
    StageStable(Slot),
    /// A person lets a version into production.
    Promote {
        version: u32,
    },
    /// A person wants the version before back.
    OperatorRollback,
    /// The endpoint fails.
    EndpointFails,
    /// It is gone.
    EndpointGone,
    /// An event comes that is none.
    Malformed,
    /// A version is registered, and has this status.
    CreatePackage {
        version: u32,
        status: &'static str,
    },
    /// It is complete.
    CompletePackage {
        version: u32,
    },
    /// A person pauses the model, and resumes it.
    Pause,
    Resume,
    /// Somebody makes this.
    CreateResource(CreatedResource),
}
