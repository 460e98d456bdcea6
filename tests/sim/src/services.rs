//! The simulated services: state, time, and the queue of what will happen.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use trimtab_core::event::{Approval, EndpointStatus};
use trimtab_core::fact::{Fact, FactKind};
use trimtab_core::name::{BuildId, CommitId, ModelName, RunId};
use trimtab_core::policy::{Key, OrganizationPolicy, Policy};
use trimtab_core::port::ObservedDefinition;
use trimtab_core::port::ObservedResource;
use trimtab_core::port::{AggregateId, Record};
use trimtab_core::port::{BuildRequest, CodePipelineRequest, ObservedEndpoint, RunRequest};

use crate::Site;
use crate::batch_ports::BatchState;
use crate::candidate::CandidateState;
use crate::ci_ports::CiState;
use crate::events::{ACCOUNT, PROD};
use crate::faults::{Chance, Fault, Kind, Schedule};
pub use crate::function::Function;
use crate::journal::{Entry, Happening};
use crate::lineage_ports::LineageState;
use crate::monitoring_ports::MonitoringState;
use crate::multi_account::StagesState;
pub use crate::outcomes::Ending;
pub(crate) use crate::queued_item::Item;
use crate::rules::policy_text::{Promised, slot};
use crate::script::Flow;
use crate::stack_ports::StackState;

/// The policies, and the resource names that lead to them.
#[derive(Debug, Default)]
pub(crate) struct Policies {
    pub(crate) by_model: BTreeMap<ModelName, Arc<Policy>>,
    pub(crate) owners: BTreeMap<Key, ModelName>,
    pub(crate) organization: Option<Arc<OrganizationPolicy>>,
    /// The promises, read from the policies' text.
    pub(crate) promised: Promised,
}

/// A training run.
#[derive(Debug, Clone)]
pub struct Run {
    /// The request.
    pub request: RunRequest,
    /// The engine's ID.
    pub id: RunId,
    /// The time of the start.
    pub created: Timestamp,
    /// The time and the outcome of the end.
    pub ended: Option<(Timestamp, Ending)>,
}

/// A build.
#[derive(Debug, Clone)]
pub struct Build {
    /// The request.
    pub request: BuildRequest,
    /// The ARN.
    pub id: BuildId,
    /// The time of the start.
    pub created: Timestamp,
    /// Whether it has ended.
    pub ended: bool,
}

/// A CodePipeline execution.
#[derive(Debug, Clone)]
pub struct Delivered {
    /// The request.
    pub request: CodePipelineRequest,
    /// The execution ID.
    pub id: String,
    /// The time of the start.
    pub created: Timestamp,
    /// Whether it has ended.
    pub ended: bool,
}

/// The time for which SageMaker and CodeBuild remember a token. CodeBuild documents it; SageMaker does not.
pub(crate) const TOKEN_MEMORY: SignedDuration = SignedDuration::from_mins(5);

/// The duration of throttling: longer than the SDK's retries, shorter than Lambda's.
const THROTTLE: SignedDuration = SignedDuration::from_secs(30);

/// Calls that timed out and will be applied.
#[derive(Default)]
pub(crate) struct Unanswered(pub(crate) Vec<Option<Call>>);

pub(crate) type Call = Box<dyn FnOnce(&mut Services) + Send + Sync>;

impl Clone for Unanswered {
    /// A run is forked before its first fault, when no call is unanswered.
    fn clone(&self) -> Self {
        debug_assert!(self.0.is_empty());
        Self::default()
    }
}

