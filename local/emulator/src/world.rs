//! The state of all emulated services, and the duration of their operations.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::Deserialize;
use tokio::sync::watch;

use crate::accounts::Session;
use crate::backends::Backends;
use crate::faults::Faults;
use crate::journal::Journal;
use crate::kubeflow::tls::ListenAddress;
use crate::{cloudformation, codebuild, codecommit, codepipeline, kubeflow, mwaa, sagemaker};

/// The servers behind the emulator, and the account and region of all resources.
#[derive(Debug, Clone)]
pub struct Config {
    /// Base URL of MiniStack.
    pub ministack: String,
    /// Base URL of moto.
    pub moto: String,
    /// The AWS account of all resources.
    pub account: String,
    /// The AWS region of all resources.
    pub region: String,
}

/// A kind of operation whose duration and result can be controlled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Phase {
    /// Builds, from start to end.
    Builds,
    /// Pipeline executions, from start to end.
    Runs,
    /// Provisioning of a fleet: an endpoint is created or rolled back.
    Fleets,
    /// Baking of a traffic step.
    Bakes,
    /// CodePipeline executions, from start to end.
    CodePipelines,
    /// Processing and transform jobs, from start to end.
    Jobs,
    /// Changes of a monitoring schedule, until its status is Scheduled.
    Schedules,
    /// Invocations of an endpoint: the result is an HTTP status.
    Invocations,
    /// Operations of a stack, from start to end.
    Stacks,
}

/// The state of the emulator.
pub(crate) struct World {
    pub(crate) config: Config,
    pub(crate) backends: Backends,
    pub(crate) journal: Journal,
    pub(crate) faults: Faults,
    pub(crate) sagemaker: Mutex<sagemaker::State>,
    pub(crate) cloudformation: Mutex<cloudformation::State>,
    pub(crate) codebuild: Mutex<codebuild::State>,
    pub(crate) codecommit: Mutex<codecommit::State>,
    pub(crate) codepipeline: Mutex<codepipeline::State>,
    pub(crate) mwaa: Mutex<mwaa::State>,
    pub(crate) kubeflow: Mutex<kubeflow::State>,
    /// The address of Kubeflow, which is not an AWS service and has a listener of its own.
    pub(crate) kubeflow_address: ListenAddress,
    /// The ARNs of callers whose calls lead to CloudTrail events, by access key.
    pub(crate) principals: Mutex<BTreeMap<String, String>>,
    /// The sessions of assumed roles, by access key.
    pub(crate) sessions: Mutex<BTreeMap<String, Session>>,
    paces: Mutex<BTreeMap<Phase, Duration>>,
    fates: Mutex<BTreeMap<Phase, VecDeque<String>>>,
    held: watch::Sender<BTreeSet<Phase>>,
    /// Whether events are lost instead of sent.
    pub(crate) lose_events: AtomicBool,
}

/// The default duration of a phase: long enough to observe, short enough for a test.
const PACE: Duration = Duration::from_millis(1500);

impl World {
    pub(crate) fn new(config: Config, kubeflow_address: ListenAddress) -> reqwest::Result<Self> {
        Ok(Self {
            backends: Backends::new(&config)?,
            config,
            journal: Journal::default(),
            faults: Faults::default(),
            sagemaker: Mutex::default(),
            cloudformation: Mutex::default(),
            codebuild: Mutex::default(),
            codecommit: Mutex::default(),
            codepipeline: Mutex::default(),
            mwaa: Mutex::default(),
            kubeflow: Mutex::default(),
            kubeflow_address,
            principals: Mutex::default(),
            sessions: Mutex::default(),
            paces: Mutex::default(),
            fates: Mutex::default(),
            held: watch::Sender::default(),
            lose_events: AtomicBool::new(false),
        })
    }

    /// An ARN in this account and region.
    pub(crate) fn arn(&self, service: &str, resource: &str) -> String {
        format!("arn:aws:{service}:{}:{}:{resource}", self.config.region, self.config.account)
    }

    /// Runs work that continues after the response to the call that started it.
    pub(crate) fn later(self: &Arc<Self>, future: impl Future<Output = ()> + Send + 'static) {
        tokio::spawn(future);
    }

    pub(crate) fn set_pace(&self, phase: Phase, pace: Duration) {
        lock(&self.paces).insert(phase, pace);
    }

    pub(crate) fn pace(&self, phase: Phase) -> Duration {
        lock(&self.paces).get(&phase).copied().unwrap_or(PACE)
    }

    pub(crate) fn hold(&self, phase: Phase) {
        self.held.send_modify(|held| {
            held.insert(phase);
        });
    }

    pub(crate) fn release(&self, phase: Phase) {
        self.held.send_modify(|held| {
            held.remove(&phase);
        });
    }

    /// Waits until the duration of the phase has passed and the phase is not held.
    pub(crate) async fn over(&self, phase: Phase) {
        tokio::time::sleep(self.pace(phase)).await;
        let mut held = self.held.subscribe();
        // An error is impossible: the sender lives as long as the world.
        let _ = held.wait_for(|held| !held.contains(&phase)).await;
    }

    /// Queues the result of the next operation of this phase.
    pub(crate) fn set_fate(&self, phase: Phase, end: String) {
        lock(&self.fates).entry(phase).or_default().push_back(end);
    }

    /// The result of this operation: the queued one, or `otherwise`.
    pub(crate) fn fate(&self, phase: Phase, otherwise: &str) -> String {
        let queued = lock(&self.fates).get_mut(&phase).and_then(VecDeque::pop_front);
        queued.unwrap_or_else(|| otherwise.to_owned())
    }
}

/// Locks a mutex also after a panic elsewhere: each change is made in one step, so the state is consistent.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
