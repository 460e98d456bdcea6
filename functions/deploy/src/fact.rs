//! The facts that `deploy` publishes and the requests that it reads. No other module knows their details.

use jiff::Timestamp;
use trimtab_core::fact::{self, Fact, FactKind};
use trimtab_core::name::{ModelName, PackageArn, StageName};
use trimtab_core::policy::{Policy, SOLE, Stage};
use trimtab_core::text::one_line;

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

    fn dedup_key(self) -> String {
        let Self { model, stage, package, attempt } = self;
        let version = package.version();
        match stage {
            Some(stage) => format!("rollout/{model}/{stage}/{version}/{attempt}"),
            None => format!("rollout/{model}/{version}/{attempt}"),
        }
    }
}

/// A fact about a version's rollout. Each attempt has its own dedup key.
pub(crate) fn about(kind: FactKind, subject: Subject<'_>, reasons: Vec<String>, at: Timestamp) -> Fact {
    let package = subject.package;
    let mut fact = Fact {
        kind,
        version: fact::VERSION,
        model: Some(subject.model.clone()),
        dedup_key: subject.dedup_key(),
        at,
        reasons,
        details: [("package".to_owned(), package.to_string()), ("version".to_owned(), package.version().to_string())]
            .into(),
    };
    if let Some(stage) = subject.stage {
        fact.details.insert("stage".to_owned(), stage.to_string());
    }
    fact
}

/// A batch transform job, as the facts about its rollout name it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TransformDetails {
    pub(crate) job: String,
    /// The S3 prefix of the results; `None` if the job failed.
    pub(crate) output: Option<String>,
}

/// Adds the job and the location of its results to the fact about its rollout.
pub(crate) fn add_transform_details(fact: &mut Fact, details: &TransformDetails) {
    fact.details.insert("job".to_owned(), details.job.clone());
    if let Some(output) = &details.output {
        fact.details.insert("output".to_owned(), output.clone());
    }
}

/// The rollout takes longer than the policy allows. A variant test and the rollout after it exceed their deadlines one
/// by one, and each has its own dedup key.
pub(crate) fn deadline_exceeded(rollout: &Rollout, reason: &str, at: Timestamp) -> Fact {
    let mut fact = about(FactKind::DeadlineExceeded, Subject::of_rollout(rollout), vec![reason.to_owned()], at);
    let phase = if rollout.is_variant_test() { "/test" } else { "" };
    fact.dedup_key = format!("late/{}{phase}", fact.dedup_key);
    fact
}

/// Refuses an operator's rollback.
pub(crate) fn rollback_refused(request: &Fact, stage: &Stage, reason: &str, at: Timestamp) -> Fact {
    Fact {
        kind: FactKind::RollbackRefused,
        at,
        reasons: vec![reason.to_owned()],
        details: [("stage".to_owned(), stage.name.to_string())].into(),
        ..request.clone()
    }
}

/// Offers a version to the next stage, because it is live in the one before.
pub(crate) fn promotion_request(to: &StageName, rollout: &Rollout, reason: &str, at: Timestamp) -> Fact {
    let subject = Subject::of_rollout(rollout);
    stage_request(FactKind::PromotionRequested, "promotion", to, subject, reason, at)
}

/// Withdraws a rejected version from another stage.
pub(crate) fn withdrawal_request(to: &StageName, subject: Subject<'_>, reason: &str, at: Timestamp) -> Fact {
    stage_request(FactKind::WithdrawalRequested, "withdrawal", to, subject, reason, at)
}

fn stage_request(
    kind: FactKind,
    word: &str,
    to: &StageName,
    subject: Subject<'_>,
    reason: &str,
    at: Timestamp,
) -> Fact {
    let Subject { model, package, attempt, .. } = subject;
    let version = package.version();
    let mut fact = about(kind, Subject { stage: Some(to), ..subject }, vec![reason.to_owned()], at);
    fact.dedup_key = format!("{word}/{model}/{to}/{version}/{attempt}");
    fact
}

/// Passes a reconcile of the model on to one of its stages.
pub(crate) fn stage_reconcile_request(to: &StageName, request: &Fact, at: Timestamp) -> Fact {
    Fact {
        kind: FactKind::StageReconcileRequested,
        dedup_key: format!("{}/{to}", request.dedup_key),
        at,
        details: [("stage".to_owned(), to.to_string())].into(),
        ..request.clone()
    }
}

/// Requests a reconcile of the rollout's own stage, because AWS will send no event about the end of the rollout.
pub(crate) fn own_reconcile_request(rollout: &Rollout, reason: &str, at: Timestamp) -> Fact {
    let stage = rollout.stage.as_ref().map_or(SOLE, StageName::as_str);
    Fact {
        kind: FactKind::StageReconcileRequested,
        version: fact::VERSION,
        model: Some(rollout.model.clone()),
        dedup_key: format!("look/{}/{stage}/{}/{}", rollout.model, rollout.version(), rollout.since),
        at,
        reasons: vec![reason.to_owned()],
        details: [("stage".to_owned(), stage.to_owned())].into(),
    }
}

/// A detail of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Detail<T> {
    Absent,
    Malformed,
    Given(T),
}

/// A request of a stage or an operator.
#[derive(Debug, Clone)]
pub(crate) struct Request<'a> {
    pub(crate) fact: &'a Fact,
    /// The package, which another stage names.
    pub(crate) package: Detail<PackageArn>,
    /// The version, which an operator names.
    pub(crate) version: Detail<u32>,
    /// The operator; `None` for a request of another stage.
    pub(crate) by: Option<String>,
}

impl<'a> Request<'a> {
    pub(crate) fn read(fact: &'a Fact) -> Self {
        let package = fact.details.get("package").map(|text| PackageArn::parse(text).ok());
        let version = fact.details.get("version").map(|text| text.parse().ok());
        let by = fact.details.get("by").map(|by| one_line(by, 64)).filter(|by| !by.is_empty());
        Self { fact, package: Detail::of(package), version: Detail::of(version), by }
    }
}

impl<T> Detail<T> {
    fn of(parsed: Option<Option<T>>) -> Self {
        match parsed {
            None => Self::Absent,
            Some(None) => Self::Malformed,
            Some(Some(value)) => Self::Given(value),
        }
    }
}

/// The stage that a fact names.
pub(crate) fn stage_name(fact: &Fact) -> Option<&str> {
    fact.details.get("stage").map(String::as_str)
}
