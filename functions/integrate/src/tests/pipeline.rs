//! CodePipeline as the builder: the commit as source revision, the end by its event or by a reconcile.

use trimtab_core::port::PipelineBuildRequest;

use super::reconcile::asked;
use super::*;

pub(super) const DEMAND: &str = include_str!("../../../../policies/demand.toml");

pub(super) fn demand() -> Rig {
    stage_of(Policy::parse("demand.toml", DEMAND).unwrap())
}

pub(super) fn pushed() -> Value {
    let mut push = push("main", COMMIT);
    push["detail"]["repositoryName"] = json!("demand-model");
    push
}

pub(super) fn ended(pipeline: &str, execution: &str) -> Value {
    let detail = json!({"pipeline": pipeline, "execution-id": execution, "state": "SUCCEEDED"});
    event("aws.codepipeline", "CodePipeline Pipeline Execution State Change", &detail)
}

impl Rig {
    /// The executions that Trimtab started.
    pub(super) fn executions(&self) -> Vec<PipelineBuildRequest> {
        self.cloud.codepipeline().builds.iter().filter_map(|(request, _)| request.clone()).collect()
    }

    /// The event of the execution's end arrives, and the commit's build is decided.
    fn execution_ends(&self, status: &str) -> (Decision, &'static str) {
        self.all_end(&BuildStatus::parse(status));
        assert_eq!(self.react(&ended("demand-integration", "execution-0")), (Decision::Acted, "executed"));
        self.follow()
    }

    /// The newest request is decided.
    fn follow(&self) -> (Decision, &'static str) {
        let wanted = self.cloud.facts().pop().unwrap();
        assert_eq!(wanted.kind, FactKind::BuildRequested);
        let mut request = asked("Build Requested", &json!(wanted.details));
        request["detail"]["model"] = json!("demand");
        self.react(&request)
    }
}

#[test]
fn codepipeline_builds_the_commit_and_gets_nothing_else() {
    let stage = demand();
    assert_eq!(stage.react(&pushed()), (Decision::Acted, "pushed"));
    assert_eq!(stage.react(&pushed()), (Decision::Skipped, "already_built"));
    let executions = stage.executions();
    let names = (executions[0].pipeline.as_str(), executions[0].source.as_str(), executions[0].variable.as_str());
    assert_eq!((executions.len(), names), (1, ("demand-integration", "Source", "Commit")));
    assert_eq!(executions[0].commit.as_str(), COMMIT);
    assert!(stage.builds().is_empty());
    assert_eq!(stage.published(), [FactKind::BuildStarted]);
}

#[test]
fn start_with_a_lost_response_adopts_the_execution() {
    let stage = demand();
    stage.cloud.fail_effect(0, Fault::Lost);
    assert!(matches!(stage.try_react(&pushed()), Err(Failure::Transient { .. })));
    stage.world.clock.set(stage.world.clock.now() + LEASE);
    assert_eq!(stage.react(&pushed()), (Decision::Acted, "start_pending"));
    assert_eq!(stage.executions().len(), 1);
}

#[test]
fn execution_that_succeeds_requests_training_once() {
    let stage = demand();
    stage.react(&pushed());
    assert_eq!(stage.execution_ends("SUCCEEDED"), (Decision::Acted, "built"));
    assert_eq!(stage.cloud.facts().last().unwrap().details.text("commit").unwrap(), COMMIT);
    assert_eq!(stage.execution_ends("SUCCEEDED"), (Decision::Skipped, "already_requested"));
    assert_eq!(stage.published().into_iter().filter(|kind| *kind == FactKind::TrainingRequested).count(), 1);
}

#[test]
fn execution_that_fails_is_reported() {
    let stage = demand();
    stage.react(&pushed());
    assert_eq!(stage.execution_ends("FAILED"), (Decision::Acted, "build_failed"));
    assert_eq!(stage.published().last(), Some(&FactKind::BuildFailed));
}

#[test]
fn end_received_before_the_start_was_recorded_is_handled() {
    let stage = demand();
    stage.cloud.fail_effect(0, Fault::Lost);
    assert!(stage.try_react(&pushed()).is_err());
    stage.world.clock.set(stage.world.clock.now() + LEASE);
    assert_eq!(stage.execution_ends("SUCCEEDED"), (Decision::Acted, "built"));
}

