//! All services, by account.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use trimtab_core::failure::Failure;
use trimtab_core::port::{Message, PortResult};

use crate::journal::{Access, Fault, Journal, UpdateFault};
use crate::{
    autoscaling, cloudformation, cloudwatch, codebuild, codecommit, codepipeline, ecr, event_bus, s3,
    sagemaker_endpoints, sagemaker_lineage, sagemaker_monitoring, sagemaker_pipelines, sagemaker_registry,
    sagemaker_resources, sagemaker_runtime, sagemaker_transform, step_functions, training_engine,
};

/// The account that Trimtab runs in.
pub const HOME: &str = "123456789012";

/// The services as the clients of one account reach them. Its clones share one state.
#[derive(Debug, Clone)]
pub struct Services {
    account: Arc<Account>,
    shared: Arc<Shared>,
}

/// The state that accounts share.
#[derive(Debug, Default)]
struct Shared {
    journal: Mutex<Journal>,
    accounts: Mutex<BTreeMap<String, Arc<Account>>>,
}

/// The services of one account.
#[derive(Debug, Default)]
struct Account {
    id: String,
    autoscaling: Mutex<autoscaling::State>,
    cloudformation: Mutex<cloudformation::State>,
    cloudwatch: Mutex<cloudwatch::State>,
    codebuild: Mutex<codebuild::State>,
    codecommit: Mutex<codecommit::State>,
    codepipeline: Mutex<codepipeline::State>,
    ecr: Mutex<ecr::State>,
    bus: Mutex<event_bus::State>,
    s3: Mutex<s3::State>,
    endpoints: Mutex<sagemaker_endpoints::State>,
    lineage: Mutex<sagemaker_lineage::State>,
    monitoring: Mutex<sagemaker_monitoring::State>,
    pipelines: Mutex<sagemaker_pipelines::State>,
    registry: Mutex<sagemaker_registry::State>,
    resources: Mutex<sagemaker_resources::State>,
    runtime: Mutex<sagemaker_runtime::State>,
    transform: Mutex<sagemaker_transform::State>,
    sent: Mutex<Vec<Message>>,
    step_functions: Mutex<step_functions::State>,
    training: Mutex<training_engine::State>,
}

impl Default for Services {
    /// Nothing exists yet, in the account [`HOME`].
    fn default() -> Self {
        let account = Arc::new(Account { id: HOME.to_owned(), ..Account::default() });
        let shared = Shared { accounts: Mutex::new([(HOME.to_owned(), account.clone())].into()), ..Shared::default() };
        Self { account, shared: Arc::new(shared) }
    }
}

