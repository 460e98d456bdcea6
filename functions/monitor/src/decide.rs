//! Whose event it is, and which kinds are to be looked at. What is next for a kind is in
//! `keep.rs`.
//!
//! Knows nothing of SageMaker's or CloudWatch's API beyond the words of a plan.

use jiff::Timestamp;
use serde::Serialize;
use trimtab_core::event::{Body, DriftKind, EndpointStatus, Event};
use trimtab_core::fact::{self, Fact, FactKind};
use trimtab_core::name::{AlarmName, PackageArn};
use trimtab_core::plan::{Decision, Plan, Reason};
use trimtab_core::policy::monitor::slug;
use trimtab_core::policy::{Key, KeyKind, Policy};
use trimtab_core::port::UpdateAccepted;
use trimtab_core::port::{
    AlarmRequest, Baseline, BaselineRequest, JobDefinition, ObservedBaseline, ObservedSchedule, ScheduleRequest, Served,
};
use trimtab_core::reactor::{ActionOutcome, Context, Decide, Preview, Subject};

use crate::desired_state::{KINDS, kind_of, owner_of};
use crate::state::State;
use crate::{apply_outcome, reconcile};

/// The deciding half of `monitor`.
#[derive(Debug, Clone, Copy)]
pub struct Monitor;

/// What AWS says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Observed {
    /// What the endpoint serves.
    pub served: Option<Served>,
    /// What the registry has as the version's baseline of this kind.
    pub baseline: Option<Baseline>,
    /// The job that computes it, where the registry has none.
    pub job: Option<ObservedBaseline>,
    /// The kind's schedule.
    pub schedule: Option<ObservedSchedule>,
    /// Whether its alarm is there.
    pub alarm: bool,
}

/// What `monitor` can do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "action")]
#[allow(missing_docs, reason = "the names are AWS's own; the fields are the ports' requests")]
pub enum Action {
    CreateProcessingJob {
        service: &'static str,
        #[serde(flatten)]
        request: BaselineRequest,
    },
    /// `CreateDataQualityJobDefinition` and its three sisters.
    CreateJobDefinition {
        service: &'static str,
        #[serde(flatten)]
        definition: JobDefinition,
    },
    CreateMonitoringSchedule {
        service: &'static str,
        #[serde(flatten)]
        request: ScheduleRequest,
    },
    UpdateMonitoringSchedule {
        service: &'static str,
        #[serde(flatten)]
        request: ScheduleRequest,
    },
    DeleteMonitoringSchedule {
        service: &'static str,
        name: String,
    },
    PutMetricAlarm {
        service: &'static str,
        #[serde(flatten)]
        request: AlarmRequest,
    },
    DeleteAlarms {
        service: &'static str,
        name: AlarmName,
    },
    /// `DeleteDataQualityJobDefinition` and its three sisters; not while this schedule has it.
    DeleteJobDefinition {
        service: &'static str,
        kind: DriftKind,
        name: String,
        schedule: String,
    },
}

/// What doing it gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Done {
    /// It is so.
    Made,
    /// The schedule took it, or is busy.
    Schedule(UpdateAccepted),
    /// The schedule still has it: it is left.
    InUse,
}

pub(crate) type Answer = Plan<State, Action>;
pub(crate) type Asked<'a> = Context<'a, State, Observed>;

impl Decide for Monitor {
    type State = State;
    type Observed = Observed;
    type Action = Action;
    type Done = Done;

    const FUNCTION: &'static str = "monitor";

    fn subject(event: &Event) -> Subject {
        match &event.body {
            // An endpoint of nobody's is told of by `deploy`; once is enough.
            Body::Endpoint(endpoint) => {
                Subject::Keys(vec![Key { kind: KeyKind::Endpoint, name: endpoint.name.as_str().to_owned() }])
            }
            // Whatever else is processed in the account is nobody's baseline.
            Body::ProcessingJob(job) => owner_of(&job.name).map_or(Subject::None, |(model, _)| Subject::Model(model)),
            Body::Fact(fact) => fact.model.clone().map_or(Subject::None, Subject::Model),
            _ => Subject::None,
        }
    }

    fn aggregate(event: &Event, _: Option<&Policy>) -> String {
        kind_in(event).map_or_else(|| "watch".to_owned(), |kind| format!("watch#{}", slug(kind)))
    }

    fn decide(ctx: &Asked<'_>) -> Answer {
        let Some(policy) = ctx.policy else {
            return Plan::fail("unknown_model", "monitor needs the model's policy");
        };
        if policy.monitor.is_none() {
            return Plan::skip("off", format!("the policy of {} has no [monitor]: this reaction is off", policy.model));
        }
        match (kind_in(ctx.event), &ctx.event.body) {
            (Some(kind), _) => reconcile::kind(ctx, policy, kind),
            (None, Body::Endpoint(_)) => ask(ctx, policy),
            (None, _) if ctx.event.is_reconcile_request() => ask(ctx, policy),
            _ => Plan::skip("not_concerned", "nothing in this event is about a watch"),
        }
    }

