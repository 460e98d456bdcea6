//! The requests for a version: they depend on the policy and the rollout alone.

use trimtab_core::policy::VariantTest;

use super::cases::*;
use super::*;
use crate::action::Action;
use crate::observation::Observed;
use crate::rollout::Progress;
use crate::state::State;

fn observed(endpoint: Option<ObservedEndpoint>) -> Observed {
    let actual = ObservedPackage { approval: Approval::Approved, status: "Completed".into(), lifecycle: None };
    Observed { package: Some(actual), endpoint, ..Observed::default() }
}

/// The actions after the approval of this version, so many seconds after noon.
fn actions(policy: &str, group: &str, version: u32, after: i64) -> Vec<Action> {
    let plan = decide(policy, &approved(group, version), &State::default(), &observed(serves("theirs")), after);
    assert!(!plan.actions.is_empty(), "{plan:?}");
    plan.actions
}

fn config(actions: &[Action]) -> ServingRequest {
    let found = actions.iter().find_map(|action| match action {
        Action::CreateEndpointConfig { request, .. } => Some(request.clone()),
        _ => None,
    });
    found.unwrap()
}

fn token(policy: &str, group: &str, version: u32, after: i64) -> String {
    match &actions(policy, group, version, after)[..] {
        [Action::StartPipelineExecution { request, .. }] => {
            assert_eq!(request.package, package(group, version));
            assert_eq!(
                (request.pipeline.as_str(), request.variable.as_str()),
                ("segments-delivery", "ModelPackageArn")
            );
            assert_eq!(request.since, NOON.parse::<jiff::Timestamp>().unwrap() + SignedDuration::from_secs(after));
            request.token.clone()
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn execution_token_depends_on_package_and_attempt() {
    let one = token(SEGMENTS, "segments", 1, 60);
    assert_eq!(one, token(SEGMENTS, "segments", 1, 60), "the same attempt has the same token");
    assert_ne!(one, token(SEGMENTS, "segments", 2, 60), "another version has another");
    assert_ne!(one, token(SEGMENTS, "segments", 1, 61), "another attempt has another");
    assert!(one.len() <= 128 && one.starts_with("trimtab-"), "{one}: CodePipeline takes 128 characters");
}

#[test]
fn resumed_rollout_keeps_its_token() {
    let first = decide(SEGMENTS, &approved("segments", 1), &State::default(), &observed(None), 60);
    let state = first.state.as_ref().unwrap();
    let again = decide(SEGMENTS, &approved("segments", 1), state, &observed(None), 3600);
    assert_eq!(codes(&again), ["already_handled"]);
    assert_eq!(pending(SEGMENTS, &approved("segments", 1), state, &observed(None), 3600), first.actions);
}

#[test]
fn model_and_configuration_are_named_by_their_content() {
    let name = |policy: &str, version| {
        let actions = actions(policy, "churn", version, 60);
        let [Action::CreateModel { request: model, .. }, _, Action::UpdateEndpoint { request, .. }] = &actions[..]
        else {
            panic!("{actions:?}")
        };
        let config = config(&actions);
        assert_eq!((&model.model, &model.package), (&config.name, &package("churn", version)));
        assert_eq!((&config.model, &request.config), (&config.name, &config.name));
        assert!(config.name.len() <= 63, "SageMaker takes 63 characters");
        config.name
    };
    let replace = |from: &str, to: &str| {
        assert!(CHURN.contains(from), "{from}");
        CHURN.replace(from, to)
    };
    let others = [
        name(CHURN, 2),
        name(&replace("name = \"churn-prod\"", "name = \"churn-live\""), 1),
        name(&replace("role/churn-endpoint", "role/churn-other"), 1),
        name(&replace("ml.m5.large", "ml.m5.4xlarge"), 1),
        name(&replace("percent = 20, destination", "percent = 30, destination"), 1),
        name(&replace("s3://churn-monitoring/captured", "s3://churn-monitoring/else"), 1),
        name(&replace("captured\", kms_key = \"alias/ml\"", "captured\", kms_key = \"alias/other\""), 1),
    ];
    let own = name(CHURN, 1);
    assert_eq!(own, name(CHURN, 1));
    let all: std::collections::BTreeSet<_> = others.iter().chain([&own]).collect();
    assert_eq!(all.len(), others.len() + 1, "another content has another name: {all:?}");
    assert!(own.starts_with("churn-v1-"), "{own}");
}

#[test]
fn only_production_in_this_account_captures_data() {
    let capture = config(&actions(CHURN, "churn", 1, 60)).capture.unwrap();
    assert_eq!((capture.percent, capture.destination.as_str()), (20, "s3://churn-monitoring/captured"));
    let unwatched = &CHURN[..CHURN.find("[monitor]").unwrap()];
    assert_eq!(config(&actions(unwatched, "churn", 1, 60)).capture, None, "nothing monitors it");
    let (head, rest) = CHURN.split_once("[deploy.endpoint]\n").unwrap();
    let (_, tail) = rest.split_once("[evaluate]").unwrap();
    let stage = |name: &str, endpoint: &str, account: &str| {
        let elsewhere = format!("account = {{ role = \"arn:aws:iam::{account}:role/trimtab-stage-churn\" }}\n");
        let place = if account == "123456789012" { String::new() } else { elsewhere };
        format!(
            "[[deploy.stages]]\nname = \"{name}\"\n{place}[deploy.stages.endpoint]\nname = \"{endpoint}\"\n\
             role = \"arn:aws:iam::{account}:role/churn-endpoint\"\ninstance_type = \"ml.m5.large\"\ninstances = 1\n"
        )
    };
    let staged = |first: String, last: String| format!("{head}{first}{last}[evaluate]{tail}");
    let prod = stage("prod", "churn-prod", "123456789012");
    let dev = staged(stage("dev", "churn-dev", "123456789012"), prod.clone());
    assert_eq!(config(&actions(&dev, "churn", 1, 60)).capture, None, "another endpoint is not watched");
    let elsewhere = staged(stage("dev", "churn-prod", "210987654321"), prod);
    assert_eq!(config(&actions(&elsewhere, "churn", 1, 60)).capture, None, "nor one of its name elsewhere");
}

#[test]
fn first_version_creates_the_endpoint_without_alarm_data() {
    let alarms_without_data = vec![AlarmName::parse("churn-prod-5xx").unwrap()];
    let observed = Observed { alarms_without_data, ..observed(None) };
    let plan = decide(CHURN, &approved("churn", 1), &State::default(), &observed, 60);
    assert!(matches!(plan.actions.last(), Some(Action::CreateEndpoint { .. })), "{plan:?}");
}

#[test]
fn test_has_a_configuration_of_both_versions() {
    let state = State { live: vec![live("churn", 1, "churn-v1-c")], ..State::default() };
    let plan = |policy: &str, state: &State, config: &str| {
        decide(policy, &approved("churn", 2), state, &observed(serves(config)), 60)
    };
    let planned = plan(&with_shadow(), &state, "churn-v1-c");
    let config = config(&planned.actions);
    let Some(Action::CreateModel { request: model, .. }) = planned.actions.first() else { panic!("{planned:?}") };
    let beside = config.second_variant.clone().unwrap();
    assert_eq!((beside.live.as_str(), &model.model), ("churn-v1-c", &config.model));
    assert!(matches!(beside.test, VariantTest::Shadow(ref shadow) if shadow.percent == 50));
    assert_ne!(config.name, config.model, "after the test, the model's own configuration has its name");
    let Some(Action::UpdateEndpoint { request, .. }) = planned.actions.last() else { panic!("{planned:?}") };
    assert_eq!((&request.config, &request.strategy), (&config.name, &Strategy::AllAtOnce));

    let name = |policy: &str, live_config: &str| {
        let state = State { live: vec![live("churn", 1, live_config)], ..State::default() };
        self::config(&plan(policy, &state, live_config).actions).name
    };
    let challenger = with_shadow().replace("shadow]", "ab_test]");
    let start = challenger.find(CANARY).unwrap();
    let end = challenger.find("[deploy.endpoint.autoscaling]").unwrap();
    let challenger = format!("{}{}", &challenger[..start], &challenger[end..]);
    let names = [
        name(&with_shadow(), "churn-v1-c"),
        name(&with_shadow(), "churn-v1-other"),
        name(&with_shadow().replace("percent = 50", "percent = 40"), "churn-v1-c"),
        name(&challenger, "churn-v1-c"),
    ];
    let distinct: std::collections::BTreeSet<_> = names.iter().collect();
    assert_eq!(distinct.len(), names.len(), "another test has another name: {names:?}");
    assert!(names.iter().all(|name| name.starts_with("churn-v2-test-") && name.len() <= 63), "{names:?}");
}

#[test]
fn test_needs_a_live_version_that_serves() {
    let mut state = State { live: vec![live("churn", 1, "churn-v1-c")], ..State::default() };
    let beside = |state: &State, endpoint: Option<ObservedEndpoint>| {
        let plan = decide(&with_shadow(), &approved("churn", 2), state, &observed(endpoint), 60);
        config(&plan.actions).second_variant.is_some()
    };
    assert!(beside(&state, serves("churn-v1-c")));
    assert!(!beside(&state, serves("theirs")), "the endpoint serves something else");
    let halfway = ObservedEndpoint { status: EndpointStatus::UpdateRollbackFailed, ..serves("churn-v1-c").unwrap() };
    assert!(!beside(&state, Some(halfway)), "the endpoint is not in service");
    assert!(!beside(&state, None), "there is none");
    assert!(!beside(&State::default(), serves("churn-v1-c")), "no version is live");
    state.record_verdict(&package("churn", 1), crate::state::Verdict::Rejected);
    assert!(!beside(&state, serves("churn-v1-c")), "what is live was rejected");
}

#[test]
fn rollout_exceeds_its_deadline_exactly_at_the_limit() {
    let reconcile = fact("churn", FactKind::ReconcileRequested, &json!({}));
    let exceeds = |policy: &str, is_test: bool, after: i64| {
        let mut rollout = rollout("churn", 2, "new", Progress::UpdatingEndpoint);
        if is_test {
            rollout.phase =
                crate::rollout::Phase::VariantTest { live_model: "l".into(), own_model: "m".into(), promoted_by: None };
        }
        let state = State { initial_verdicts: Some([].into()), ..on(rollout) };
        let moving = ObservedEndpoint { status: EndpointStatus::Updating, ..serves("old").unwrap() };
        let plan = decide(policy, &reconcile, &state, &observed(Some(moving)), after);
        let published = kinds(&plan) == [FactKind::DeadlineExceeded];
        assert_eq!(
            published,
            plan.state.is_some_and(|state| state.current.unwrap().deadline_exceeded),
            "it is reported once"
        );
        published
    };
    let hours = |hours: i64| hours * 3600;
    assert_eq!((exceeds(CHURN, false, hours(6) - 1), exceeds(CHURN, false, hours(6))), (false, true));
    let test = (exceeds(&with_shadow(), true, hours(30) - 1), exceeds(&with_shadow(), true, hours(30)));
    assert_eq!(test, (false, true), "the duration of a test is no delay");
    assert!(exceeds(&with_shadow(), false, hours(6)), "without a test the deadline is the rollout's");
    assert!(!exceeds(&CHURN.replace("rollout = \"6h\"", "rollout = \"7h\""), false, hours(6)));
}

#[test]
fn rollback_uses_the_newest_configuration_of_its_version() {
    let configs = [(1, "old"), (2, "two"), (1, "new"), (3, "three")];
    let lived = configs.iter().map(|(version, config)| live("churn", *version, config)).collect();
    let mut state = State { live: lived, ..State::default() };
    for version in [2, 3] {
        state.record_verdict(&package("churn", version), crate::state::Verdict::Approved);
    }
    state.record_verdict(&package("churn", 2), crate::state::Verdict::Rejected);
    let detail = json!({"ModelPackageGroupName": "churn", "ModelPackageVersion": 3,
        "ModelPackageArn": arn("churn", 3), "ModelApprovalStatus": "Rejected", "ModelPackageStatus": "Completed"});
    let rejected = event("123456789012", "aws.sagemaker", "SageMaker Model Package State Change", &detail);
    let actual = ObservedPackage { approval: Approval::Rejected, status: "Completed".into(), lifecycle: None };
    let observed = Observed { package: Some(actual), endpoint: serves("three"), ..Observed::default() };
    let plan = decide(CHURN, &rejected, &state, &observed, 60);
    let [Action::UpdateEndpoint { request, .. }] = &plan.actions[..] else { panic!("{plan:?}") };
    assert_eq!(request.config, "new");
}

#[test]
fn event_in_the_second_of_the_decision_ends_the_rollout() {
    let mut rollout = rollout("churn", 2, "new", Progress::UpdatingEndpoint);
    rollout.since = "2026-11-20T12:00:00.9Z".parse().unwrap();
    let detail = json!({"EndpointName": "churn-prod", "EndpointStatus": "IN_SERVICE"});
    let rests = event("123456789012", "aws.sagemaker", "SageMaker Endpoint State Change", &detail);
    let failed = ObservedEndpoint { status: EndpointStatus::Failed, ..serves("old").unwrap() };
    let plan = decide(CHURN, &rests, &on(rollout), &observed(Some(failed)), 1);
    assert_eq!(codes(&plan), ["failed"], "EventBridge gives whole seconds");
}
