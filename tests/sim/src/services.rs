//! The services, as far as the functions meet them: state, time, and what is under way.

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
use crate::candidate::Candidacy;
pub use crate::endings::Ending;
use crate::events::{ACCOUNT, PROD};
use crate::faults::{Chance, Fault, Kind, Schedule};
pub use crate::function::Function;
use crate::integrated::Integrated;
pub(crate) use crate::item::Item;
use crate::journal::{Deed, Entry};
use crate::rules::promised::{Promised, slot};
use crate::script::Flow;
use crate::stacked::Stacked;
use crate::staged::Staged;
use crate::tracked::Tracked;
use crate::transformed::Transformed;
use crate::watched::Watched;

/// The policies, and the names that lead to them.
#[derive(Debug, Default)]
pub(crate) struct Policies {
    pub(crate) by_model: BTreeMap<ModelName, Arc<Policy>>,
    pub(crate) owners: BTreeMap<Key, ModelName>,
    pub(crate) organization: Option<Arc<OrganizationPolicy>>,
    /// What they promise, read from their text.
    pub(crate) promised: Promised,
}

/// A training run.
#[derive(Debug, Clone)]
pub struct Run {
    /// What was asked for.
    pub request: RunRequest,
    /// What its engine calls it.
    pub id: RunId,
    /// When it was started.
    pub created: Timestamp,
    /// When it ended, and how.
    pub ended: Option<(Timestamp, Ending)>,
}

/// A build.
#[derive(Debug, Clone)]
pub struct Build {
    /// What was asked for.
    pub request: BuildRequest,
    /// Its ARN.
    pub id: BuildId,
    /// When it was started.
    pub created: Timestamp,
    /// Whether it has ended.
    pub ended: bool,
}

/// A CodePipeline execution.
#[derive(Debug, Clone)]
pub struct Delivered {
    /// What was asked for.
    pub request: CodePipelineRequest,
    /// Its id.
    pub id: String,
    /// When it was started.
    pub created: Timestamp,
    /// Whether it has ended.
    pub ended: bool,
}

/// How long SageMaker and CodeBuild remember a token. SageMaker says nowhere; CodeBuild says this.
pub(crate) const TOKEN_MEMORY: SignedDuration = SignedDuration::from_mins(5);

/// How long a throttle lasts: the SDK's own retries do not outlast it, Lambda's do.
const THROTTLE: SignedDuration = SignedDuration::from_secs(30);

/// Calls that were not answered, and will be applied.
#[derive(Default)]
pub(crate) struct Unanswered(pub(crate) Vec<Option<Call>>);

pub(crate) type Call = Box<dyn FnOnce(&mut Services) + Send + Sync>;

impl Clone for Unanswered {
    /// A run is forked before its first fault: no call is unanswered then.
    fn clone(&self) -> Self {
        debug_assert!(self.0.is_empty());
        Self::default()
    }
}

