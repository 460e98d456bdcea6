//! What happens in the world, flow by flow. What people and monitors do is in [`crate::acts`].

macro_rules! flows {
    (short { $($(#[$doc:meta])* $name:ident;)* } long { $($(#[$long_doc:meta])* $long:ident;)* }) => {
        /// What happens in the world.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Flow {
            $($(#[$doc])* $name,)*
            $($(#[$long_doc])* $long,)*
        }

        impl Flow {
            /// All that are short.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];
            /// Those of many days, which only few faults are played for.
            pub const LONG: &'static [Self] = &[$(Self::$long),*];
        }
    };
}

flows! {
    short {
        /// An alarm, a run, its end.
        Drift;
        /// A push, a build, a run, its end.
        Push;
        /// The same, and there is no training pipeline yet.
        FirstPush;
        /// A second version is approved while the first is on its way.
        Rollouts;
        /// A live version is rejected.
        Rollback;
        /// A version's canary sets off its alarm.
        CanaryFails;
        /// A version is approved while its canary's alarm has no data.
        Unwatched;
        /// The canary's alarm falls silent while the canary is on.
        FallsSilent;
        /// Another model's version goes by CodePipeline.
        CodePipelineExecution;
        /// An event that is none.
        Malformed;
        /// A pull request is opened, and its build ends.
        Review;
        /// A pull request is merged, and the merge is built.
        Merged;
        /// The branch that is built is deleted.
        Deleted;
        /// CodePipeline builds a push, and its commit is trained.
        PipelineBuild;
        /// An image is pushed, and trained with.
        Image;
        /// An alarm goes off during the cool-down, and is still on when that ends.
        HeldBack;
        /// Somebody makes a job that breaks a rule.
        Breach;
        /// The same, and its owner puts it right.
        PutRight;
        /// A push, a run, and its version's rollout, as lineage has them.
        Tracked;
        /// A version is registered, tested and approved by the policy, and goes out.
        Promotion;
        /// Drift of a model that Step Functions trains.
        Workflow;
        /// Drift of a model that a DAG trains: nobody tells of its end.
        Dag;
        /// Drift of a model that Kubeflow trains: it takes no token, and nobody tells of its end.
        Cluster;
        /// A commit of a model that CodePipeline trains: it takes no token.
        Piped;
        /// Two versions go live, the first without baselines; then less is to be watched.
        Watched;
        /// A monitoring run finds violations, and there is no alarm.
        Violations;
        /// Objects come, and one more during the run that answers them.
        NewData;
        /// A person asks for a run.
        Asked;
        /// A second version is a shadow of the first for a day, and then takes its place.
        Shadowed;
        /// The same, and it is rejected while it is one.
        ShadowRejected;
        /// A stack cannot be made with a first version, and is made with a second.
        Stacked;
        /// A stack goes neither on to a second version nor back, until it is told to try again.
        StackFails;
        /// Two versions are asked by batch transform jobs, and the second is rejected.
        Transformed;
        /// The second version's job fails.
        TransformFails;
        /// A version goes through stages, and the next one does not pass the second.
        Stages;
        /// The endpoint fails, and a person wants the version before back.
        ByHand;
        /// An alarm on other alarms goes off, and is held back for a while.
        Composite;
        /// A model that is trained by the calendar is looked at, for two periods.
        Calendar;
        /// A run fails.
        RunFails;
        /// Somebody stops a run.
        RunStops;
        /// A run of Step Functions fails.
        WorkflowFails;
        /// A DAG's run fails, of which nobody tells.
        DagFails;
        /// Somebody stops a run of CodePipeline.
        PipedStops;
        /// A run hangs: it takes longer than the policy allows.
        Hangs;
        /// A push, and its build fails.
        BuildFails;
        /// CodePipeline does not deliver a version.
        DeliveryFails;
        /// A registered version does not pass its tests.
        TestsFail;
        /// A person rejects a version while it is tested.
        Overruled;
        /// A person rejects it while the suite's verdict may be on its way.
        OverruledLate;
        /// Drift, a push and an approval come during a pause, which ends.
        Paused;
        /// The version before the live one was rejected, and then the live one is.
        SkipsRejected;
        /// A live version is rejected, and the policy gives notice only.
        NoticeOnly;
        /// A version is approved before it is complete, and another never is.
        Incomplete;
        /// A version is rejected a minute after its approval.
        Reconsidered;
        /// Jobs, a notebook and a configuration break a rule; a job breaks none, and one is the suite's own.
        Breaches;
    }
    long {
        /// An alarm that goes off four times a day for thirty days, whatever is trained.
        Permanent;
        /// The same for twelve days, and a commit is trained on the fifth.
        CommitCloses;
        /// Drift that opens the circuit, ends, and comes again after a budget's window.
        Recurs;
        /// Drift, a commit and people spend the budget, and one may go over it.
        Mixed;
    }
}

impl Flow {
    /// How many there are.
    pub(crate) const COUNT: usize = Self::ALL.len() + Self::LONG.len();

    /// All of them.
    pub fn every() -> impl Iterator<Item = Self> {
        Self::ALL.iter().chain(Self::LONG).copied()
    }

    /// The model that it is about.
    pub(crate) fn model(self) -> &'static str {
        match self {
            Self::Workflow | Self::WorkflowFails => "forecast",
            Self::Dag | Self::DagFails => "pricing",
            Self::Cluster => "ranking",
            Self::Piped | Self::PipedStops | Self::CodePipelineExecution | Self::DeliveryFails => "segments",
            Self::PipelineBuild => "demand",
            Self::Stacked | Self::StackFails => "tariffs",
            Self::Transformed | Self::TransformFails => "leads",
            Self::Stages => "loans",
            Self::Calendar => "seasons",
            _ => "churn",
        }
    }

    /// Whether the run's end is known by looking only.
    pub(crate) fn is_watched(self) -> bool {
        matches!(self, Self::Dag | Self::Cluster | Self::DagFails)
    }

    /// Whether it is about what a look has seen there before.
    pub(crate) fn is_seen(self) -> bool {
        matches!(self, Self::Merged | Self::Deleted)
    }
}
