//! What an approval, a rejection or an ending means for production.
//!
//! Knows nothing of SageMaker's API beyond the words of a plan. How rollouts end is in
//! [`crate::endings`].

use jiff::Timestamp;
use trimtab_core::event::{Approval, Body, DeliveryState, Event, Package};
use trimtab_core::fact::FactKind;
use trimtab_core::name::{AlarmName, PackageArn, TransformName};
use trimtab_core::plan::{Decision, Plan, Reason};
use trimtab_core::policy::{Gate, Key, KeyKind, OnRejected, Policy, Stage as Deployment, Target};
use trimtab_core::port::ml::{EndpointTruth, Listed, PackageTruth, Smoked, TransformTruth};
use trimtab_core::port::stack::StackTruth;
use trimtab_core::react::{Case, Decide, Settled, Subject};

use crate::action::{Action, Done};
use crate::begin::{begin_or_park, resume, steps};
use crate::rollout::{Cause, Parked, Progress, Rollout, State, Verdict, Way, tell};
use crate::{assume, endings, look, rollback, settle, stages, transform, trial};

/// The deciding half of `deploy`.
#[derive(Debug, Clone, Copy)]
pub struct Deploy;

/// What AWS says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Seen {
    /// The package that the event is about.
    pub package: Option<PackageTruth>,
    /// The package that waits.
    pub parked: Option<PackageTruth>,
    /// The package that production goes back to, where that waits for another.
    pub back: Option<PackageTruth>,
    /// The model's endpoint.
    pub endpoint: Option<EndpointTruth>,
    /// The strategy's alarms that have no data, or that are not there.
    pub silent: Vec<AlarmName>,
    /// The same of the trial's.
    pub mute: Vec<AlarmName>,
    /// The trial's alarms that have gone off.
    pub ringing: Vec<AlarmName>,
    /// The model's stack.
    pub stack: Option<StackTruth>,
    /// The rollout's batch transform job.
    pub transform: Option<TransformTruth>,
    /// The pipeline execution that the event is about; where the event asks to look, the rollout's.
    pub delivery: Option<DeliveryState>,
    /// The group's newest versions, where the event asks to look or to go back.
    pub newest: Vec<Listed>,
    /// What the endpoint made of its smoke test, where one was due.
    pub smoked: Option<Smoked>,
}

pub(crate) type Answer = Plan<State, Action>;

impl Decide for Deploy {
    type State = State;
    type Seen = Seen;
    type Action = Action;
    type Done = Done;

    const FUNCTION: &'static str = "deploy";

    fn subject(event: &Event) -> Subject {
        let key = |kind, name: &str| Subject::Key(Key { kind, name: name.to_owned() });
        match &event.body {
            Body::Package(package) => key(KeyKind::PackageGroup, package.arn.group()),
            Body::Endpoint(endpoint) => key(KeyKind::Endpoint, endpoint.name.as_str()),
            // CodePipeline tells of every pipeline, and some build what others deliver.
            Body::Delivery(delivery) => {
                let name = delivery.pipeline.to_string();
                Subject::Keys(vec![Key { kind: KeyKind::DeliveryPipeline, name }])
            }
            // Every stack of the account tells of itself; most are nobody's here.
            Body::Stack(stack) => Subject::Keys(vec![Key { kind: KeyKind::Stack, name: stack.name.to_string() }]),
            Body::TransformJob(job) => {
                let key = |name: TransformName| Key { kind: KeyKind::Transform, name: name.to_string() };
                Subject::Keys(TransformName::of_job(&job.name).map(key).into_iter().collect())
            }
            Body::Fact(fact) => fact.model.clone().map_or(Subject::None, Subject::Model),
            _ => Subject::None,
        }
    }

    /// Each stage is an aggregate of its own.
    fn aggregate(event: &Event, policy: Option<&Policy>) -> String {
        match policy.and_then(|policy| policy.deploy.as_ref()) {
            Some(deploy) => stages::of(event, deploy).map_or_else(|| "rollout#none".to_owned(), stages::aggregate),
            None => "rollout".to_owned(),
        }
    }

    fn assume(event: &Event) -> Seen {
        assume::of(event)
    }

    fn decide(case: &Case<'_, State, Seen>) -> Answer {
        let Some(policy) = case.policy else {
            return Plan::reject("unknown_model", "deploy needs the model's policy");
        };
        let Some(deploy) = &policy.deploy else {
            return Plan::skip("off", format!("the policy of {} has no [deploy]: this reaction is off", policy.model));
        };
        let Some(deploy) = stages::of(case.event, deploy) else { return stages::stranger(case.event) };
        match &case.event.body {
            Body::Package(package) => on_package(case, policy, deploy, package),
            Body::Endpoint(_) => endings::on_endpoint(case, policy, deploy),
            Body::Delivery(delivery) => endings::on_delivery(case, policy, deploy, delivery),
            Body::Stack(stack) => crate::stack::on_stack(case, policy, deploy, stack),
            Body::TransformJob(job) => transform::on_job(case, policy, deploy, job),
            Body::Fact(fact) => match fact.kind {
                FactKind::LookRequested | FactKind::StageLookRequested => look::on_look(case, policy, deploy, fact),
                FactKind::PromotionRequested => stages::on_promotion(case, policy, deploy, fact),
                FactKind::WithdrawalRequested => stages::on_withdrawal(case, policy, deploy, fact),
                FactKind::RollbackRequested => rollback::on_request(case, policy, deploy, fact),
                _ => Plan::skip("not_concerned", "nothing in this event moves a rollout"),
            },
            _ => Plan::skip("not_concerned", "nothing in this event moves a rollout"),
        }
    }

