//! The flows. Their scripts are in [`crate::flow_scripts`].

macro_rules! flows {
    (short { $($(#[$doc:meta])* $name:ident;)* } long { $($(#[$long_doc:meta])* $long:ident;)* }) => {
        /// A sequence of events in the world, to which the functions react.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Flow {
            $($(#[$doc])* $name,)*
            $($(#[$long_doc])* $long,)*
        }

        impl Flow {
            /// The flows of few days.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];
            /// The flows of many days, which are played with few faults.
            pub const LONG: &'static [Self] = &[$(Self::$long),*];
        }
    };
}

flows! {
    short {
        /// An alarm starts a run, which succeeds.
        Drift;
        /// A push is built and trained.
        Push;
        /// A push is built and trained; the training pipeline does not exist yet.
        FirstPush;
        /// A second version is approved while the rollout of the first is in progress.
        Rollouts;
        /// A live version is rejected.
        Rollback;
        /// The alarm of a version's canary fires.
        CanaryFails;
        /// A version is approved while its canary's alarm has no data.
        CanaryWithoutAlarmData;
        /// The canary's alarm loses its data during the canary.
        CanaryLosesAlarmData;
        /// CodePipeline delivers a version of another model.
        CodePipelineExecution;
        /// An event is malformed.
        Malformed;
        /// A pull request is opened, and its build ends.
        Review;
        /// A pull request is merged, and the merge is built.
        Merged;
        /// The configured branch is deleted.
        BranchDeleted;
        /// CodePipeline builds a push, and its commit is trained.
        PipelineBuild;
        /// A training image is pushed, and a run starts with it.
        Image;
        /// An alarm fires during the cool-down, and is still firing when the cool-down ends.
        DriftDuringCoolDown;
        /// A user creates a job that violates a rule.
        GuardViolation;
        /// A user creates a job that violates a rule, and corrects it later.
        GuardViolationCorrected;
        /// Lineage records a push, a run, and the rollout of its version.
        LineageTracking;
        /// A version is registered, tested, approved by the policy and deployed.
        Promotion;
        /// Drift of a model that Step Functions trains.
        StepFunctions;
        /// Drift of a model that Airflow trains: no event reports the end of a run.
        Airflow;
        /// Drift of a model that Kubeflow trains: it takes no idempotency token, and no event reports the end of a run.
        Kubeflow;
        /// A commit of a model that CodePipeline trains: it takes no idempotency token.
        CodePipelineTraining;
        /// Two versions go live, the first without baselines; then the policy reduces the monitoring.
        ModelMonitoring;
        /// A monitoring run finds violations without an alarm.
        Violations;
        /// Objects are uploaded, and one more during the run that trains on them.
        NewData;
        /// An operator requests a run.
        OperatorRetrain;
        /// A second version passes a shadow test of a day, and replaces the first.
        ShadowTest;
        /// A second version is rejected during its shadow test.
        ShadowTestRejected;
        /// The creation of a stack fails with a first version, and succeeds with a second.
        StackCreation;
        /// The update of a stack to a second version fails, and so does its rollback, until it is continued.
        StackRollbackFails;
        /// Batch transform jobs run with two versions, and the second is rejected.
        BatchTransform;
        /// The batch transform job of the second version fails.
        BatchTransformFails;
        /// A version passes all stages; the next one fails the smoke test of the second stage.
        Stages;
        /// The endpoint fails, and an operator requests the previous version.
        OperatorRollback;
        /// A composite alarm fires, and its actions are suppressed for a while.
        Composite;
        /// A model that is trained on a schedule is reconciled, for two periods.
        Calendar;
        /// A run fails.
        RunFails;
        /// A user stops a run.
        RunStops;
        /// A run of Step Functions fails.
        StepFunctionsFails;
        /// A run of Airflow fails, and no event reports it.
        AirflowFails;
        /// A user stops a run of CodePipeline.
        CodePipelineTrainingStops;
        /// A run exceeds the deadline of the policy.
        RunHangs;
        /// The build of a push fails.
        BuildFails;
        /// CodePipeline fails to deliver a version.
        DeliveryFails;
        /// A registered version fails its tests.
        TestsFail;
        /// An operator rejects a version during its tests.
        OperatorRejects;
        /// An operator rejects a version while Trimtab may be writing its verdict.
        OperatorRejectsAfterTests;
        /// Drift, a reconcile and an approval arrive during a pause, which ends.
        Paused;
        /// The previous version was rejected, and then the live one is.
        SkipsRejected;
        /// A live version is rejected, and the policy only notifies.
        NotifyOnly;
        /// A version is approved before it is complete; another one never becomes complete.
        Incomplete;
        /// A version is rejected a minute after its approval.
        RejectedAfterApproval;
        /// Jobs, a notebook and a configuration violate a rule; one job violates none, and one was created by Trimtab.
        GuardEachResource;
    }
    long {
        /// An alarm fires four times a day for thirty days; no run ends the drift.
        Permanent;
        /// An alarm fires four times a day for twelve days, and a commit is trained on the fifth.
        CommitCloses;
        /// Drift opens the circuit, ends, and returns after a budget window.
        Recurs;
        /// Drift, a commit and operators spend the budget, and one request may exceed it.
        Mixed;
    }
}

impl Flow {
    /// The number of flows.
    pub(crate) const COUNT: usize = Self::ALL.len() + Self::LONG.len();

    /// All variants.
    pub fn every() -> impl Iterator<Item = Self> {
        Self::ALL.iter().chain(Self::LONG).copied()
    }

    /// The model.
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

    /// Whether only a reconcile observes the end of the run.
    pub(crate) fn needs_reconcile(self) -> bool {
        matches!(self, Self::Airflow | Self::Kubeflow | Self::AirflowFails)
    }

    /// Whether the flow needs the snapshot of an earlier reconcile.
    pub(crate) fn needs_snapshot(self) -> bool {
        matches!(self, Self::Merged | Self::BranchDeleted)
    }
}
