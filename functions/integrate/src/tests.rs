//! Which pushes are built and which builds ask for training, through the whole reaction.

use std::sync::Mutex;

use serde_json::{Value, json};
use trimtab_core::event::BuildStatus;
use trimtab_core::fact::FactKind;
use trimtab_core::failure::Failure;
use trimtab_core::memory::{FixedClock, MemoryBus, MemoryLedger, run};
use trimtab_core::name::{
    BranchName, BuildId, CommitId, FilePath, ImageUri, PipelineName, PullRequestId, RepositoryName,
};
use trimtab_core::plan::Decision;
use trimtab_core::policy::Policy;
use trimtab_core::port::builder::PipelineBuildRequest;
use trimtab_core::port::definition::{DefinitionRequest, DefinitionTruth, Definitions};
use trimtab_core::port::ml::{
    BuildRequest, BuildTruth, Builds, CommentRequest, PullRequestTruth, PullRequests, Repositories,
};
use trimtab_core::port::{Answer, Clock};
use trimtab_core::react::{LEASE, Report, World};

use crate::Reaction;

mod branch;
mod definition;
mod image;
mod look;
mod merge;
mod pipeline;
mod review;

const NOON: &str = "2026-11-20T12:00:00Z";
const COMMIT: &str = "4f1d9c0e7a52b8361d0f4c9ea7b35d2861f0c4ae";

const DEFINITION: &str = r#"{"Version": "2020-12-01", "Steps": []}"#;

struct Cloud {
    head: Mutex<Option<CommitId>>,
    pull: Mutex<Option<PullRequestTruth>>,
    comments: Mutex<Vec<CommentRequest>>,
    builds: Mutex<Vec<BuildRequest>>,
    status: Mutex<Option<BuildStatus>>,
    lose_next_answer: Mutex<bool>,
    refuse: bool,
    /// `pipeline.json` at every commit.
    file: Mutex<Option<Vec<u8>>>,
    /// The commit whose definition the pipeline has, if there is a pipeline.
    defined: Mutex<Option<DefinitionTruth>>,
    /// What the pipeline was brought to, and by which call.
    definitions: Mutex<Vec<(&'static str, CommitId)>>,
    /// What every tag points at.
    image: Mutex<Option<ImageUri>>,
    /// What CodePipeline was asked to build.
    executions: Mutex<Vec<PipelineBuildRequest>>,
}

impl Cloud {
    fn define(&self, call: &'static str, request: &DefinitionRequest) -> Answer<()> {
        if self.refuse {
            return Err(Failure::reject("sagemaker:UpdatePipeline", "ValidationException"));
        }
        self.definitions.lock().unwrap().push((call, request.commit.clone()));
        *self.defined.lock().unwrap() = Some(DefinitionTruth { commit: Some(request.commit.clone()) });
        if std::mem::take(&mut *self.lose_next_answer.lock().unwrap()) {
            return Err(Failure::retry("sagemaker:UpdatePipeline", "time-out"));
        }
        Ok(())
    }
}

impl Definitions for &Cloud {
    async fn describe(&self, _: &PipelineName) -> Answer<Option<DefinitionTruth>> {
        Ok(self.defined.lock().unwrap().clone())
    }

    async fn create(&self, request: &DefinitionRequest, _: &str) -> Answer<()> {
        self.define("create", request)
    }

    async fn update(&self, request: &DefinitionRequest, _: &str) -> Answer<()> {
        self.define("update", request)
    }
}

fn build_id(number: usize) -> String {
    format!("arn:aws:codebuild:eu-west-1:123456789012:build/churn-build:{number}")
}

impl Repositories for &Cloud {
    async fn head(&self, _: &RepositoryName, _: &BranchName) -> Answer<Option<CommitId>> {
        Ok(self.head.lock().unwrap().clone())
    }

    async fn file(&self, _: &RepositoryName, _: &CommitId, _: &FilePath) -> Answer<Option<Vec<u8>>> {
        Ok(self.file.lock().unwrap().clone())
    }
}

impl PullRequests for &Cloud {
    async fn open(&self, _: &RepositoryName) -> Answer<Vec<PullRequestId>> {
        let pull = self.pull.lock().unwrap();
        Ok(pull.iter().filter(|pull| pull.open).map(|_| PullRequestId::parse("41").unwrap()).collect())
    }

    async fn pull_request(&self, _: &PullRequestId) -> Answer<Option<PullRequestTruth>> {
        Ok(self.pull.lock().unwrap().clone())
    }

