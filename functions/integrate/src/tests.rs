//! Which pushes are built and which builds request training, through the whole reaction.

use std::collections::BTreeMap;
use std::ops::Deref;

use serde_json::{Value, json};
use trimtab_core::event::{BuildStatus, CodePipelineState};
use trimtab_core::fact::FactKind;
use trimtab_core::failure::Failure;
use trimtab_core::name::{BranchName, CommitId, ImageUri, ProjectName};
use trimtab_core::plan::Decision;
use trimtab_core::policy::{self, Policy};
use trimtab_core::port::{BuildRequest, Clock, ObservedDefinition, ObservedPullRequest};
use trimtab_core::reactor::LEASE;
use trimtab_fake::codebuild::build_id;
use trimtab_fake::{Fault, ReadOnly, Services};

use crate::Reaction;

mod branch_deletion;
mod calls;
mod definition;
mod facts;
mod image;
mod merge;
mod pipeline;
mod planned;
mod pull_request_build;
mod reconcile;
mod records;
mod sequences;

const CHURN: &str = include_str!("../../../policies/churn.toml");
const NOON: &str = "2026-11-20T12:00:00Z";
const COMMIT: &str = "4f1d9c0e7a52b8361d0f4c9ea7b35d2861f0c4ae";

type Function = Reaction<Services, Services, Services, Services, Services, Services, Services, ReadOnly>;

/// The shared rig, with what `integrate` observes.
struct Rig {
    cloud: Services,
    rig: trimtab_fake::Rig<Function>,
}

impl Deref for Rig {
    type Target = trimtab_fake::Rig<Function>;

    fn deref(&self) -> &Self::Target {
        &self.rig
    }
}

/// A rig of these policies, on which the example's branch, pipeline and nothing else is there.
fn stage_of(policy: Policy) -> Rig {
    let rig = trimtab_fake::Rig::new([policy], NOON.parse().unwrap(), |services, ledger| Reaction {
        repositories: services.clone(),
        pulls: services.clone(),
        builds: services.clone(),
        pipelines: services.clone(),
        images: services.clone(),
        definitions: services.clone(),
        bus: services.clone(),
        ledger: ReadOnly::new(ledger, services),
    });
    let stage = Rig { cloud: rig.services.clone(), rig };
    stage.cloud.pipelines().pipelines.insert("churn-training".into(), ObservedDefinition { commit: None });
    stage.set_head(CommitId::parse(COMMIT).ok());
    stage
}

fn stage() -> Rig {
    stage_of(Policy::parse("churn.toml", CHURN).unwrap())
}

fn event(source: &str, kind: &str, detail: &Value) -> Value {
    json!({"version": "0", "id": "e", "source": source, "detail-type": kind, "account": "123456789012",
        "region": "eu-west-1", "time": NOON, "resources": [], "detail": detail})
}

fn push(branch: &str, commit: &str) -> Value {
    let detail = json!({"event": "referenceUpdated", "repositoryName": "churn-model", "referenceType": "branch",
        "referenceName": branch, "commitId": commit});
    event("aws.codecommit", "CodeCommit Repository State Change", &detail)
}

fn built(status: &str) -> Value {
    let detail = json!({"build-status": status, "project-name": "churn-build", "build-id": build_id("churn-build", 0),
        "additional-information": {"source-version": COMMIT, "logs": {"deep-link": "https://console.aws.amazon.com/x"}}});
    event("aws.codebuild", "CodeBuild Build State Change", &detail)
}

impl Rig {
    /// The head of `main` of the policies' repositories.
    fn set_head(&self, head: Option<CommitId>) {
        let heads = &mut self.cloud.codecommit().heads;
        for branch in ["churn-model main", "demand-model main"] {
            heads.remove(branch);
        }
        let Some(head) = head else { return };
        heads.insert("churn-model main".to_owned(), head.clone());
        heads.insert("demand-model main".to_owned(), head);
    }

    /// Whatever builds has this status.
    fn all_end(&self, status: &BuildStatus) {
        self.cloud.codebuild().builds.iter_mut().for_each(|(_, known)| *known = status.clone());
        let state = match status {
            BuildStatus::InProgress => CodePipelineState::Started,
            other => CodePipelineState::parse(other.as_str()),
        };
        self.cloud.codepipeline().builds.iter_mut().for_each(|(_, known)| *known = state.clone());
    }