/// The state of one run.
#[derive(Default, Clone)]
pub struct Services {
    /// The virtual time.
    pub(crate) now: Timestamp,
    pub(crate) flow: Option<Flow>,
    /// The journal, and the event that a function is handling.
    pub(crate) journal: Vec<Entry>,
    pub(crate) handling: Option<(Function, Arc<Value>)>,
    /// The names and tokens of calls by their subject, and those that changed between attempts.
    pub(crate) names: BTreeMap<(Site, String), String>,
    pub(crate) renamed: Vec<(Site, String, String, String)>,
    /// The time since which the models are paused.
    pub(crate) paused: Option<Timestamp>,
    faults: Vec<Fault>,
    throttled_until: Timestamp,
    /// The number of calls; then their sites, and whether each response may be out of date.
    pub calls: u32,
    pub(crate) sites: Vec<(Site, bool)>,
    /// The sites at which a fault was injected.
    pub injected: BTreeSet<Site>,
    pub(crate) schedule: Option<Schedule>,
    pub(crate) chance: Option<Chance>,
    /// The number of the best-effort event that is lost, and the number of those so far.
    pub(crate) drop: Option<u64>,
    pub(crate) best_effort: u64,
    pub(crate) queue: BinaryHeap<Reverse<(Timestamp, usize)>>,
    pub(crate) items: Vec<Option<Item>>,
    pub(crate) unanswered: Unanswered,
    /// Every emitted event, and whether it is a copy of the previous one.
    pub(crate) log: Vec<(Function, Arc<Value>, bool)>,
    ids: u64,
    pub(crate) policies: Arc<Policies>,
    /// The ledger's aggregates.
    pub aggregates: BTreeMap<AggregateId, Arc<Record>>,
    /// The events with a terminal record, by function and event ID.
    pub history: BTreeSet<(String, String)>,
    /// The dead letters, by function and event ID.
    pub dead_letters: BTreeSet<(String, String)>,
    /// The published facts, by kind and dedup key.
    pub published: BTreeSet<(FactKind, String)>,
    /// The published facts, if a trace is requested.
    pub facts: Vec<Fact>,
    /// The number of messages, by `<kind> on <dedup key>`.
    pub messages: BTreeMap<String, u32>,
    /// Whether there is a topic for a chat.
    pub(crate) chats: bool,
    /// Training runs.
    pub runs: Vec<Run>,
    /// Builds.
    pub builds: Vec<Build>,
    /// CodePipeline executions.
    pub deliveries: Vec<Delivered>,
    pub(crate) head: Option<CommitId>,
    /// The training pipeline.
    pub(crate) pipeline: Option<ObservedDefinition>,
    /// The commits whose definitions were applied to the training pipeline, in order.
    pub defined: Vec<CommitId>,
    /// The source commit of the pull request.
    pub(crate) proposed: Option<CommitId>,
    /// Comments on the pull request, by token.
    pub(crate) comments: BTreeSet<String>,
    /// The resources that users created, by ARN, and the number of stops of each.
    pub(crate) made: BTreeMap<String, ObservedResource>,
    pub(crate) stops: BTreeMap<String, usize>,
    /// SageMaker's lineage; `None` if the flow leaves it out.
    pub(crate) lineage: Option<LineageState>,
    /// The monitoring of the live version; `None` if the flow leaves it out.
    pub(crate) monitoring: Option<MonitoringState>,
    /// Builds by CodePipeline, the training image, and the merge of the pull request.
    pub(crate) ci: CiState,
    /// The tests of the candidate, and its verdict.
    pub(crate) candidate: CandidateState,
    /// The endpoints of stages.
    pub(crate) stages: StagesState,
    pub(crate) approvals: BTreeMap<u32, Approval>,
    /// The status of versions that are not `Completed`.
    pub(crate) statuses: BTreeMap<u32, &'static str>,
    /// The approvals before the last verdict, for stale reads.
    pub(crate) approvals_before: BTreeMap<u32, Approval>,
    /// The times of the monitoring run with violations, and of the last object.
    pub(crate) violated: Option<Timestamp>,
    pub(crate) uploaded: Option<Timestamp>,
    /// The time at which each alarm last fired.
    pub(crate) alarms: BTreeMap<&'static str, Timestamp>,
    /// The time at which the suppression of the composite alarm ended.
    pub(crate) released: Option<Timestamp>,
    /// The endpoint of `churn`.
    pub endpoint: Option<ObservedEndpoint>,
    pub(crate) endpoint_before: Option<ObservedEndpoint>,
    pub(crate) scaled: u32,
    /// The number of scheduled scaling actions.
    pub(crate) scheduled: usize,
    /// The versions of models, and of configurations.
    pub(crate) models: BTreeMap<String, u32>,
    pub(crate) configs: BTreeMap<String, u32>,
    /// The configurations with a shadow variant.
    pub(crate) shadow_configs: BTreeSet<String>,
    /// The stack of `tariffs`.
    pub(crate) stack: StackState,
    /// The jobs of `leads`.
    pub(crate) batch: BatchState,
    /// The versions that the endpoint was updated to, in order.
    pub updates: Vec<u32>,
    /// The versions that went live, in order.
    pub(crate) lived: Vec<u32>,
    /// Whether the canary's alarm has no data.
    pub(crate) without_alarm_data: bool,
    /// The versions whose deployment fails.
    pub(crate) bad: BTreeSet<u32>,
    /// The failure queue: events whose three attempts failed.
    pub(crate) failed: Vec<(Function, Arc<Value>)>,
    pub(crate) trace: Option<Vec<String>>,
}

/// The fault of a call.
pub(crate) enum Fate {
    Go,
    Refuse,
    LoseResponse,
    ApplyLate,
    CrashBefore,
    CrashAfter,
    Stale,
}

