//! The facts that `deploy` publishes. Requests are defined in [`trimtab_core::request`].

use jiff::Timestamp;
use trimtab_core::fact::{Details, Fact, FactKind, FactSubject};
use trimtab_core::name::{ModelName, PackageArn, StageName};
use trimtab_core::policy::{Deploy, Policy, SOLE, Stage};
use trimtab_core::request::{Promote, Promoter, Request, StageReconcile};

use crate::rollout::Rollout;
use crate::state::{Live, State};

/// An attempt of a version in a stage: the subject of most facts of `deploy`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Subject<'a> {
    model: &'a ModelName,
    /// `None` for a policy without stages.
    stage: Option<&'a StageName>,
    package: &'a PackageArn,
    attempt: u32,
}

impl<'a> Subject<'a> {
    /// A version that may have no rollout, at its attempt in this state.
    pub(crate) fn of_package(policy: &'a Policy, stage: &'a Stage, state: &State, package: &'a PackageArn) -> Self {
        Self { model: &policy.model, stage: stage.label(), package, attempt: state.attempt(package) }
    }

    pub(crate) fn of_rollout(rollout: &'a Rollout) -> Self {
        let Rollout { model, stage, package, attempt, .. } = rollout;
        Self { model, stage: stage.as_ref(), package, attempt: *attempt }
    }

    pub(crate) fn of_live(live: &'a Live, state: &State) -> Self {
        let Live { model, stage, package, .. } = live;
        Self { model, stage: stage.as_ref(), package, attempt: state.attempt(package) }
    }

    /// The same version at the attempt that follows.
    pub(crate) fn at_attempt(self, attempt: u32) -> Self {
        Self { attempt, ..self }
    }

    fn text(self) -> FactSubject {
        let Self { model, stage, package, attempt } = self;
        FactSubject::Rollout { model: model.clone(), stage: stage.cloned(), version: package.version(), attempt }
    }
}

/// A fact about a version's rollout. Each attempt is a subject of its own.
pub(crate) fn about(kind: FactKind, subject: Subject<'_>, reasons: Vec<String>, at: Timestamp) -> Fact {
    let package = subject.package;
    let details = Details::default()
        .with_package(package.clone())
        .with_version(package.version())
        .with_stage(subject.stage.cloned());
    Fact { reasons, details, ..Fact::new(kind, subject.text(), at).of_model(subject.model) }
}

/// A batch transform job, as the facts about its rollout name it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TransformDetails {
    pub(crate) job: String,
    /// The S3 prefix of the results; `None` if the job failed.
    pub(crate) output: Option<String>,
}

/// The fact with the job and the location of its results.
pub(crate) fn with_transform(fact: Fact, transform: &TransformDetails) -> Fact {
    let details = fact.details.clone().with_job(transform.job.clone()).with_output(transform.output.clone());
    fact.with(details)
}

/// The rollout takes longer than the policy allows. A variant test and the rollout after it exceed their deadlines one
/// by one, and each is a subject of its own.
pub(crate) fn deadline_exceeded(rollout: &Rollout, reason: &str, at: Timestamp) -> Fact {
    let fact = about(FactKind::DeadlineExceeded, Subject::of_rollout(rollout), vec![reason.to_owned()], at);
    let work = Box::new(fact.subject.clone());
    let subject = match rollout.is_variant_test() {
        true => FactSubject::VariantTestDeadline(work),
        false => FactSubject::Deadline(work),
    };
    Fact { subject, ..fact }
}

/// Refuses an operator's rollback.
pub(crate) fn rollback_refused(request: &Fact, stage: &Stage, reason: &str, at: Timestamp) -> Fact {
    let details = Details::default().with_stage(stage.name.clone());
    Fact { kind: FactKind::RollbackRefused, at, reasons: vec![reason.to_owned()], details, ..request.clone() }
}

/// Offers a version to the next stage, because it is live in the one before.
pub(crate) fn promotion_request(to: &StageName, rollout: &Rollout, reason: &str, at: Timestamp) -> Fact {
    let (package, attempt) = (rollout.package.clone(), rollout.attempt);
    let by = Promoter::PreviousStage { package, attempt };
    Request::Promote(Promote { stage: to.clone(), version: rollout.version(), by }).into_fact(
        &rollout.model,
        reason,
        at,
    )
}

/// Withdraws a rejected version from another stage.
pub(crate) fn withdrawal_request(to: &StageName, subject: Subject<'_>, reason: &str, at: Timestamp) -> Fact {
    let Subject { model, package, attempt, .. } = subject;
    Request::Withdraw { stage: to.clone(), package: package.clone(), attempt }.into_fact(model, reason, at)
}

/// Passes a reconcile of the model on to one of its stages; `None` for a fact without a model.
pub(crate) fn stage_reconcile_request(to: &StageName, request: &Fact, at: Timestamp) -> Option<Fact> {
    let cause = match request.subject {
        FactSubject::Reconcile { at, .. } => StageReconcile::OfModel(at),
        _ => StageReconcile::OfModel(request.at),
    };
    let reason = request.reasons.first().cloned().unwrap_or_default();
    Some(Request::ReconcileStage { stage: to.clone(), cause }.into_fact(request.model.as_ref()?, reason, at))
}

/// Requests a reconcile of the rollout's own stage, because AWS will send no event about the end of the rollout.
pub(crate) fn own_reconcile_request(rollout: &Rollout, reason: &str, at: Timestamp) -> Option<Fact> {
    let stage = rollout.stage.clone().or_else(|| StageName::parse(SOLE).ok())?;
    let cause = StageReconcile::OfRollout { version: rollout.version(), since: rollout.since };
    Some(Request::ReconcileStage { stage, cause }.into_fact(&rollout.model, reason, at))
}

/// The stage that a fact is about; `None` if the policy has no stage of the name in its details.
pub(crate) fn stage<'a>(fact: &Fact, deploy: &'a Deploy) -> Option<&'a Stage> {
    match (fact.kind, fact.details.stage()) {
        (FactKind::ReconcileRequested, _) => deploy.first(),
        // A malformed name is not an absent one: it must not roll production back.
        (FactKind::RollbackRequested, None) if fact.details.text("stage").is_none() => deploy.production(),
        (_, name) => deploy.stage(name?.as_str()),
    }
}