    fn builds(&self) -> Vec<BuildRequest> {
        self.cloud.codebuild().builds.iter().map(|(request, _)| request.clone()).collect()
    }

    /// A developer starts a build of the project by hand.
    fn build_by_hand(&self) {
        let (project, commit) = (ProjectName::parse("churn-build").unwrap(), CommitId::parse(COMMIT).unwrap());
        let request = BuildRequest { project, commit, variables: BTreeMap::new(), token: String::new() };
        self.cloud.codebuild().builds.push((request, BuildStatus::InProgress));
    }

    /// Another policy is applied.
    fn change_rules(&self, change: impl FnOnce(&mut policy::Integrate)) {
        let mut contents = self.world.ledger.contents();
        let policy = contents.policies.values_mut().next().unwrap();
        change(policy.integrate.as_mut().unwrap());
    }

    fn change_pull(&self, change: impl FnOnce(&mut ObservedPullRequest)) {
        change(self.cloud.codecommit().pulls.get_mut("41").unwrap());
    }

    /// CodeBuild and SageMaker refuse to start or define anything.
    fn refuse(&self) {
        for operation in ["builds.start", "definitions.create", "definitions.update"] {
            self.cloud.refuse(operation, Failure::permanent("fake:call", "ValidationException"));
        }
    }

    fn ends_as(&self, status: &str) -> (Decision, &'static str) {
        self.all_end(&BuildStatus::parse(status));
        self.react(&built(status))
    }
}

#[test]
fn push_to_a_configured_branch_builds_that_commit() {
    let stage = stage();
    assert_eq!(stage.react(&push("main", COMMIT)), (Decision::Acted, "pushed"));
    let builds = stage.builds();
    assert_eq!((builds[0].commit.as_str(), builds[0].variables["TRIMTAB_MODEL"].as_str()), (COMMIT, "churn"));
    assert_eq!(stage.published(), [FactKind::BuildStarted]);
}

#[test]
fn repeated_push_builds_nothing() {
    let stage = stage();
    stage.react(&push("main", COMMIT));
    assert_eq!(stage.react(&push("main", COMMIT)), (Decision::Skipped, "already_built"));
    assert_eq!(stage.builds().len(), 1);
}

#[test]
fn start_with_a_lost_response_adopts_the_build() {
    let stage = stage();
    stage.cloud.fail_effect(0, Fault::Lost);
    assert!(matches!(stage.try_react(&push("main", COMMIT)), Err(Failure::Transient { .. })));
    stage.world.clock.set(stage.world.clock.now() + LEASE);
    assert_eq!(stage.react(&push("main", COMMIT)), (Decision::Acted, "start_pending"));
    assert_eq!(stage.builds().len(), 1);
}

#[test]
fn push_to_another_branch_builds_nothing() {
    assert_eq!(stage().react(&push("feature/x", COMMIT)), (Decision::Skipped, "branch_not_configured"));
}

#[test]
fn push_that_is_no_head_any_more_builds_nothing() {
    let stage = stage();
    stage.set_head(CommitId::parse(&"b".repeat(40)).ok());
    assert_eq!(stage.react(&push("main", COMMIT)), (Decision::Skipped, "branch_moved"));
    stage.set_head(None);
    assert_eq!(stage.react(&push("main", COMMIT)), (Decision::Skipped, "branch_gone"));
}

#[test]
fn push_without_a_full_commit_id_never_reaches_codebuild() {
    let stage = stage();
    assert_eq!(stage.react(&push("main", "HEAD; curl evil")), (Decision::Failed, "no_commit"));
    assert!(stage.builds().is_empty());
}

#[test]
fn build_that_succeeds_requests_training_once() {
    let stage = stage();
    stage.react(&push("main", COMMIT));
    assert_eq!(stage.ends_as("SUCCEEDED"), (Decision::Acted, "built"));
    assert_eq!(stage.ends_as("SUCCEEDED"), (Decision::Skipped, "already_requested"));
    assert_eq!(stage.published(), [FactKind::BuildStarted, FactKind::TrainingRequested]);
    assert_eq!(stage.cloud.facts()[1].details.text("commit").unwrap(), COMMIT);
}

#[test]
fn build_that_fails_is_reported_once_with_its_log() {
    let stage = stage();
    stage.react(&push("main", COMMIT));
    assert_eq!(stage.ends_as("TIMED_OUT"), (Decision::Acted, "build_failed"));
    assert_eq!(stage.ends_as("TIMED_OUT"), (Decision::Skipped, "already_handled"));
    assert!(stage.cloud.facts()[1].details.text("logs").is_some());
}