impl Services {
    /// The fault of the next call, which it counts.
    pub(crate) fn fate(&mut self, site: Site, lags: bool) -> Fate {
        let call = self.calls;
        self.sites.push((site, lags));
        self.calls += 1;
        if self.now < self.throttled_until {
            return Fate::Refuse;
        }
        let Some(fault) = self.faults.iter().find(|fault| fault.call == call).copied() else {
            return Fate::Go;
        };
        self.injected.insert(site);
        self.note(|| format!("    {:?} at {site:?} (call {call})", fault.kind));
        match fault.kind {
            Kind::Refused => Fate::Refuse,
            Kind::Throttled => {
                self.throttled_until = self.now + THROTTLE;
                Fate::Refuse
            }
            Kind::ResponseLost => Fate::LoseResponse,
            Kind::AppliedLate => Fate::ApplyLate,
            Kind::CrashBefore => Fate::CrashBefore,
            Kind::CrashAfter => Fate::CrashAfter,
            Kind::Stale => Fate::Stale,
        }
    }

    pub(crate) fn set_faults(&mut self, faults: &[Fault]) {
        self.faults = faults.to_vec();
        self.throttled_until = Timestamp::MIN;
    }

    pub(crate) fn note(&mut self, line: impl FnOnce() -> String) {
        let now = self.now;
        if let Some(trace) = &mut self.trace {
            trace.push(format!("{now} {}", line()));
        }
    }

    pub(crate) fn after(&mut self, wait: SignedDuration, item: Item) {
        let at = self.now + wait;
        self.queue.push(Reverse((at, self.items.len())));
        self.items.push(Some(item));
    }

    /// Applies a call that timed out after this time.
    pub(crate) fn apply_late(&mut self, wait: SignedDuration, call: Call) {
        let number = self.unanswered.0.len();
        self.unanswered.0.push(Some(call));
        self.after(wait, Item::ApplyLate(number));
    }

    /// Emits an event to a function on the schedule. Each delivery has its own ID.
    pub(crate) fn emit(&mut self, function: Function, best_effort: bool, event: &Value) {
        if best_effort {
            let number = self.best_effort;
            self.best_effort += 1;
            if self.drop == Some(number) {
                self.note(|| format!("never delivered: {}", event["detail-type"]));
                return;
            }
        }
        let schedule = self.schedule.unwrap_or(Schedule::Once);
        let (minutes, hours) = (SignedDuration::from_mins, SignedDuration::from_hours);
        let mut any = |within: u64| {
            let below = self.chance.as_mut().map_or(0, |chance| chance.below(within * 60));
            SignedDuration::from_secs(i64::try_from(below).unwrap_or_default())
        };
        let waits = match schedule {
            Schedule::Once | Schedule::Dropped => vec![minutes(0)],
            Schedule::Twice => vec![minutes(0), minutes(0)],
            Schedule::Hours => vec![minutes(0), hours(2)],
            Schedule::Days => vec![minutes(0), hours(72)],
            Schedule::Delayed => vec![hours(3)],
            Schedule::Jumbled => vec![any(10)],
            Schedule::Thrice => vec![any(30), any(30), any(30)],
        };
        for (copy, wait) in waits.into_iter().enumerate() {
            let event = Arc::new(self.with_id(event.clone()));
            self.log.push((function, Arc::clone(&event), copy > 0));
            self.after(wait, Item::Deliver { function, event, attempt: 0 });
        }
    }

    /// The event under a new ID.
    pub(crate) fn with_id(&mut self, mut event: Value) -> Value {
        self.ids += 1;
        event["id"] = Value::String(format!("event-{}", self.ids));
        event
    }

    pub(crate) fn define(&mut self, commit: CommitId) {
        self.note(|| format!("the pipeline is defined by {commit}"));
        self.defined.push(commit.clone());
        self.pipeline = Some(ObservedDefinition { commit: Some(commit) });
    }

    pub(crate) fn begin_update(&mut self, config: &str) {
        let before = self.endpoint.clone();
        let serving = before.as_ref().and_then(|endpoint| endpoint.config.clone());
        let version = self.configs.get(config).copied().unwrap_or_default();
        self.updates.push(version);
        self.record(Happening::Sent { slot: slot("endpoint", ACCOUNT, PROD), version });
        self.note(|| format!("the endpoint takes {config}"));
        self.endpoint_before = before.clone();
        self.endpoint = Some(ObservedEndpoint {
            status: if before.is_some() { EndpointStatus::Updating } else { EndpointStatus::Creating },
            config: if before.is_some() { serving } else { Some(config.to_owned()) },
            pending: before.is_some().then(|| config.to_owned()),
            failure: None,
            modified: Some(self.now),
        });
        self.after(SignedDuration::from_mins(10), Item::EndpointStable);
    }
}

/// The services, shared by the ports of one run, and whether calls go to the other account.
#[derive(Clone, Default)]
pub struct Sim(Arc<Mutex<Services>>, pub(crate) bool);

impl Sim {
    pub(crate) fn of(services: Services) -> Self {
        Self(Arc::new(Mutex::new(services)), false)
    }

    /// Locks the services.
    pub fn services(&self) -> MutexGuard<'_, Services> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
