//! What happens in the world, flow by flow. What people and monitors do is in [`crate::flow_scripts`].

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
        CanaryWithoutAlarmData;
        /// The canary's alarm falls silent while the canary is on.
        CanaryLosesAlarmData;
        /// Another model's version goes by CodePipeline.
        CodePipelineExecution;
        /// An event that is none.
        Malformed;
        /// A pull request is opened, and its build ends.
        Review;
        /// A pull request is merged, and the merge is built.
        Merged;
        /// The branch that is built is deleted.
        BranchDeleted;
        /// CodePipeline builds a push, and its commit is trained.
        PipelineBuild;
        /// An image is pushed, and trained with.
        Image;
        /// An alarm goes off during the cool-down, and is still on when that ends.
        DriftDuringCoolDown;
        /// Somebody makes a job that breaks a rule.
        GuardViolation;
        /// The same, and its owner puts it right.
        GuardViolationCorrected;
        /// A push, a run, and its version's rollout, as lineage has them.
        LineageTracking;
        /// A version is registered, tested and approved by the policy, and goes out.
        Promotion;
        /// Drift of a model that Step Functions trains.
        StepFunctions;
        /// Drift of a model that a DAG trains: nobody tells of its end.
        Airflow;
        /// Drift of a model that Kubeflow trains: it takes no token, and nobody tells of its end.
        Kubeflow;
        /// A commit of a model that CodePipeline trains: it takes no token.
        CodePipelineTraining;
        /// Two versions go live, the first without baselines; then less is to be watched.
        ModelMonitoring;
        /// A monitoring run finds violations, and there is no alarm.
        Violations;
        /// Objects come, and one more during the run that answers them.
        NewData;
        /// A person asks for a run.
        OperatorRetrain;
        /// A second version is a shadow of the first for a day, and then takes its place.
        ShadowTest;
        /// The same, and it is rejected while it is one.
        ShadowTestRejected;
        /// A stack cannot be made with a first version, and is made with a second.
        StackCreation;
        /// A stack goes neither on to a second version nor back, until it is told to try again.
        StackRollbackFails;
        /// Two versions are asked by batch transform jobs, and the second is rejected.
        BatchTransform;
        /// The second version's job fails.
        BatchTransformFails;
        /// A version goes through stages, and the next one does not pass the second.
        Stages;
        /// The endpoint fails, and a person wants the version before back.
        OperatorRollback;
        /// An alarm on other alarms goes off, and is held back for a while.
        Composite;
        /// A model that is trained by the calendar is looked at, for two periods.
        Calendar;
        /// A run fails.
        RunFails;
        /// Somebody stops a run.
        RunStops;
        /// A run of Step Functions fails.
        StepFunctionsFails;
        /// A DAG's run fails, of which nobody tells.
        AirflowFails;
        /// Somebody stops a run of CodePipeline.
        CodePipelineTrainingStops;
        /// A run hangs: it takes longer than the policy allows.
        RunHangs;
        /// A push, and its build fails.
        BuildFails;
        /// CodePipeline does not deliver a version.
        DeliveryFails;
        /// A registered version does not pass its tests.
        TestsFail;
        /// A person rejects a version while it is tested.
        OperatorRejects;
        /// A person rejects it while the suite's verdict may be on its way.
        OperatorRejectsAfterTests;
        /// Drift, a push and an approval come during a pause, which ends.
        Paused;
        /// The version before the live one was rejected, and then the live one is.
        SkipsRejected;
        /// A live version is rejected, and the policy gives notice only.
        NotifyOnly;
        /// A version is approved before it is complete, and another never is.
        Incomplete;
        /// A version is rejected a minute after its approval.
        RejectedAfterApproval;
        /// Jobs, a notebook and a configuration break a rule; a job breaks none, and one is the suite's own.
        GuardEachResource;
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
            Self::StepFunctions | Self::StepFunctionsFails => "forecast",
            Self::Airflow | Self::AirflowFails => "pricing",
            Self::Kubeflow => "ranking",
            Self::CodePipelineTraining
            | Self::CodePipelineTrainingStops
            | Self::CodePipelineExecution
            | Self::DeliveryFails => "segments",
            Self::PipelineBuild => "demand",
            Self::StackCreation | Self::StackRollbackFails => "tariffs",
            Self::BatchTransform | Self::BatchTransformFails => "leads",
            Self::Stages => "loans",
            Self::Calendar => "seasons",
            _ => "churn",
        }
    }

    /// Whether the run's end is known by looking only.
    pub(crate) fn needs_reconcile(self) -> bool {
        matches!(self, Self::Airflow | Self::Kubeflow | Self::AirflowFails)
    }

    /// Whether it is about what a look has seen there before.
    pub(crate) fn is_seen(self) -> bool {
        matches!(self, Self::Merged | Self::BranchDeleted)
    }
}
