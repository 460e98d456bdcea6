//! The training pipeline's definition comes from the built commit, before training is requested.

use super::*;

/// A stage on which the head of `main` is being built.
fn building() -> Rig {
    let stage = stage();
    stage.react(&push("main", COMMIT));
    stage
}

impl Rig {
    fn defined(&self) -> Vec<(&'static str, String)> {
        let calls = self.cloud.pipelines().definitions.clone();
        calls.iter().map(|defined| (defined.call, defined.commit.to_string())).collect()
    }

    /// The build succeeds, and the definition is refused with this reason.
    fn refuses(&self, words: &str) {
        assert_eq!(self.ends_as("SUCCEEDED").0, Decision::Failed);
        assert_eq!(
            self.published(),
            [FactKind::BuildStarted, FactKind::BuildFailed],
            "no training on what was there before"
        );
        let reasons = self.cloud.facts()[1].reasons.join(" ");
        assert!(reasons.contains(words), "{reasons}");
        assert_eq!(self.world.ledger.contents().dead_letters.len(), 1);
    }
}

#[test]
fn pipeline_gets_the_built_commits_definition_before_training() {
    let stage = building();
    assert_eq!(stage.ends_as("SUCCEEDED"), (Decision::Acted, "built"));
    stage.ends_as("SUCCEEDED");
    assert_eq!(stage.defined(), [("update", COMMIT.to_owned())]);
    assert_eq!(stage.published().last(), Some(&FactKind::TrainingRequested));
}

#[test]
fn missing_pipeline_is_created_with_the_policys_role() {
    let stage = building();
    stage.cloud.pipelines().pipelines.clear();
    assert_eq!(stage.ends_as("SUCCEEDED"), (Decision::Acted, "built"));
    assert_eq!(stage.defined(), [("create", COMMIT.to_owned())]);
}

#[test]
fn update_with_a_lost_response_defines_nothing_twice() {
    let stage = building();
    stage.cloud.fail_effect(0, Fault::Lost);
    stage.all_end(&BuildStatus::Succeeded);
    assert!(matches!(stage.try_react(&built("SUCCEEDED")), Err(Failure::Transient { .. })));
    stage.world.clock.set(stage.world.clock.now() + LEASE);
    assert_eq!(stage.ends_as("SUCCEEDED"), (Decision::Acted, "built"));
    assert_eq!((stage.defined().len(), stage.published().last()), (1, Some(&FactKind::TrainingRequested)));
}

#[test]
fn older_commit_never_overwrites_the_definition() {
    let stage = building();
    stage.set_head(CommitId::parse(&"b".repeat(40)).ok());
    assert_eq!(stage.ends_as("SUCCEEDED"), (Decision::Acted, "branch_moved"));
    assert_eq!((stage.defined(), stage.published()), (vec![], vec![FactKind::BuildStarted]));
}

#[test]
fn invalid_definition_is_refused_and_never_shown() {
    for (content, words) in [
        (None, "is not in the repository"),
        (Some(b"{secret".to_vec()), "is not JSON"),
        (Some(b"[1]".to_vec()), "is not a pipeline definition"),
        (Some(vec![0xff]), "is not UTF-8"),
        (Some(vec![b' '; 1_048_577]), "is larger"),
    ] {
        let stage = building();
        stage.cloud.codecommit().file = Some(content);
        stage.refuses(words);
        assert_eq!(stage.defined(), []);
        assert!(!format!("{:?}", stage.cloud.facts()).contains("secret"));
    }
}

#[test]
fn definition_that_sagemaker_refuses_is_reported() {
    let stage = building();
    stage.refuse();
    stage.refuses("ValidationException");
}