fn lock<T>(state: &Mutex<T>) -> MutexGuard<'_, T> {
    // A test that fails while it holds a guard must not hide its message behind a second panic.
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The guards: each locks its service until it is dropped, so that one statement takes one guard of a service.
macro_rules! guards {
    ($($(#[$doc:meta])* $name:ident: $state:ty;)*) => {
        impl Services {
            $($(#[$doc])*
            pub fn $name(&self) -> MutexGuard<'_, $state> {
                lock(&self.account.$name)
            })*
        }
    };
}

guards! {
    /// Application Auto Scaling.
    autoscaling: autoscaling::State;
    /// CloudFormation stacks.
    cloudformation: cloudformation::State;
    /// CloudWatch alarms.
    cloudwatch: cloudwatch::State;
    /// CodeBuild.
    codebuild: codebuild::State;
    /// CodeCommit.
    codecommit: codecommit::State;
    /// CodePipeline.
    codepipeline: codepipeline::State;
    /// ECR.
    ecr: ecr::State;
    /// Trimtab's event bus.
    bus: event_bus::State;
    /// S3.
    s3: s3::State;
    /// SageMaker endpoints.
    endpoints: sagemaker_endpoints::State;
    /// SageMaker ML Lineage Tracking.
    lineage: sagemaker_lineage::State;
    /// SageMaker Model Monitor and Clarify.
    monitoring: sagemaker_monitoring::State;
    /// SageMaker Pipelines: their definitions.
    pipelines: sagemaker_pipelines::State;
    /// SageMaker Model Registry.
    registry: sagemaker_registry::State;
    /// The SageMaker resource that `guard` inspects.
    resources: sagemaker_resources::State;
    /// SageMaker Runtime.
    runtime: sagemaker_runtime::State;
    /// SageMaker batch transform.
    transform: sagemaker_transform::State;
    /// The messages that SNS accepted, in order.
    sent: Vec<Message>;
    /// Step Functions.
    step_functions: step_functions::State;
    /// The training engines.
    training: training_engine::State;
}

impl Services {
    /// The services of another account; they share the calls and faults.
    #[must_use]
    pub fn in_account(&self, id: &str) -> Self {
        let mut accounts = lock(&self.shared.accounts);
        let account = accounts
            .entry(id.to_owned())
            .or_insert_with(|| Arc::new(Account { id: id.to_owned(), ..Account::default() }));
        Self { account: account.clone(), shared: self.shared.clone() }
    }

    /// The ID of the account.
    #[must_use]
    pub fn account(&self) -> &str {
        &self.account.id
    }

    fn journal(&self) -> MutexGuard<'_, Journal> {
        lock(&self.shared.journal)
    }

    /// The calls in order, as `port.method subject`; a call in another account than [`HOME`] starts with its ID.
    #[must_use]
    pub fn calls(&self) -> Vec<String> {
        self.journal().calls.clone()
    }

    /// The calls since the last time, which are forgotten.
    #[must_use]
    pub fn take_calls(&self) -> Vec<String> {
        std::mem::take(&mut self.journal().calls)
    }

    /// Forgets the calls until now.
    pub fn forget_calls(&self) {
        self.journal().calls.clear();
    }

    /// The number of effects that services applied.
    #[must_use]
    pub fn effects(&self) -> usize {
        self.journal().effects
    }

    /// The next call of this operation fails, such as `runs.start`.
    pub fn fail_next(&self, operation: &str, fault: Fault) {
        self.journal().next.insert(operation.to_owned(), fault);
    }

    /// The call after this number of calls fails, whichever it is; `None` cancels it.
    pub fn fail_call(&self, fault: Option<(usize, Fault)>) {
        self.journal().at_call = fault;
    }

    /// The effect after this number of effects fails, whichever it is.
    pub fn fail_effect(&self, after: usize, fault: Fault) {
        self.journal().at_effect = Some((after, fault));
    }

    /// The next update that an endpoint of any account could accept fails; `None` cancels it.
    pub fn fail_update(&self, fault: Option<UpdateFault>) {
        self.journal().next_update = fault;
    }

    /// The fault of the next update, unless it has happened.
    #[must_use]
    pub fn update_fault(&self) -> Option<UpdateFault> {
        self.journal().next_update
    }

    pub(crate) fn take_update_fault(&self) -> Option<UpdateFault> {
        self.journal().next_update.take()
    }

    /// Each call of this operation fails like this, until [`Services::accept`].
    pub fn refuse(&self, operation: &str, failure: Failure) {
        self.journal().refused.insert(operation.to_owned(), failure);
    }

    /// Each effect fails like this, until [`Services::accept`].
    pub fn refuse_effects(&self, failure: Failure) {
        self.journal().effects_refused = Some(failure);
    }

    /// The services accept again what they refused.
    pub fn accept(&self) {
        let mut journal = self.journal();
        journal.refused.clear();
        journal.effects_refused = None;
    }

    /// Records a call that changes nothing, and applies it unless it fails.
    pub(crate) fn query<T>(&self, operation: &str, about: &str, apply: impl FnOnce() -> T) -> PortResult<T> {
        self.call(Access::Read, operation, about, apply)
    }

    /// Records a call that changes a service, and applies it unless it fails.
    pub(crate) fn effect<T>(&self, operation: &str, about: &str, apply: impl FnOnce() -> T) -> PortResult<T> {
        self.call(Access::Effect, operation, about, apply)
    }

    fn call<T>(&self, access: Access, operation: &str, about: &str, apply: impl FnOnce() -> T) -> PortResult<T> {
        let line = match self.account() {
            HOME => format!("{operation} {about}"),
            other => format!("{other} {operation} {about}"),
        };
        let fate = self.journal().record(access, operation, &line);
        let applied = fate.applied.then(apply);
        match (fate.failure, applied) {
            (None, Some(response)) => Ok(response),
            (Some(failure), _) => Err(failure),
            (None, None) => unreachable!("a call that is not applied fails"),
        }
    }
}