#[test]
fn build_that_codebuild_reports_as_running_has_not_ended() {
    let stage = stage();
    stage.react(&push("main", COMMIT));
    stage.all_end(&BuildStatus::InProgress);
    assert_eq!(stage.react(&built("SUCCEEDED")), (Decision::Skipped, "still_running"));
}

#[test]
fn build_that_trimtab_did_not_start_requests_nothing() {
    let stage = stage();
    stage.build_by_hand();
    assert_eq!(stage.ends_as("SUCCEEDED"), (Decision::Skipped, "not_started_by_trimtab"));
}

/// The variable names the model: a build that carries another's is another's.
#[test]
fn build_with_the_models_variable_is_trimtabs() {
    for (model, outcome) in
        [("churn", (Decision::Acted, "built")), ("fraud", (Decision::Skipped, "not_started_by_trimtab"))]
    {
        let stage = stage();
        stage.build_by_hand();
        stage.cloud.codebuild().builds[0].0.variables.insert("TRIMTAB_MODEL".into(), model.into());
        assert_eq!(stage.ends_as("SUCCEEDED"), outcome, "{model}");
    }
}

/// CodeBuild's statuses: <https://docs.aws.amazon.com/codebuild/latest/APIReference/API_Build.html>.
#[test]
fn each_build_status_is_running_a_success_or_a_failure() {
    for (status, outcome) in [
        ("SUCCEEDED", (Decision::Acted, "built")),
        ("FAILED", (Decision::Acted, "build_failed")),
        ("FAULT", (Decision::Acted, "build_failed")),
        ("TIMED_OUT", (Decision::Acted, "build_failed")),
        ("STOPPED", (Decision::Acted, "build_failed")),
        ("IN_PROGRESS", (Decision::Skipped, "still_running")),
        ("OF_A_LATER_API", (Decision::Skipped, "still_running")),
    ] {
        let stage = stage();
        stage.react(&push("main", COMMIT));
        assert_eq!(stage.ends_as(status), outcome, "{status}");
        let trained = stage.published().contains(&FactKind::TrainingRequested);
        assert_eq!(trained, status == "SUCCEEDED", "{status}: only what succeeded is trained");
    }
}

#[test]
fn unknown_build_fails_and_is_dead_lettered() {
    let stage = stage();
    assert_eq!(stage.react(&built("SUCCEEDED")), (Decision::Failed, "no_such_build"));
    assert_eq!(stage.world.ledger.contents().dead_letters.len(), 1);
}

#[test]
fn refused_build_is_dead_lettered_and_reported() {
    let stage = stage();
    stage.refuse();
    assert_eq!(stage.react(&push("main", COMMIT)).0, Decision::Failed);
    assert_eq!((stage.published(), stage.world.ledger.contents().dead_letters.len()), (vec![FactKind::BuildFailed], 1));
}

#[test]
fn redriven_push_starts_the_build_that_was_refused() {
    let stage = stage();
    stage.refuse();
    stage.react(&push("main", COMMIT));
    assert_eq!(stage.react(&push("main", COMMIT)).0, Decision::Failed, "the cause is not corrected yet");
    stage.cloud.accept();
    assert_eq!(stage.react(&push("main", COMMIT)), (Decision::Acted, "pushed"));
    stage.ends_as("FAILED");
    let failures: Vec<String> = stage
        .cloud
        .facts()
        .iter()
        .filter(|fact| fact.kind == FactKind::BuildFailed)
        .map(trimtab_core::fact::Fact::dedup_key)
        .collect();
    let refused = format!("build-start-refused/churn/{COMMIT}");
    assert_eq!(
        failures,
        [refused.clone(), refused, format!("build/churn/{COMMIT}")],
        "the failure has its own message"
    );
}

#[test]
fn paused_model_builds_nothing_and_dead_letters_the_event() {
    let stage = stage();
    let since = NOON.parse().unwrap();
    stage.world.ledger.contents().paused = Some(trimtab_core::port::Pause { by: "ana".into(), since });
    assert_eq!(stage.react(&push("main", COMMIT)), (Decision::Skipped, "paused"));
    assert_eq!(stage.world.ledger.contents().dead_letters.len(), 1);
    assert!(stage.builds().is_empty());
}
