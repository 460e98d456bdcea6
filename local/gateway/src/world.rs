//! What the gateway plays: its state, and the pace at which things in it happen.

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
use crate::kubeflow::tls::Place;
use crate::{cloudformation, codebuild, codecommit, codepipeline, kubeflow, mwaa, sagemaker};

/// The servers behind the gateway, and where everything is.
#[derive(Debug, Clone)]
pub struct Config {
    /// Base URL of MiniStack.
    pub ministack: String,
    /// Base URL of moto.
    pub moto: String,
    /// The account.
    pub account: String,
    /// The region.
    pub region: String,
}

/// What takes time, and can be held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Phase {
    /// From a build's start to its end.
    Builds,
    /// From a run's start to its end.
    Runs,
    /// Provisioning a fleet: an endpoint is made, or goes back.
    Fleets,
    /// The canary bakes.
    Bakes,
    /// From the start of a CodePipeline execution to its end.
    CodePipelines,
    /// From a processing or transform job's start to its end.
    Jobs,
    /// From a monitoring schedule's change until it is scheduled.
    Schedules,
    /// What an endpoint answers: its fate is an HTTP status.
    Invocations,
    /// A stack is at work.
    Stacks,
}

/// All that is played here.
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
    /// Where Kubeflow is: it is no service of AWS, and has an address of its own.
    pub(crate) place: Place,
    /// Callers of whose calls CloudTrail tells, by access key, and who they are.
    pub(crate) people: Mutex<BTreeMap<String, String>>,
    /// What credentials that were given for a role are of, by access key.
    pub(crate) sessions: Mutex<BTreeMap<String, Session>>,
    paces: Mutex<BTreeMap<Phase, Duration>>,
    fates: Mutex<BTreeMap<Phase, VecDeque<String>>>,
    held: watch::Sender<BTreeSet<Phase>>,
    /// Whether AWS's events are lost.
    pub(crate) loses: AtomicBool,
}

/// How long a phase takes unless told: long enough to be seen, short enough to be waited for.
const PACE: Duration = Duration::from_millis(1500);

impl World {
    pub(crate) fn new(config: Config, place: Place) -> reqwest::Result<Self> {
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
            place,
            people: Mutex::default(),
            sessions: Mutex::default(),
            paces: Mutex::default(),
            fates: Mutex::default(),
            held: watch::Sender::default(),
            loses: AtomicBool::new(false),
        })
    }

    /// An ARN in this account and region.
    pub(crate) fn arn(&self, service: &str, resource: &str) -> String {
        format!("arn:aws:{service}:{}:{}:{resource}", self.config.region, self.config.account)
    }

    /// Something that goes on after the call that began it was answered.
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

    /// The phase is over: its time has passed, and nobody holds it.
    pub(crate) async fn over(&self, phase: Phase) {
        tokio::time::sleep(self.pace(phase)).await;
        let mut held = self.held.subscribe();
        // The sender lives as long as the world.
        let _ = held.wait_for(|held| !held.contains(&phase)).await;
    }

    /// Says how the next one of this phase will end.
    pub(crate) fn set_fate(&self, phase: Phase, end: String) {
        lock(&self.fates).entry(phase).or_default().push_back(end);
    }

    /// How this one ends.
    pub(crate) fn fate(&self, phase: Phase, otherwise: &str) -> String {
        let told = lock(&self.fates).get_mut(&phase).and_then(VecDeque::pop_front);
        told.unwrap_or_else(|| otherwise.to_owned())
    }
}

/// A panic elsewhere leaves the state as it was: each change is made in one step.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
