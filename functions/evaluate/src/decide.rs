//! What is next for a candidate, whichever event led to it: a version that was registered, the end
//! of its test suite, a look.
//!
//! Knows nothing of SageMaker's or Step Functions' API beyond the words of a plan.

use jiff::Timestamp;
use serde::Serialize;
use serde_json::json;
use trimtab_core::event::{Approval, Body, Event, ExecutionStatus};
use trimtab_core::fact::{self, Fact, FactKind};
use trimtab_core::name::PackageArn;
use trimtab_core::plan::{Decision, Plan, Reason};
use trimtab_core::policy::evaluate::{Evaluate, OnFail, OnPass};
use trimtab_core::policy::{Key, KeyKind, Policy};
use trimtab_core::port::ListedPackage;
use trimtab_core::port::{ExecutionRequest, ObservedExecution};
use trimtab_core::port::{ObservedCandidate, VerdictRequest};
use trimtab_core::reactor::{ActionOutcome, Context, Decide, Subject};
use trimtab_core::text::{digest, one_line};

use crate::candidate::{Candidate, End, State, Step, Verdict, execution_name, version_of};
use crate::judge::{Champion, Grade, judge};

/// `ApprovalDescription` takes 1,024 characters.
const DESCRIPTION: usize = 1000;

/// The deciding half of `evaluate`.
#[derive(Debug, Clone, Copy)]
pub struct Evaluation;

/// What AWS says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Observed {
    /// The version; `None` where the registry knows none.
    pub candidate: Option<ObservedCandidate>,
    /// Its test suite's execution.
    pub execution: Option<ObservedExecution>,
    /// The version that is live, once the test suite has ended.
    pub champion: Option<Champion>,
    /// The group's newest version, where the event asks to look.
    pub newest: Option<ListedPackage>,
}

/// What `evaluate` can do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "action")]
#[allow(missing_docs, reason = "the names are AWS's own; the fields are the ports' requests")]
pub enum Action {
    StartExecution {
        service: &'static str,
        #[serde(flatten)]
        request: ExecutionRequest,
    },
    UpdateModelPackage {
        service: &'static str,
        #[serde(flatten)]
        request: VerdictRequest,
    },
}

/// What doing it gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Done {
    /// The test suite is on.
    Started,
    /// The verdict stands on the version.
    Written,
    /// A person had decided before it could be written.
    Overruled,
}

type Answer = Plan<State, Action>;
type Asked<'a> = Context<'a, State, Observed>;

impl Decide for Evaluation {
    type State = State;
    type Observed = Observed;
    type Action = Action;
    type Done = Done;

    const FUNCTION: &'static str = "evaluate";

    fn subject(event: &Event) -> Subject {
        let key = |kind, name: &str| Subject::Key(Key { kind, name: name.to_owned() });
        match &event.body {
            Body::Package(package) if package.approval == Approval::Pending => {
                key(KeyKind::PackageGroup, package.group.as_str())
            }
            // Whatever else runs in the account is nobody's candidate.
            Body::StateMachineExecution(execution) if version_of(execution.execution_arn.name()).is_some() => {
                key(KeyKind::StateMachine, execution.state_machine_arn.as_str())
            }
            Body::Fact(fact) => fact.model.clone().map_or(Subject::None, Subject::Model),
            _ => Subject::None,
        }
    }

    fn aggregate(event: &Event, _: Option<&Policy>) -> String {
        let version = match &event.body {
            Body::Package(package) => Some(package.version),
            Body::StateMachineExecution(execution) => version_of(execution.execution_arn.name()),
            Body::Fact(fact) => requested(fact).map(|package| package.version()),
            _ => None,
        };
        version.map_or_else(|| "candidates".to_owned(), |version| format!("candidate#{version}"))
    }

    fn assume(event: &Event) -> Observed {
        let (approval, status) = match &event.body {
            Body::Package(package) => (package.approval.clone(), package.status.clone()),
            Body::Fact(fact) if requested(fact).is_some() => (Approval::Pending, "Completed".to_owned()),
            _ => return Observed::default(),
        };
        let actual = ObservedCandidate { approval, status, stamp: None, metrics: std::collections::BTreeMap::new() };
        Observed { candidate: Some(actual), ..Observed::default() }
    }

    fn decide(ctx: &Asked<'_>) -> Answer {
        let Some(policy) = ctx.policy else {
            return Plan::fail("unknown_model", "evaluate needs the model's policy");
        };
        let Some(rules) = &policy.evaluate else {
            return Plan::skip("off", format!("the policy of {} has no [evaluate]: a person decides", policy.model));
        };
        if ctx.event.is_reconcile_request() {
            return on_reconcile(ctx, policy);
        }
        if matches!(&ctx.event.body, Body::Package(package) if package.is_metadata_edit()) {
            return Plan::skip("metadata_edit", "only metadata was changed");
        }
        let Some(package) = package_of(ctx.event, ctx.state) else {
            return Plan::skip("not_ours", "this tests no version that is being evaluated");
        };
        match &ctx.state.candidate {
            None => begin(ctx, policy, rules, &package),
            Some(candidate) => next(ctx, policy, rules, candidate),
        }
    }