    fn overdue(case: &Case<'_, State, Seen>) -> Option<Answer> {
        let policy = case.policy?;
        let deploy = stages::of(case.event, policy.deploy.as_ref()?)?;
        let rollout = case.state.current.as_ref()?;
        match (&case.event.body, &rollout.progress) {
            (Body::Package(_) | Body::Fact(_), _) if !rollout.is_by(&deploy.target) => {
                Some(endings::given_up(case, policy, deploy, rollout))
            }
            (Body::Package(_) | Body::Fact(_), Progress::Trying { .. }) => trial::gone(case, policy, deploy),
            (Body::Package(_) | Body::Fact(_), _) if matches!(deploy.target, Target::Stack(_)) => {
                crate::stack::found(case, policy, deploy)
            }
            (Body::Package(_) | Body::Fact(_), _) if matches!(deploy.target, Target::Transform(_)) => {
                transform::found(case, policy, deploy)
            }
            (Body::Fact(_), Progress::Delivering { .. }) => endings::delivered(case, policy, deploy, rollout),
            (Body::Package(_) | Body::Fact(_), _) => {
                let truth = rollout.ended(case.seen.endpoint.as_ref())?;
                Some(endings::found(case, policy, deploy, rollout, truth))
            }
            _ => None,
        }
    }

    fn left(state: &State, case: &Case<'_, State, Seen>) -> Vec<Action> {
        let Some((policy, deploy)) =
            case.policy.and_then(|policy| Some((policy, stages::of(case.event, policy.deploy.as_ref()?)?)))
        else {
            return Vec::new();
        };
        let unscaled = state.live_now().is_some_and(|live| !live.scaled);
        let mut left: Vec<Action> = if unscaled { endings::scaling(deploy) } else { Vec::new() };
        left.extend(rollback::left(deploy, state, case.seen.endpoint.as_ref()));
        if let (Target::Stack(target), Some(rollout)) = (&deploy.target, &state.current) {
            return crate::stack::left(target, case.seen, rollout);
        }
        let intended = state.current.as_ref().filter(|rollout| rollout.progress == Progress::Intended);
        let ended = |rollout: &&Rollout| {
            rollout.ended(case.seen.endpoint.as_ref()).is_some() || transform::has_ended(case.seen)
        };
        if let Some(rollout) = intended.filter(|rollout| !ended(rollout)) {
            left.extend(steps(policy, deploy, case.seen, rollout));
        }
        left
    }

    fn settle(state: &mut State, action: &Action, outcome: Result<Done, String>, now: Timestamp) -> Settled {
        settle::settle(state, action, outcome, now)
    }
}

fn on_package(case: &Case<'_, State, Seen>, policy: &Policy, deploy: &Deployment, package: &Package) -> Answer {
    if package.arn.account() != case.event.envelope.account.as_str() {
        return Plan::reject(
            "foreign_account",
            "the package belongs to another account than the event: it is not deployed from here",
        );
    }
    let Some(truth) = &case.seen.package else {
        return Plan::reject(
            "no_such_package",
            "the registry knows no such package: the event is forged or the package is gone",
        );
    };
    if package.lifecycle_edit().is_some() && matches!(deploy.gate, Gate::Lifecycle(_)) {
        return stages::on_lifecycle(case, policy, deploy, package);
    }
    if package.is_metadata_edit() {
        return Plan::skip(
            "metadata_only",
            format!("the metadata of version {} was edited: its approval is as it was", package.version),
        );
    }
    if truth.approval != package.approval {
        return Plan::skip(
            "stale",
            format!("the registry no longer says what the event says of version {}", package.version),
        );
    }
    match package.approval {
        Approval::Approved => on_approved(case, policy, deploy, &package.arn, truth),
        Approval::Rejected => on_rejected(case, policy, deploy, &package.arn),
        _ => Plan::skip("not_a_verdict", format!("version {} is neither approved nor rejected", package.version)),
    }
}