/// SageMaker accepts up to 1 MiB: <https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_UpdatePipeline.html>.
#[test]
fn definition_of_exactly_1_mib_is_accepted() {
    let (head, tail) = (r#"{"Version": "2020-12-01", "Steps": [""#, r#""]}"#);
    for (length, taken) in [(1_048_576, true), (1_048_577, false)] {
        let text = format!("{head}{}{tail}", "x".repeat(length - head.len() - tail.len()));
        let stage = building();
        stage.cloud.codecommit().file = Some(Some(text.clone().into_bytes()));
        assert_eq!(stage.ends_as("SUCCEEDED").0 == Decision::Acted, taken, "{length} bytes");
        let defined =
            stage.cloud.pipelines().definitions.iter().map(|defined| defined.text == text).collect::<Vec<_>>();
        assert_eq!(defined, Vec::from_iter(taken.then_some(true)), "{length} bytes");
    }
}

#[test]
fn definition_without_version_or_steps_is_refused() {
    for text in [
        r#"{"Version": "2020-12-01"}"#,
        r#"{"Steps": []}"#,
        r#"{"Version": 1, "Steps": []}"#,
        r#"{"Version": "2020-12-01", "Steps": {}}"#,
        r#""Version Steps""#,
    ] {
        let stage = building();
        stage.cloud.codecommit().file = Some(Some(text.into()));
        stage.refuses("is not a pipeline definition");
        assert_eq!(stage.defined(), [], "{text} went to SageMaker");
    }
}

#[test]
fn pipeline_gets_the_text_of_exactly_the_built_commit() {
    let stage = building();
    stage.ends_as("SUCCEEDED");
    let defined = stage.cloud.pipelines().definitions.clone();
    let commit = CommitId::parse(COMMIT).unwrap();
    assert_eq!((defined[0].pipeline.as_str(), &defined[0].commit), ("churn-training", &commit));
    assert_eq!(defined[0].text, trimtab_fake::codecommit::definition_of(&commit));
}

/// Only the policy's role may be passed: without one, an existing pipeline is updated and none is created.
#[test]
fn pipeline_without_a_role_is_updated_and_never_created() {
    for (is_there, decision) in [(true, Decision::Acted), (false, Decision::Failed)] {
        let stage = building();
        stage.change_rules(|rules| rules.pipeline_role = None);
        if !is_there {
            stage.cloud.pipelines().pipelines.clear();
        }
        assert_eq!(stage.ends_as("SUCCEEDED").0, decision);
        assert_eq!(stage.defined().len(), usize::from(is_there));
        let reasons =
            stage.world.ledger.contents().history.values().flat_map(|entry| entry.reasons.clone()).collect::<String>();
        assert_eq!(reasons.contains("no integrate.pipeline_role"), !is_there, "{reasons}");
    }
}

#[test]
fn head_of_each_configured_branch_may_define_the_pipeline() {
    let stage = building();
    stage.change_rules(|rules| rules.branches.push(BranchName::parse("release").unwrap()));
    let heads = [("main", "b".repeat(40)), ("release", COMMIT.to_owned())];
    let heads = heads.map(|(branch, head)| (format!("churn-model {branch}"), CommitId::parse(&head).unwrap()));
    stage.cloud.codecommit().heads.extend(heads);
    assert_eq!(stage.ends_as("SUCCEEDED"), (Decision::Acted, "built"));
    assert_eq!(stage.defined(), [("update", COMMIT.to_owned())]);
}

#[test]
fn pipeline_of_another_commit_gets_the_built_commits_text() {
    let stage = building();
    let before = CommitId::parse(&"a".repeat(40)).ok();
    stage.cloud.pipelines().pipelines.insert("churn-training".into(), ObservedDefinition { commit: before });
    assert_eq!(stage.ends_as("SUCCEEDED"), (Decision::Acted, "built"));
    let (commit, defined) = (CommitId::parse(COMMIT).unwrap(), stage.cloud.pipelines().definitions.clone());
    assert_eq!((defined.len(), &defined[0].commit), (1, &commit));
    assert_eq!(defined[0].text, trimtab_fake::codecommit::definition_of(&commit));
}

/// SageMaker deduplicates `CreatePipeline` by its token: with one token, the second commit would not be defined.
#[test]
fn definition_token_depends_on_the_commit_and_on_no_clock() {
    let token = |commit: &str, hours: i64| {
        let stage = stage();
        stage.cloud.pipelines().pipelines.clear();
        stage.set_head(CommitId::parse(commit).ok());
        stage.world.clock.set(stage.world.clock.now() + jiff::SignedDuration::from_hours(hours));
        stage.react(&push("main", commit));
        stage.all_end(&BuildStatus::Succeeded);
        let mut end = built("SUCCEEDED");
        end["detail"]["additional-information"]["source-version"] = json!(commit);
        assert_eq!(stage.react(&end), (Decision::Acted, "built"));
        assert_eq!(stage.defined(), [("create", commit.to_owned())]);
        stage.cloud.pipelines().definitions[0].token.clone()
    };
    let first = token(COMMIT, 0);
    assert_eq!(first.len(), 40, "SageMaker takes 32 to 128 characters: {first}");
    assert_eq!(first, token(COMMIT, 3), "the token is made of the clock");
    assert_ne!(first, token(&"b".repeat(40), 0), "another commit has the same token");
}

#[test]
fn pipeline_update_that_succeeds_adds_no_refusal() {
    let stage = building();
    stage.all_end(&BuildStatus::Succeeded);
    assert_eq!(stage.try_react(&built("SUCCEEDED")).unwrap().codes, ["built"]);
}
