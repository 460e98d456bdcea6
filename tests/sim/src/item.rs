//! What can happen in a run.

use std::sync::Arc;

use serde_json::Value;
use trimtab_core::event::Approval;

use crate::function::Function;
use crate::guarded::Thing;
use crate::staged::Slot;

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
    Late(usize),
    /// A run of this number ends.
    RunEnds(usize),
    /// A build of this number ends.
    BuildEnds(usize),
    /// The endpoint comes to rest.
    EndpointRests,
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
    Composite,
    /// It is no longer held back.
    Release,
    /// Somebody pushes.
    Push,
    /// A commit of `segments` was built, and asks for training.
    Ask,
    /// Somebody opens a pull request.
    Propose,
    /// The pull request is merged.
    Merge,
    /// Somebody deletes the branch.
    Delete,
    /// Somebody pushes to the repository that CodePipeline builds.
    PushForPipeline,
    /// CodePipeline's build of this number ends.
    PipelineEnds(usize),
    /// Somebody pushes an image.
    PushImage,
    /// The clock says that it is time to look.
    Look,
    /// The canary's alarm has no data any more.
    Silence,
    /// A delivery of this number ends.
    DeliveryEnds(usize),
    /// A run registers a version.
    Register {
        version: u32,
    },
    /// The test suite of a candidate ends.
    TestsEnd,
    /// A monitoring run finds violations.
    Violation,
    /// New data comes.
    Upload {
        number: u32,
    },
    /// A person asks for a run, whatever was spent or not.
    Request {
        over_budget: bool,
    },
    /// What the stack was at is over.
    StackRests,
    /// The batch transform job of this name ends.
    TransformEnds(String),
    /// Somebody makes a training job that breaks a rule.
    Make,
    /// Its owner puts it right.
    Tag,
    /// The job that was told to stop has stopped.
    JobEnds,
    /// The job of this name has computed a baseline.
    BaselineEnds(String),
    /// The schedule of this name takes updates again.
    ScheduleSettles(String),
    /// The policy asks for less to be watched.
    AskForLess,
    /// A stage's endpoint comes to rest.
    StageRests(Slot),
    /// A person lets a version into production.
    Promote {
        version: u32,
    },
    /// A person wants the version before back.
    GoBack,
    /// The endpoint fails.
    Break,
    /// It is gone.
    EndpointGone,
    /// An event comes that is none.
    Malformed,
    /// A version is registered, and has this status.
    Begin {
        version: u32,
        status: &'static str,
    },
    /// It is complete.
    Complete {
        version: u32,
    },
    /// A person pauses the model, and resumes it.
    Pause,
    Resume,
    /// Somebody makes this.
    MakeThing(Thing),
}