    fn pending_actions(state: &State, _: &Asked<'_>) -> Vec<Action> {
        let candidate = state.candidate.iter();
        let action = |candidate: &Candidate| match &candidate.step {
            Step::Intended => Some(start(&candidate.request)),
            Step::Judged(verdict) => Some(write(&verdict.request)),
            Step::Testing | Step::Over => None,
        };
        candidate.filter_map(action).collect()
    }

    fn apply_outcome(
        state: &mut State,
        action: &Action,
        outcome: Result<Done, String>,
        now: Timestamp,
    ) -> ActionOutcome {
        let Some(mut candidate) = state.candidate.take() else { return ActionOutcome::default() };
        match (outcome, &candidate.step) {
            (Ok(Done::Started), _) => {
                let text = format!("{} tests version {}", candidate.request.name, candidate.package.version());
                candidate.step = Step::Testing;
                let told = candidate.tell(FactKind::EvaluationStarted, vec![text], now);
                state.candidate = Some(candidate);
                ActionOutcome { facts: vec![told], ..ActionOutcome::default() }
            }
            (Ok(Done::Overruled), _) => {
                candidate.step = Step::Over;
                state.candidate = Some(candidate);
                let reason = Reason::new("overruled", "a person decided while the verdict was on its way");
                ActionOutcome { reasons: vec![reason], ..ActionOutcome::default() }
            }
            (Ok(Done::Written), Step::Judged(verdict)) => {
                let kind = verdict.end.fact();
                let told = kind.map(|kind| candidate.tell(kind, verdict.reasons.clone(), now));
                candidate.step = Step::Over;
                state.candidate = Some(candidate);
                ActionOutcome { facts: told.into_iter().collect(), ..ActionOutcome::default() }
            }
            (Ok(Done::Written), _) => {
                state.candidate = Some(candidate);
                ActionOutcome::default()
            }
            (Err(cause), _) => refused(state, candidate, action, &cause, now),
        }
    }
}

/// What AWS will not do is kept and told; the same event, sent again, does it.
fn refused(state: &mut State, candidate: Candidate, action: &Action, cause: &str, now: Timestamp) -> ActionOutcome {
    let (what, code) = match action {
        Action::StartExecution { .. } => ("the test suite would not start", "start_refused"),
        Action::UpdateModelPackage { .. } => ("the verdict could not be written", "verdict_refused"),
    };
    let reason = Reason::new(code, format!("{what}: {cause}"));
    let mut told = candidate.tell(FactKind::EvaluationStuck, vec![reason.text.clone()], now);
    told.dedup_key = format!("{}/{code}", told.dedup_key);
    state.candidate = Some(candidate).filter(|candidate| candidate.step != Step::Intended);
    ActionOutcome { facts: vec![told], reasons: vec![reason], decision: Some(Decision::Failed) }
}

/// The version that an event is about.
#[must_use]
pub fn package_of(event: &Event, state: &State) -> Option<PackageArn> {
    match &event.body {
        Body::Package(package) => Some(package.arn.clone()),
        Body::Fact(fact) => requested(fact),
        Body::StateMachineExecution(execution) => {
            let candidate = state.candidate.as_ref()?;
            (candidate.request.name == execution.execution_arn.name()).then(|| candidate.package.clone())
        }
        _ => None,
    }
}

fn requested(fact: &Fact) -> Option<PackageArn> {
    (fact.kind == FactKind::EvaluationRequested).then(|| PackageArn::parse(fact.details.get("package")?).ok())?
}

/// Whether the test suite has come to an end that nobody mends.
#[must_use]
pub fn is_over(execution: &ObservedExecution) -> bool {
    use ExecutionStatus::{Aborted, Failed, Succeeded, TimedOut};
    matches!(execution.status, Succeeded | Failed | TimedOut | Aborted)
}

/// The newest version waits for a verdict: it is asked for. Older ones wait for a person.
fn on_reconcile(ctx: &Asked<'_>, policy: &Policy) -> Answer {
    let waits =
        |listed: &&ListedPackage| listed.actual.approval == Approval::Pending && listed.actual.status == "Completed";
    let Some(listed) = ctx.observed.newest.as_ref().filter(waits) else {
        return Plan::skip("nothing_new", "the newest version does not wait for a verdict");
    };
    let package = &listed.package;
    let version = package.version();
    let fact = Fact {
        kind: FactKind::EvaluationRequested,
        version: fact::VERSION,
        model: Some(policy.model.clone()),
        dedup_key: format!("candidate/{}/{version}/{}", policy.model, ctx.now),
        at: ctx.now,
        reasons: vec![format!("version {version} waits for a verdict")],
        details: [("package".to_owned(), package.to_string())].into(),
    };
    Plan { facts: vec![fact], ..Plan::skip("look", format!("version {version} waits: looking at it")) }
}