    async fn comment(&self, request: &CommentRequest) -> Answer<()> {
        self.comments.lock().unwrap().push(request.clone());
        Ok(())
    }
}

impl Builds for &Cloud {
    async fn find(&self, request: &BuildRequest) -> Answer<Option<BuildId>> {
        let position = self.builds.lock().unwrap().iter().position(|known| known == request);
        Ok(position.map(|number| BuildId::parse(&build_id(number)).unwrap()))
    }

    async fn start(&self, request: &BuildRequest) -> Answer<BuildId> {
        if self.refuse {
            return Err(Failure::reject("codebuild:StartBuild", "ResourceNotFoundException: no such project"));
        }
        let mut builds = self.builds.lock().unwrap();
        builds.push(request.clone());
        if std::mem::take(&mut *self.lose_next_answer.lock().unwrap()) {
            return Err(Failure::retry("codebuild:StartBuild", "time-out"));
        }
        Ok(BuildId::parse(&build_id(builds.len() - 1)).unwrap())
    }

    async fn describe(&self, build: &BuildId) -> Answer<Option<BuildTruth>> {
        let status = self.status.lock().unwrap().clone();
        let builds = self.builds.lock().unwrap();
        let number: usize = build.as_str().rsplit(':').next().unwrap().parse().unwrap();
        let request = builds.get(number);
        let variables = request.map(|request| request.variables.clone()).unwrap_or_default();
        let commit = request.map(|request| request.commit.clone()).or(CommitId::parse(COMMIT).ok());
        Ok(status.map(|status| BuildTruth { status, commit, variables }))
    }
}

struct Stage {
    cloud: Cloud,
    world: World<MemoryLedger, MemoryBus, FixedClock>,
}

fn stage() -> Stage {
    let policy = Policy::parse("churn.toml", include_str!("../../../models/churn.toml")).unwrap();
    let cloud = Cloud {
        head: Mutex::new(CommitId::parse(COMMIT).ok()),
        pull: Mutex::default(),
        comments: Mutex::default(),
        builds: Mutex::default(),
        status: Mutex::default(),
        lose_next_answer: Mutex::default(),
        refuse: false,
        file: Mutex::new(Some(DEFINITION.into())),
        defined: Mutex::new(Some(DefinitionTruth { commit: None })),
        definitions: Mutex::default(),
        image: Mutex::default(),
        executions: Mutex::default(),
    };
    let clock = FixedClock::at(NOON.parse().unwrap());
    Stage { cloud, world: World { ledger: MemoryLedger::with([policy]), bus: MemoryBus::default(), clock } }
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
    let detail = json!({"build-status": status, "project-name": "churn-build", "build-id": build_id(0),
        "additional-information": {"source-version": COMMIT, "logs": {"deep-link": "https://console.aws.amazon.com/x"}}});
    event("aws.codebuild", "CodeBuild Build State Change", &detail)
}

impl Stage {
    fn try_react(&self, event: &Value) -> Answer<Report> {
        let cloud = &self.cloud;
        let reaction = Reaction {
            repositories: cloud,
            pulls: cloud,
            builds: cloud,
            pipelines: cloud,
            images: cloud,
            definitions: cloud,
            bus: &self.world.bus,
            ledger: self.world.ledger.clone(),
        };
        run(self.world.react(&reaction, event)).unwrap()
    }

    fn react(&self, event: &Value) -> (Decision, &'static str) {
        let report = self.try_react(event).unwrap();
        (report.entry.decision, report.codes[0])
    }

    fn ends_as(&self, status: &str) -> (Decision, &'static str) {
        *self.cloud.status.lock().unwrap() = Some(BuildStatus::parse(status));
        self.react(&built(status))
    }