pub(crate) fn on_approved(
    case: &Case<'_, State, Seen>,
    policy: &Policy,
    deploy: &Deployment,
    package: &PackageArn,
    truth: &PackageTruth,
) -> Answer {
    let version = package.version();
    if let Some(rollout) =
        case.state.current.as_ref().filter(|r| r.package == *package && r.progress == Progress::Intended)
    {
        return resume(case, policy, deploy, rollout);
    }
    if case.state.judged(package, Verdict::Approved) {
        return Plan::skip("already_handled", format!("the approval of version {version} has had its answer"));
    }
    if truth.status != "Completed" {
        return Plan::reject(
            "not_completed",
            format!("version {version} is {}, and only a Completed package can be deployed", truth.status),
        );
    }
    let mut state = case.state.clone();
    state.judge(package, Verdict::Approved);
    match case.state.newest() {
        Some(newest) if newest > version => {
            let reason = Reason::new(
                "superseded",
                format!("version {newest} is newer and already approved: reject it to go back"),
            );
            let told = tell(
                FactKind::RolloutSkipped,
                Way::of(policy, deploy),
                package,
                state.round(package),
                vec![reason.text.clone()],
                case.now,
            );
            Plan::only(Decision::Skipped, reason).with_state(state).telling(told)
        }
        newest if newest == Some(version) || is_rejection_taken_back(case, package) => {
            state.stay_unless_rejected();
            let reason = Reason::new("already_there", format!("version {version} is live or on its way"));
            Plan::only(Decision::Skipped, reason).with_state(state)
        }
        _ => {
            let reason = Reason::new("approved", format!("version {version} is approved"));
            let wanted = Parked { package: package.clone(), cause: Cause::Approved, since: case.now };
            begin_or_park(case, policy, deploy, state, wanted, vec![reason])
        }
    }
}

/// Whether this version, rejected and now approved again, is still on its way or still serves: the rollback that its
/// rejection asked for has not begun.
fn is_rejection_taken_back(case: &Case<'_, State, Seen>, package: &PackageArn) -> bool {
    match &case.state.current {
        Some(rollout) => rollout.package == *package,
        None => {
            let live = case.state.live_now().is_some_and(|live| live.package == *package);
            live && (case.state.is_to_go_back() || rollback::is_there(case, package))
        }
    }
}

pub(crate) fn on_rejected(
    case: &Case<'_, State, Seen>,
    policy: &Policy,
    deploy: &Deployment,
    package: &PackageArn,
) -> Answer {
    let version = package.version();
    let judged = case.state.judged(package, Verdict::Rejected);
    if let Some(rollout) =
        case.state.current.as_ref().filter(|r| r.cause == Cause::RollBack && r.progress == Progress::Intended && judged)
    {
        return resume(case, policy, deploy, rollout);
    }
    if judged {
        return Plan::skip("already_handled", format!("the rejection of version {version} has had its answer"));
    }
    let mut state = case.state.clone();
    state.judge(package, Verdict::Rejected);
    let mut reasons = vec![Reason::new("rejected", format!("version {version} is rejected"))];
    let waited = state.parked.take_if(|parked| parked.package == *package);
    // What was to be gone back to is not: something else is.
    let target = waited.as_ref().is_some_and(|parked| parked.cause == Cause::RollBack)
        || (state.goes_back && case.state.good().is_some_and(|live| live.package == *package));
    if waited.is_some() {
        reasons.push(Reason::new(
            "unparked",
            format!("version {version} waited for a rollout to end, and no longer does"),
        ));
    }
    // On trial, a rejected version serves for nothing: it goes whatever the policy says of live ones.
    let on_trial = trial::take(&mut state, package);
    let answer = if on_trial { OnRejected::RollBack } else { deploy.on_rejected };
    let live = case.state.live_now().is_some_and(|live| live.package == *package);
    let coming = case.state.current.as_ref().is_some_and(|rollout| rollout.package == *package);
    let back = state.good().map(|live| live.package.clone());
    let wanted = match (answer, live || coming || target, back) {
        (OnRejected::RollBack, true, Some(before)) => {
            reasons
                .push(Reason::new("roll_back", format!("version {} was live before it: going back", before.version())));
            state.come_back(&before);
            Some(Parked { package: before, cause: Cause::RollBack, since: case.now })
        }
        (OnRejected::RollBack, true, None) => {
            reasons.push(Reason::new(
                "nothing_before",
                "it is live, and no version was live before it: nothing to go back to",
            ));
            None
        }
        (OnRejected::Notice, true, _) => {
            reasons.push(Reason::new(
                "notice_only",
                "it is live and stays live: the policy says on_rejected = \"notice\"",
            ));
            None
        }
        (_, false, _) => None,
    };
    let texts = reasons.iter().map(|reason| reason.text.clone()).collect();
    let round = state.round(package);
    let told = tell(FactKind::PackageRejected, Way::of(policy, deploy), package, round, texts, case.now);
    let mut plan = match wanted {
        Some(wanted) => begin_or_park(case, policy, deploy, state, wanted, reasons),
        None => Plan { reasons, state: Some(state), ..Plan::note(State::default(), "", "") },
    };
    plan.facts.insert(0, told);
    plan.facts.extend(stages::withdrawals(policy, deploy, package, round, case.now));
    plan
}