#[test]
fn execution_that_trimtab_did_not_start_is_skipped() {
    let stage = demand();
    let records = || stage.world.ledger.contents().history.len();
    assert_eq!(stage.react(&ended("segments-delivery", "execution-0")), (Decision::Skipped, "not_configured"));
    assert_eq!((records(), stage.published()), (0, vec![]));
    stage.cloud.codepipeline().builds.push((None, CodePipelineState::Succeeded));
    let by_hand = stage.react(&ended("demand-integration", "execution-0"));
    assert_eq!((by_hand, stage.published()), ((Decision::Skipped, "not_started_by_trimtab"), vec![]));
    assert_eq!(stage.react(&ended("demand-integration", "execution-1")), (Decision::Failed, "no_such_execution"));
}

#[test]
fn request_with_another_commits_execution_fails() {
    let stage = demand();
    stage.react(&pushed());
    stage.all_end(&BuildStatus::Succeeded);
    let details = json!({"commit": "b".repeat(40), "execution": "execution-0"});
    let mut request = asked("Build Requested", &details);
    request["detail"]["model"] = json!("demand");
    assert_eq!(stage.react(&request), (Decision::Failed, "other_build"));
}

#[test]
fn missed_end_of_an_execution_is_found_by_reconcile() {
    let stage = demand();
    stage.react(&pushed());
    let reconcile = || {
        let mut event = asked("Reconcile Requested", &json!({}));
        event["detail"]["model"] = json!("demand");
        stage.react(&event)
    };
    assert_eq!(reconcile(), (Decision::Acted, "first_reconcile"));
    stage.all_end(&BuildStatus::Succeeded);
    assert_eq!(reconcile(), (Decision::Acted, "build_open"));
    assert_eq!(stage.follow(), (Decision::Acted, "built"));
}

/// CodePipeline's states: <https://docs.aws.amazon.com/codepipeline/latest/userguide/detect-state-changes-cloudwatch-events.html>.
/// An execution that is stopped, canceled or superseded has built nothing.
#[test]
fn each_execution_state_is_running_or_an_end() {
    for (word, outcome) in [
        ("STARTED", None),
        ("RESUMED", None),
        ("STOPPING", None),
        ("SUCCEEDED", Some((Decision::Acted, "built"))),
        ("FAILED", Some((Decision::Acted, "build_failed"))),
        ("STOPPED", Some((Decision::Acted, "build_failed"))),
        ("SUPERSEDED", Some((Decision::Acted, "build_failed"))),
        ("CANCELED", Some((Decision::Acted, "build_failed"))),
    ] {
        let stage = demand();
        stage.react(&pushed());
        stage.cloud.codepipeline().builds[0].1 = CodePipelineState::parse(word);
        let received = stage.react(&ended("demand-integration", "execution-0"));
        match outcome {
            None => assert_eq!(received, (Decision::Skipped, "still_running"), "{word}"),
            Some(outcome) => {
                assert_eq!(received, (Decision::Acted, "executed"), "{word}");
                assert_eq!(stage.follow(), outcome, "{word}");
            }
        }
    }
}

/// A developer starts the pipeline for the same commit by hand.
#[test]
fn second_execution_of_a_commit_requests_no_training() {
    let stage = demand();
    stage.react(&pushed());
    let by_hand = (stage.executions().pop(), CodePipelineState::Succeeded);
    stage.cloud.codepipeline().builds.push(by_hand);
    assert_eq!(stage.react(&ended("demand-integration", "execution-1")), (Decision::Acted, "executed"));
    assert_eq!(stage.follow(), (Decision::Skipped, "other_build"));
    assert!(!stage.published().contains(&FactKind::TrainingRequested));
}

#[test]
fn execution_token_depends_on_the_commit_and_on_no_clock() {
    let token = |commit: &str, hours: i64| {
        let stage = demand();
        stage.set_head(CommitId::parse(commit).ok());
        stage.world.clock.set(stage.world.clock.now() + jiff::SignedDuration::from_hours(hours));
        let mut push = pushed();
        push["detail"]["commitId"] = json!(commit);
        assert_eq!(stage.react(&push), (Decision::Acted, "pushed"));
        stage.executions()[0].token.clone()
    };
    assert_eq!(token(COMMIT, 0), token(COMMIT, 3), "the token is made of the clock");
    assert_ne!(token(COMMIT, 0), token(&"b".repeat(40), 0), "another commit has the same token");
}
