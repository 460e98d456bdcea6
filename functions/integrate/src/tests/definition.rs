//! The training pipeline's definition comes from the built commit, before training is asked for.

use super::*;

/// A stage on which the head of `main` is being built.
fn building() -> Stage {
    let stage = stage();
    stage.react(&push("main", COMMIT));
    stage
}

impl Stage {
    fn defined(&self) -> Vec<(&'static str, String)> {
        let calls = self.cloud.account().definitions.clone();
        calls.iter().map(|defined| (defined.call, defined.commit.to_string())).collect()
    }

    /// The build succeeds, and the definition is refused with these words.
    fn refuses(&self, words: &str) {
        assert_eq!(self.ends_as("SUCCEEDED").0, Decision::Rejected);
        assert_eq!(
            self.told(),
            [FactKind::BuildStarted, FactKind::BuildFailed],
            "no training on what was there before"
        );
        let reasons = self.cloud.facts()[1].reasons.join(" ");
        assert!(reasons.contains(words), "{reasons}");
        assert_eq!(self.world.ledger.contents().kept.len(), 1);
    }
}

#[test]
fn the_pipeline_gets_the_built_commits_definition_once_before_training_is_asked_for() {
    let stage = building();
    assert_eq!(stage.ends_as("SUCCEEDED"), (Decision::Acted, "built"));
    stage.ends_as("SUCCEEDED");
    assert_eq!(stage.defined(), [("update", COMMIT.to_owned())]);
    assert_eq!(stage.told().last(), Some(&FactKind::TrainingRequested));
}

#[test]
fn a_pipeline_that_is_not_there_is_made_with_the_policys_role() {
    let stage = building();
    stage.cloud.account().pipelines.clear();
    assert_eq!(stage.ends_as("SUCCEEDED"), (Decision::Acted, "built"));
    assert_eq!(stage.defined(), [("create", COMMIT.to_owned())]);
}

#[test]
fn a_lost_answer_defines_nothing_twice_and_training_is_asked_for() {
    let stage = building();
    stage.cloud.account().lose_next_answer = true;
    stage.all_end(&BuildStatus::Succeeded);
    assert!(matches!(stage.try_react(&built("SUCCEEDED")), Err(Failure::Retry { .. })));
    stage.world.clock.set(stage.world.clock.now() + LEASE);
    assert_eq!(stage.ends_as("SUCCEEDED"), (Decision::Acted, "built"));
    assert_eq!((stage.defined().len(), stage.told().last()), (1, Some(&FactKind::TrainingRequested)));
}

#[test]
fn a_commit_that_somebody_has_pushed_over_takes_no_pipeline_back() {
    let stage = building();
    stage.set_head(CommitId::parse(&"b".repeat(40)).ok());
    assert_eq!(stage.ends_as("SUCCEEDED"), (Decision::Acted, "branch_moved"));
    assert_eq!((stage.defined(), stage.told()), (vec![], vec![FactKind::BuildStarted]));
}

#[test]
fn what_is_no_definition_is_refused_and_not_repeated() {
    for (content, words) in [
        (None, "is not in the repository"),
        (Some(b"{secret".to_vec()), "is not JSON"),
        (Some(b"[1]".to_vec()), "is no pipeline definition"),
        (Some(vec![0xff]), "is not UTF-8"),
        (Some(vec![b' '; 1_048_577]), "is larger"),
    ] {
        let stage = building();
        stage.cloud.account().file = Some(content);
        stage.refuses(words);
        assert_eq!(stage.defined(), []);
        assert!(!format!("{:?}", stage.cloud.facts()).contains("secret"));
    }
}

#[test]
fn what_sagemaker_refuses_is_told_and_nothing_is_trained() {
    let stage = building();
    stage.cloud.account().refuse = true;
    stage.refuses("ValidationException");
}