/// All state of one run.
#[derive(Default, Clone)]
pub struct Services {
    /// The time.
    pub(crate) now: Timestamp,
    pub(crate) flow: Option<Flow>,
    /// What happened, and the event that is being answered.
    pub(crate) journal: Vec<Entry>,
    pub(crate) during: Option<(Function, Arc<Value>)>,
    /// The names and tokens that calls carried, by what they are about; and those that changed, with when.
    pub(crate) names: BTreeMap<(Site, String), String>,
    pub(crate) renamed: Vec<(Site, String, String, String)>,
    /// Since when the models are paused.
    pub(crate) paused: Option<Timestamp>,
    faults: Vec<Fault>,
    throttled_until: Timestamp,
    /// How many calls were made, to what, and whether the answer may be out of date.
    pub calls: u32,
    pub(crate) sites: Vec<(Site, bool)>,
    /// Which sites a fault has struck.
    pub struck: BTreeSet<Site>,
    pub(crate) schedule: Option<Schedule>,
    pub(crate) chance: Option<Chance>,
    /// The number of the best-effort event that never comes, and how many there were so far.
    pub(crate) drop: Option<u64>,
    pub(crate) best_effort: u64,
    pub(crate) queue: BinaryHeap<Reverse<(Timestamp, usize)>>,
    pub(crate) items: Vec<Option<Item>>,
    pub(crate) unanswered: Unanswered,
    /// Every event that was sent, and whether it is a copy of the one before.
    pub(crate) log: Vec<(Function, Arc<Value>, bool)>,
    ids: u64,
    pub(crate) policies: Arc<Policies>,
    /// The ledger's aggregates.
    pub aggregates: BTreeMap<AggregateId, Arc<Record>>,
    /// Which events have their terminal record, by function and event id.
    pub history: BTreeSet<(String, String)>,
    /// The events that were kept, by function and event id.
    pub dead_letters: BTreeSet<(String, String)>,
    /// What was told, once per kind and dedup key.
    pub told: BTreeSet<(FactKind, String)>,
    /// What was published, where a trace is kept.
    pub facts: Vec<Fact>,
    /// Messages, by the subject and body's dedup key.
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
    /// The commits whose definitions it was given, in order.
    pub defined: Vec<CommitId>,
    /// The commit that is proposed in the pull request.
    pub(crate) proposed: Option<CommitId>,
    /// Comments on the pull request, by token.
    pub(crate) comments: BTreeSet<String>,
    /// What somebody made by hand, by its ARN, and how often it was stopped.
    pub(crate) made: BTreeMap<String, ObservedResource>,
    pub(crate) stops: BTreeMap<String, usize>,
    /// SageMaker's lineage; `None` where this run does not look at it.
    pub(crate) lineage: Option<Tracked>,
    /// What watches the live version; `None` where this run does not look at it.
    pub(crate) watch: Option<Watched>,
    /// What CodePipeline builds, the image, and the pull request's merge.
    pub(crate) integrated: Integrated,
    /// The test suite of the candidate, and what stands on it.
    pub(crate) candidate: Candidacy,
    /// The endpoints of stages.
    pub(crate) staged: Staged,
    pub(crate) approvals: BTreeMap<u32, Approval>,
    /// The status of versions that are not `Completed`.
    pub(crate) statuses: BTreeMap<u32, &'static str>,
    /// The approvals before the last verdict: what a list that lags behind says.
    pub(crate) approvals_before: BTreeMap<u32, Approval>,
    /// When a monitoring run found violations, and when the last object came.
    pub(crate) violated: Option<Timestamp>,
    pub(crate) uploaded: Option<Timestamp>,
    /// When each alarm went off last.
    pub(crate) alarms: BTreeMap<&'static str, Timestamp>,
    /// When the composite alarm was no longer held back.
    pub(crate) released: Option<Timestamp>,
    /// The endpoint.
    pub endpoint: Option<ObservedEndpoint>,
    pub(crate) endpoint_before: Option<ObservedEndpoint>,
    pub(crate) scaled: u32,
    /// How many scheduled actions there are.
    pub(crate) scheduled: usize,
    /// The versions of models, and of configurations.
    pub(crate) models: BTreeMap<String, u32>,
    pub(crate) configs: BTreeMap<String, u32>,
    /// The configurations that serve a variant test.
    pub(crate) variant_tests: BTreeSet<String>,
    /// The stack of `tariffs`.
    pub(crate) stacked: Stacked,
    /// The jobs of `leads`.
    pub(crate) transformed: Transformed,
    /// The versions that the endpoint was asked to take, in order.
    pub updates: Vec<u32>,
    /// The versions that went live, in order.
    pub(crate) lived: Vec<u32>,
    /// Whether the canary's alarm has no data.
    pub(crate) silent: bool,
    /// Versions whose canary sets off its alarm.
    pub(crate) bad: BTreeSet<u32>,
    /// What Lambda gave up on.
    pub(crate) failed: Vec<(Function, Arc<Value>)>,
    pub(crate) trace: Option<Vec<String>>,
}

/// What the fault table says of a call.
pub(crate) enum Fate {
    Go,
    Refuse,
    Lose,
    Late,
    CrashBefore,
    CrashAfter,
    Stale,
}

impl Services {
    /// What becomes of the next call.
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
        self.struck.insert(site);
        self.note(|| format!("    {:?} at {site:?} (call {call})", fault.kind));
        match fault.kind {
            Kind::Refused => Fate::Refuse,
            Kind::Throttled => {
                self.throttled_until = self.now + THROTTLE;
                Fate::Refuse
            }
            Kind::AnswerLost => Fate::Lose,
            Kind::Late => Fate::Late,
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

    /// Nobody waits for the answer any more, and the call is applied after this time.
    pub(crate) fn apply_late(&mut self, wait: SignedDuration, call: Call) {
        let number = self.unanswered.0.len();
        self.unanswered.0.push(Some(call));
        self.after(wait, Item::Late(number));
    }

    /// AWS sends an event to a function, by the schedule. Each delivery has an id of its own.
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

    /// The event under an id that none had before.
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
        self.record(Deed::Sent { slot: slot("endpoint", ACCOUNT, PROD), version });
        self.note(|| format!("the endpoint takes {config}"));
        self.endpoint_before = before.clone();
        self.endpoint = Some(ObservedEndpoint {
            status: if before.is_some() { EndpointStatus::Updating } else { EndpointStatus::Creating },
            config: if before.is_some() { serving } else { Some(config.to_owned()) },
            pending: before.is_some().then(|| config.to_owned()),
            failure: None,
            modified: Some(self.now),
        });
        self.after(SignedDuration::from_mins(10), Item::EndpointRests);
    }
}

/// The services, shared by the ports of one run.
#[derive(Clone, Default)]
pub struct Sim(Arc<Mutex<Services>>, pub(crate) bool);

impl Sim {
    pub(crate) fn of(services: Services) -> Self {
        Self(Arc::new(Mutex::new(services)), false)
    }

    /// The services, to look at or to change.
    pub fn services(&self) -> MutexGuard<'_, Services> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