    /// What is left is what AWS lacks: every event of a kind comes to the same.
    fn pending_actions(_: &State, _: &Asked<'_>) -> Vec<Action> {
        Vec::new()
    }

    fn apply_outcome(
        state: &mut State,
        action: &Action,
        outcome: Result<Done, String>,
        now: Timestamp,
    ) -> ActionOutcome {
        apply_outcome::apply_outcome(state, action, outcome, now)
    }
}

impl Preview for Monitor {
    fn preview(event: &Event) -> Observed {
        let (status, config, package) = match &event.body {
            Body::Endpoint(endpoint) => (endpoint.status.clone(), endpoint.config.clone(), None),
            Body::Fact(fact) => (EndpointStatus::InService, None, fact.details.get("package").cloned()),
            _ => return Observed::default(),
        };
        let package = package.and_then(|arn| PackageArn::parse(&arn).ok());
        let served = Served { status, config: config.unwrap_or_default(), package, captures: true };
        Observed { served: Some(served), ..Observed::default() }
    }
}

/// The kind that an event is about; `None` where it is about the model.
pub(crate) fn kind_in(event: &Event) -> Option<DriftKind> {
    match &event.body {
        Body::ProcessingJob(job) => owner_of(&job.name).map(|(_, kind)| kind),
        Body::Fact(fact) if fact.kind == FactKind::MonitoringRequested => kind_of(fact.details.get("kind")?),
        _ => None,
    }
}

/// Each kind is asked about by itself: one that the policy does not ask for may have been watched before.
fn ask(ctx: &Asked<'_>, policy: &Policy) -> Answer {
    let Some(served) = &ctx.observed.served else {
        return Plan::skip("no_such_endpoint", "SageMaker knows no such endpoint: there is nothing to watch");
    };
    if served.status != EndpointStatus::InService {
        return Plan::skip("not_in_service", format!("SageMaker says that the endpoint is {}", served.status));
    }
    let wanted = policy.monitor.as_ref().map(trimtab_core::policy::monitor::Monitor::kinds).unwrap_or_default();
    let facts: Vec<Fact> = KINDS.into_iter().map(|kind| request(ctx, policy, kind, served)).collect();
    let mut state = ctx.state.clone();
    let text = format!("what is watched about {} is looked at: {} kinds", policy.model, facts.len());
    let mut plan = Plan { facts, ..Plan::skip("asked", text) };
    if served.captures || wanted.is_empty() {
        state.blind = None;
    } else if state.blind.as_ref() != Some(&served.config) {
        state.blind = Some(served.config.clone());
        state.times_blind = state.times_blind.saturating_add(1);
        let (reason, fact) = blind(ctx, policy, &served.config, state.times_blind);
        plan.reasons.insert(0, reason);
        plan.facts.insert(0, fact);
        plan.decision = Decision::Acted;
    }
    if state == *ctx.state { plan } else { plan.with_state(state) }
}

/// A rollout that is taken back brings a configuration again, and that is news: the key counts the times.
/// (No clock is in it, since a fact whose record was lost is told again.)
fn blind(ctx: &Asked<'_>, policy: &Policy, config: &str, times: u32) -> (Reason, Fact) {
    let text = "the endpoint's configuration keeps nothing of its traffic: the watch begins with the next rollout";
    let reason = Reason::new("blind", text);
    let details = [("configuration".to_owned(), config.to_owned())].into();
    let fact = Fact {
        kind: FactKind::DataCaptureMissing,
        version: fact::VERSION,
        model: Some(policy.model.clone()),
        dedup_key: format!("watch/{}/blind/{config}/{times}", policy.model),
        at: ctx.now,
        reasons: vec![reason.text.clone()],
        details,
    };
    (reason, fact)
}

fn request(ctx: &Asked<'_>, policy: &Policy, kind: DriftKind, served: &Served) -> Fact {
    let mut details = std::collections::BTreeMap::from([("kind".to_owned(), slug(kind).to_owned())]);
    details.extend(served.package.as_ref().map(|package| ("package".to_owned(), package.to_string())));
    Fact {
        kind: FactKind::MonitoringRequested,
        version: fact::VERSION,
        model: Some(policy.model.clone()),
        dedup_key: format!("watch/{}/{}/{}", policy.model, slug(kind), ctx.now),
        at: ctx.now,
        reasons: vec![format!("drift of {kind} is to be watched as the policy says")],
        details,
    }
}
