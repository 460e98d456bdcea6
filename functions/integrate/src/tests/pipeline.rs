//! CodePipeline as the builder: the commit as source revision, the end by its event or by looking.

use trimtab_core::port::PipelineBuildRequest;

use super::reconcile::asked;
use super::*;

pub(super) const DEMAND: &str = include_str!("../../../../policies/demand.toml");

pub(super) fn demand() -> Stage {
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

impl Stage {
    /// What CodePipeline was asked to build.
    pub(super) fn executions(&self) -> Vec<PipelineBuildRequest> {
        self.cloud.account().executions.iter().filter_map(|(request, _)| request.clone()).collect()
    }

    /// The execution's end is heard, and the build is looked at.
    fn execution_ends(&self, status: &str) -> (Decision, &'static str) {
        self.all_end(&BuildStatus::parse(status));
        assert_eq!(self.react(&ended("demand-integration", "execution-0")), (Decision::Acted, "executed"));
        self.follow()
    }

    /// What the newest fact asks for.
    fn follow(&self) -> (Decision, &'static str) {
        let wanted = self.cloud.facts().pop().unwrap();
        assert_eq!(wanted.kind, FactKind::BuildRequested);
        let mut request = asked("Build Requested", &json!(wanted.details));
        request["detail"]["model"] = json!("demand");
        self.react(&request)
    }
}

#[test]
fn the_pipeline_builds_exactly_the_commit_and_gets_nothing_else() {
    let stage = demand();
    assert_eq!(stage.react(&pushed()), (Decision::Acted, "pushed"));
    assert_eq!(stage.react(&pushed()), (Decision::Skipped, "already_built"));
    let executions = stage.executions();
    let names = (executions[0].pipeline.as_str(), executions[0].source.as_str(), executions[0].variable.as_str());
    assert_eq!((executions.len(), names), (1, ("demand-integration", "Source", "Commit")));
    assert_eq!(executions[0].commit.as_str(), COMMIT);
    assert!(stage.builds().is_empty());
    assert_eq!(stage.told(), [FactKind::BuildStarted]);
}

#[test]
fn a_lost_answer_is_made_good_by_adopting_the_execution() {
    let stage = demand();
    stage.cloud.account().lose_next_answer = true;
    assert!(matches!(stage.try_react(&pushed()), Err(Failure::Transient { .. })));
    stage.world.clock.set(stage.world.clock.now() + LEASE);
    assert_eq!(stage.react(&pushed()), (Decision::Acted, "start_pending"));
    assert_eq!(stage.executions().len(), 1);
}

#[test]
fn its_end_asks_for_training_once() {
    let stage = demand();
    stage.react(&pushed());
    assert_eq!(stage.execution_ends("SUCCEEDED"), (Decision::Acted, "built"));
    assert_eq!(stage.cloud.facts().last().unwrap().details["commit"], COMMIT);
    assert_eq!(stage.execution_ends("SUCCEEDED"), (Decision::Skipped, "already_requested"));
    assert_eq!(stage.told().into_iter().filter(|kind| *kind == FactKind::TrainingRequested).count(), 1);
}

#[test]
fn an_execution_that_fails_is_told() {
    let stage = demand();
    stage.react(&pushed());
    assert_eq!(stage.execution_ends("FAILED"), (Decision::Acted, "build_failed"));
    assert_eq!(stage.told().last(), Some(&FactKind::BuildFailed));
}

#[test]
fn an_end_that_comes_before_the_start_was_recorded_is_not_lost() {
    let stage = demand();
    stage.cloud.account().lose_next_answer = true;
    assert!(stage.try_react(&pushed()).is_err());
    stage.world.clock.set(stage.world.clock.now() + LEASE);
    assert_eq!(stage.execution_ends("SUCCEEDED"), (Decision::Acted, "built"));
}

#[test]
fn what_belongs_to_others_is_left_to_them_in_silence() {
    let stage = demand();
    let records = || stage.world.ledger.contents().history.len();
    assert_eq!(stage.react(&ended("segments-delivery", "execution-0")), (Decision::Skipped, "not_watched"));
    assert_eq!((records(), stage.told()), (0, vec![]));
    stage.cloud.account().executions.push((None, CodePipelineState::Succeeded));
    let by_hand = stage.react(&ended("demand-integration", "execution-0"));
    assert_eq!((by_hand, stage.told()), ((Decision::Skipped, "not_ours"), vec![]));
    assert_eq!(stage.react(&ended("demand-integration", "execution-1")), (Decision::Failed, "no_such_execution"));
}

#[test]
fn a_request_that_names_another_commits_execution_is_refused() {
    let stage = demand();
    stage.react(&pushed());
    stage.all_end(&BuildStatus::Succeeded);
    let details = json!({"commit": "b".repeat(40), "execution": "execution-0"});
    let mut request = asked("Build Requested", &details);
    request["detail"]["model"] = json!("demand");
    assert_eq!(stage.react(&request), (Decision::Failed, "other_build"));
}

#[test]
fn an_end_that_nobody_heard_of_is_found_by_looking() {
    let stage = demand();
    stage.react(&pushed());
    let look = || {
        let mut look = asked("Reconcile Requested", &json!({}));
        look["detail"]["model"] = json!("demand");
        stage.react(&look)
    };
    assert_eq!(look(), (Decision::Acted, "first_reconcile"));
    stage.all_end(&BuildStatus::Succeeded);
    assert_eq!(look(), (Decision::Acted, "build_open"));
    assert_eq!(stage.follow(), (Decision::Acted, "built"));
}

/// CodePipeline's states: <https://docs.aws.amazon.com/codepipeline/latest/userguide/detect-state-changes-cloudwatch-events.html>.
/// What is stopped, canceled or superseded by a newer one has built nothing.
#[test]
fn each_state_of_an_execution_is_on_or_an_end() {
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
        stage.cloud.account().executions[0].1 = CodePipelineState::parse(word);
        let heard = stage.react(&ended("demand-integration", "execution-0"));
        match outcome {
            None => assert_eq!(heard, (Decision::Skipped, "still_running"), "{word}"),
            Some(outcome) => {
                assert_eq!(heard, (Decision::Acted, "executed"), "{word}");
                assert_eq!(stage.follow(), outcome, "{word}");
            }
        }
    }
}

/// Somebody starts the pipeline for the same commit, by hand.
#[test]
fn another_execution_of_a_building_commit_trains_nothing() {
    let stage = demand();
    stage.react(&pushed());
    let by_hand = (stage.executions().pop(), CodePipelineState::Succeeded);
    stage.cloud.account().executions.push(by_hand);
    assert_eq!(stage.react(&ended("demand-integration", "execution-1")), (Decision::Acted, "executed"));
    assert_eq!(stage.follow(), (Decision::Skipped, "other_build"));
    assert!(!stage.told().contains(&FactKind::TrainingRequested));
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