/// The version's test suite is started.
fn begin(ctx: &Asked<'_>, policy: &Policy, rules: &Evaluate, package: &PackageArn) -> Answer {
    let version = package.version();
    let Some(actual) = &ctx.observed.candidate else {
        return Plan::fail("no_such_package", format!("the registry knows no version {version}: forged, or deleted"));
    };
    if actual.approval != Approval::Pending {
        return Plan::skip("decided", format!("version {version} is {} already", actual.approval));
    }
    if actual.status != "Completed" {
        return Plan::skip("not_completed", format!("version {version} is {}: it cannot be tested yet", actual.status));
    }
    let name = execution_name(&policy.model, package);
    let input = json!({"model": policy.model, "package": package, "version": version});
    let request = ExecutionRequest { machine: rules.tests.clone(), name, input };
    let candidate = Candidate {
        model: policy.model.clone(),
        package: package.clone(),
        request: request.clone(),
        since: ctx.now,
        step: Step::Intended,
        late: false,
    };
    let reason = Reason::new("registered", format!("version {version} waits for a verdict: it is tested"));
    Plan::only(Decision::Acted, reason).with_state(State { candidate: Some(candidate) }).with_action(start(&request))
}

fn start(request: &ExecutionRequest) -> Action {
    Action::StartExecution { service: "states", request: request.clone() }
}

fn write(request: &VerdictRequest) -> Action {
    Action::UpdateModelPackage { service: "sagemaker", request: request.clone() }
}

/// What is next for a version that is being evaluated.
fn next(ctx: &Asked<'_>, policy: &Policy, rules: &Evaluate, candidate: &Candidate) -> Answer {
    let version = candidate.package.version();
    match &candidate.step {
        Step::Over => return Plan::skip("already_judged", format!("version {version} was evaluated")),
        Step::Judged(_) => return Plan::skip("judged", format!("the verdict on version {version} is being written")),
        Step::Intended | Step::Testing => {}
    }
    let Some(actual) = &ctx.observed.candidate else {
        let over = Candidate { step: Step::Over, ..candidate.clone() };
        return Plan::update(State { candidate: Some(over) }, "gone", format!("version {version} is there no more"));
    };
    match &ctx.observed.execution {
        Some(execution) if is_over(execution) => judged(ctx, rules, candidate, actual, execution),
        _ => late(ctx, policy, candidate),
    }
}

fn judged(
    ctx: &Asked<'_>,
    rules: &Evaluate,
    candidate: &Candidate,
    actual: &ObservedCandidate,
    execution: &ObservedExecution,
) -> Answer {
    let judgement = judge(rules, execution, ctx.observed.champion.as_ref());
    let (end, code, text) = match (judgement.grade, rules.on_pass, rules.on_fail) {
        _ if actual.approval != Approval::Pending => (End::Decided, "decided", "a person had decided"),
        (Grade::Pass, OnPass::Approve, _) => (End::Approved, "approved", "it passes, and the policy approves it"),
        (Grade::Pass, OnPass::ManualApproval, _) => (End::Asked, "asked", "it passes; the policy asks a person"),
        (Grade::Unsure, ..) => (End::Asked, "asked", "whether it passes cannot be told: a person is asked"),
        (Grade::Fail, _, OnFail::ManualApproval) => (End::Asked, "asked", "it does not pass; the policy asks a person"),
        (Grade::Fail, _, OnFail::Reject) => (End::Rejected, "rejected", "it does not pass, and the policy rejects it"),
    };
    let reason = Reason::new(code, format!("version {}: {text}", candidate.package.version()));
    let mut reasons = vec![reason.text.clone()];
    reasons.extend(judgement.reasons);
    let request = VerdictRequest {
        package: candidate.package.clone(),
        approve: end.approval(),
        description: (end != End::Decided).then(|| one_line(&reasons.join("; "), DESCRIPTION)),
        metrics: judgement.metrics,
        token: format!("trimtab-{}", digest(&[&candidate.request.name, candidate.package.as_str()], 28)),
    };
    let action = write(&request);
    let step =
        Step::Judged(Verdict { request, end, reasons: reasons.clone(), champion: ctx.observed.champion.clone() });
    let state = State { candidate: Some(Candidate { step, ..candidate.clone() }) };
    let mut plan = Plan::only(Decision::Acted, reason).with_state(state).with_action(action);
    plan.reasons.extend(reasons.into_iter().skip(1).map(|text| Reason::new("metric", text)));
    plan
}

/// The test suite is on; or it takes too long.
fn late(ctx: &Asked<'_>, policy: &Policy, candidate: &Candidate) -> Answer {
    let since = candidate.since;
    let most = policy.reconcile.map(|limits| limits.evaluation);
    let Some(most) = most.filter(|most| !candidate.late && ctx.now.duration_since(since) >= *most) else {
        return Plan::skip("testing", format!("{} is not over", candidate.request.name));
    };
    let text = format!("{} has not ended since {since}; the policy allows {most:#}", candidate.request.name);
    let mut told = candidate.tell(FactKind::DeadlineExceeded, vec![text.clone()], ctx.now);
    told.dedup_key = format!("late/{}", told.dedup_key);
    let state = State { candidate: Some(Candidate { late: true, ..candidate.clone() }) };
    Plan::only(Decision::Acted, Reason::new("late", text)).with_state(state).with_fact(told)
}