    fn told(&self) -> Vec<FactKind> {
        self.world.bus.facts().iter().map(|fact| fact.kind).collect()
    }
}

#[test]
fn a_push_to_a_watched_branch_builds_exactly_that_commit() {
    let stage = stage();
    assert_eq!(stage.react(&push("main", COMMIT)), (Decision::Acted, "pushed"));
    let builds = stage.cloud.builds.lock().unwrap();
    assert_eq!((builds[0].commit.as_str(), builds[0].variables["TRIMTAB_MODEL"].as_str()), (COMMIT, "churn"));
    assert_eq!(stage.told(), [FactKind::BuildStarted]);
}

#[test]
fn the_same_push_again_builds_nothing() {
    let stage = stage();
    stage.react(&push("main", COMMIT));
    assert_eq!(stage.react(&push("main", COMMIT)), (Decision::Skipped, "already_built"));
    assert_eq!(stage.cloud.builds.lock().unwrap().len(), 1);
}

#[test]
fn a_lost_answer_is_made_good_by_adopting_the_build() {
    let stage = stage();
    *stage.cloud.lose_next_answer.lock().unwrap() = true;
    assert!(matches!(stage.try_react(&push("main", COMMIT)), Err(Failure::Retry { .. })));
    stage.world.clock.set(stage.world.clock.now() + LEASE);
    assert_eq!(stage.react(&push("main", COMMIT)), (Decision::Acted, "resumed"));
    assert_eq!(stage.cloud.builds.lock().unwrap().len(), 1);
}

#[test]
fn a_branch_that_nobody_watches_is_left_alone() {
    assert_eq!(stage().react(&push("feature/x", COMMIT)), (Decision::Skipped, "branch_not_watched"));
}

#[test]
fn a_push_that_another_has_overtaken_is_left_to_the_other() {
    let stage = stage();
    *stage.cloud.head.lock().unwrap() = CommitId::parse(&"b".repeat(40)).ok();
    assert_eq!(stage.react(&push("main", COMMIT)), (Decision::Skipped, "branch_moved"));
    *stage.cloud.head.lock().unwrap() = None;
    assert_eq!(stage.react(&push("main", COMMIT)), (Decision::Skipped, "branch_gone"));
}

#[test]
fn what_is_not_a_full_commit_never_reaches_codebuild() {
    let stage = stage();
    assert_eq!(stage.react(&push("main", "HEAD; curl evil")), (Decision::Rejected, "no_commit"));
    assert!(stage.cloud.builds.lock().unwrap().is_empty());
}

#[test]
fn a_build_that_succeeds_asks_for_training_once() {
    let stage = stage();
    stage.react(&push("main", COMMIT));
    assert_eq!(stage.ends_as("SUCCEEDED"), (Decision::Acted, "built"));
    assert_eq!(stage.ends_as("SUCCEEDED"), (Decision::Skipped, "already_asked"));
    assert_eq!(stage.told(), [FactKind::BuildStarted, FactKind::TrainingRequested]);
    assert_eq!(stage.world.bus.facts()[1].details["commit"], COMMIT);
}

#[test]
fn a_build_that_fails_is_told_once_with_its_log() {
    let stage = stage();
    stage.react(&push("main", COMMIT));
    assert_eq!(stage.ends_as("TIMED_OUT"), (Decision::Acted, "build_failed"));
    assert_eq!(stage.ends_as("TIMED_OUT"), (Decision::Skipped, "already_handled"));
    assert!(stage.world.bus.facts()[1].details.contains_key("logs"));
}

#[test]
fn a_build_that_codebuild_says_is_on_is_not_over() {
    let stage = stage();
    stage.react(&push("main", COMMIT));
    *stage.cloud.status.lock().unwrap() = Some(BuildStatus::InProgress);
    assert_eq!(stage.react(&built("SUCCEEDED")), (Decision::Skipped, "still_running"));
}

#[test]
fn a_build_that_somebody_else_started_asks_for_nothing() {
    assert_eq!(stage().ends_as("SUCCEEDED"), (Decision::Skipped, "not_ours"));
}

#[test]
fn a_build_that_codebuild_does_not_know_is_rejected_and_kept() {
    let stage = stage();
    assert_eq!(stage.react(&built("SUCCEEDED")), (Decision::Rejected, "no_such_build"));
    assert_eq!(stage.world.ledger.contents().kept.len(), 1);
}

#[test]
fn a_refused_build_is_rejected_kept_and_told() {
    let mut stage = stage();
    stage.cloud.refuse = true;
    assert_eq!(stage.react(&push("main", COMMIT)).0, Decision::Rejected);
    assert_eq!((stage.told(), stage.world.ledger.contents().kept.len()), (vec![FactKind::BuildFailed], 1));
}

#[test]
fn a_paused_model_builds_nothing_and_keeps_the_event() {
    let stage = stage();
    let since = NOON.parse().unwrap();
    stage.world.ledger.contents().paused = Some(trimtab_core::port::Pause { by: "ana".into(), since });
    assert_eq!(stage.react(&push("main", COMMIT)), (Decision::Skipped, "paused"));
    assert_eq!(stage.world.ledger.contents().kept.len(), 1);
    assert!(stage.cloud.builds.lock().unwrap().is_empty());
}
