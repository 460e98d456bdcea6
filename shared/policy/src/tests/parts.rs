//! Methods of the parts of a policy.

use super::super::*;
use super::limits::base::{
    self, AB_TESTED, BUILT, BY_AIRFLOW, BY_CODEPIPELINE, BY_KUBEFLOW, BY_REQUEST, BY_STATES, CANARIED, QUEUED, ROLLED,
    SERVED, SHADOWED, STAGED, STAGED_TO_PIPELINE, STAGED_TO_TRANSFORM, STEPPED, TRANSFORMED,
};
use super::limits::text::Edit::{Drop, Set};
use super::limits::text::{Edit, Text};
use trimtab_names::name::{AlarmName, StageName};
use trimtab_names::resource::ResourceKind;

fn set(key: &str, value: &str) -> Edit {
    Set(key.to_owned(), value.to_owned())
}

fn policy(base: &[&str], edits: &[Edit]) -> Policy {
    Policy::parse("p.toml", &Text::of(base).with(edits).text()).unwrap()
}

fn endpoint(base: &[&str], edits: &[Edit]) -> EndpointTarget {
    policy(base, edits).endpoint().unwrap().clone()
}

/// Names of models and endpoint configurations are digests of the shape, because SageMaker cannot change them.
#[test]
fn every_setting_of_the_compute_is_in_its_shape() {
    let cases: &[(&[&str], &str, &str)] = &[
        (SERVED, "deploy.endpoint.instance_type", "\"ml.m5.xlarge\""),
        (SERVED, "deploy.endpoint.instances", "3"),
        (SERVED, "deploy.endpoint.asynchronous", "{ output = \"s3://a/b\" }"),
        (QUEUED, "deploy.endpoint.instances", "3"),
        (QUEUED, "deploy.endpoint.asynchronous.output", "\"s3://churn-data/other/\""),
        (QUEUED, "deploy.endpoint.asynchronous.failures", "\"s3://churn-data/failures/\""),
        (QUEUED, "deploy.endpoint.asynchronous.max_concurrent", "4"),
        (QUEUED, "deploy.endpoint.asynchronous.topics.success", "\"arn:aws:sns:eu-west-1:123456789012:x\""),
        (QUEUED, "deploy.endpoint.asynchronous.topics.error", "\"arn:aws:sns:eu-west-1:123456789012:x\""),
        (BY_REQUEST, "deploy.endpoint.serverless.memory_mb", "4096"),
        (BY_REQUEST, "deploy.endpoint.serverless.max_concurrency", "19"),
        (BY_REQUEST, "deploy.endpoint.serverless.provisioned", "1"),
    ];
    for (base, key, value) in cases {
        let shape = |edits: &[Edit]| endpoint(base, edits).serving.shape();
        assert_ne!(shape(&[set(key, value)]), shape(&[]), "{key} is in the shape");
    }
    let without = [Drop("deploy.endpoint.asynchronous.topics")];
    assert_ne!(endpoint(QUEUED, &without).serving.shape(), endpoint(QUEUED, &[]).serving.shape(), "topics");
    // A configuration that is live must keep its name in the next version of Trimtab.
    assert_eq!(endpoint(SERVED, &[]).serving.shape(), ["ml.m5.large", "2"]);
    let role = set("deploy.endpoint.autoscaling", "{ min = 1, max = 2, invocations_per_instance = 1 }");
    assert_eq!(endpoint(SERVED, &[role]).serving.shape(), endpoint(SERVED, &[]).serving.shape(), "autoscaling is not");
}

/// A policy, the changes to its endpoint, and the duration of its strategy.
type Lasting<'a> = (&'a [&'a str], &'a [(&'a str, &'a str)], SignedDuration);

#[test]
fn strategy_lasts_as_long_as_its_bake_times() {
    let minutes = SignedDuration::from_mins;
    let cases: &[Lasting] = &[
        (SERVED, &[], SignedDuration::ZERO),
        (CANARIED, &[("canary.percent", "10"), ("canary.bake_time", "\"10m\"")], minutes(10)),
        (STEPPED, &[("linear.percent", "50"), ("linear.bake_time", "\"10m\"")], minutes(20)),
        (STEPPED, &[("linear.percent", "25"), ("linear.bake_time", "\"10m\"")], minutes(40)),
        // 30 %, 60 %, 90 %, and the rest.
        (STEPPED, &[("linear.percent", "30"), ("linear.bake_time", "\"10m\"")], minutes(40)),
        (ROLLED, &[("rolling.percent", "50"), ("rolling.bake_time", "\"5m\"")], minutes(10)),
        (ROLLED, &[("rolling.percent", "40"), ("rolling.bake_time", "\"5m\"")], minutes(15)),
        (ROLLED, &[("rolling.percent", "5"), ("rolling.bake_time", "\"5m\"")], minutes(100)),
    ];
    for (base, edits, expected) in cases {
        let edits: Vec<Edit> = edits.iter().map(|(key, value)| set(&format!("deploy.endpoint.{key}"), value)).collect();
        let strategy = endpoint(base, &edits).strategy;
        assert_eq!(strategy.lasts(), *expected, "{strategy:?} lasts from its first step to its last");
        let alarms: Vec<&str> = strategy.alarms().iter().map(AlarmName::as_str).collect();
        let expected: &[&str] = if strategy == Strategy::AllAtOnce { &[] } else { &["errors"] };
        assert_eq!(alarms, expected, "{strategy:?} rolls back by its alarms");
    }
}

#[test]
fn variant_test_has_share_duration_alarms_and_variant() {
    let shadow = [
        set("deploy.endpoint.shadow.percent", "30"),
        set("deploy.endpoint.shadow.duration", "\"2h\""),
        set("deploy.endpoint.shadow.alarms", "[\"s\"]"),
    ];
    let ab_test = [
        set("deploy.endpoint.ab_test.percent", "20"),
        set("deploy.endpoint.ab_test.duration", "\"3h\""),
        set("deploy.endpoint.ab_test.alarms", "[\"c\"]"),
    ];
    let cases = [
        (endpoint(SHADOWED, &shadow), 30, 2, "s", "Shadow"),
        (endpoint(AB_TESTED, &ab_test), 20, 3, "c", "Challenger"),
    ];
    for (target, percent, hours, alarm, variant) in cases {
        let trial = target.variant_test.unwrap();
        assert_eq!((trial.percent(), trial.lasts()), (percent, SignedDuration::from_hours(hours)));
        assert_eq!(trial.alarms(), [AlarmName::parse(alarm).unwrap()]);
        assert_eq!(trial.variant(), variant, "alarms have the name of the variant as dimension");
    }
    assert_eq!(endpoint(SERVED, &[]).variant_test, None);
}

#[test]
fn engine_has_kind_name_and_events() {
    let cases: [(&[&str], &str, &str, bool, bool); 5] = [
        (BUILT, "pipeline", "churn", true, false),
        (BY_STATES, "state machine", "churn-training", true, true),
        (BY_AIRFLOW, "dag", "ml/churn", false, true),
        (BY_KUBEFLOW, "kubeflow pipeline", "5b1e7c2a", false, false),
        (BY_CODEPIPELINE, "codepipeline", "churn-training", true, false),
    ];
    for (base, kind, name, sends_events, takes_anything) in cases {
        let engine = policy(base, &[]).retrain.unwrap().engine;
        assert_eq!((engine.kind(), engine.name().as_str()), (kind, name));
        assert_eq!(engine.sends_events(), sends_events, "whether the end of a run of {kind} sends an event");
        assert_eq!(engine.takes_anything(), takes_anything, "whether {kind} accepts undeclared parameters");
        assert_eq!(engine.pipeline().is_some(), kind == "pipeline", "{kind} is a SageMaker pipeline");
    }
}

#[test]
fn stage_is_in_the_account_of_its_role() {
    let account = |base: &[&str]| {
        let deploy = policy(base, &[]).deploy.unwrap();
        deploy.production().unwrap().account_id().map(str::to_owned)
    };
    assert_eq!(account(SERVED).as_deref(), Some("123456789012"));
    assert_eq!(account(TRANSFORMED).as_deref(), Some("123456789012"));
    assert_eq!(account(STAGED).as_deref(), Some("210987654321"));
    assert_eq!(account(STAGED_TO_TRANSFORM).as_deref(), Some("123456789012"));
    assert_eq!(account(STAGED_TO_PIPELINE), None, "a pipeline reaches another account by its own role");
    assert_eq!(account(base::STACKED), None, "a stack reaches another account by its own role");
}

#[test]
fn stages_are_found_by_name_and_in_order() {
    let deploy = policy(STAGED, &[]).deploy.unwrap();
    let name = |stage: Option<&Stage>| stage.map(|stage| stage.name.to_string());
    assert_eq!(name(deploy.first()).as_deref(), Some("dev"));
    assert_eq!(name(deploy.production()).as_deref(), Some("prod"));
    assert_eq!(name(deploy.stage("dev")).as_deref(), Some("dev"));
    assert_eq!(name(deploy.stage("test")), None);
    assert_eq!(name(deploy.named(Some(&StageName::parse("dev").unwrap()))).as_deref(), Some("dev"));
    assert_eq!(
        name(deploy.named(Some(&StageName::parse("test").unwrap()))).as_deref(),
        Some("prod"),
        "an unknown stage is the last"
    );
    assert_eq!(name(deploy.named(None)).as_deref(), Some("prod"), "the last unless named");
    assert_eq!(name(deploy.after(deploy.first().unwrap())).as_deref(), Some("prod"));
    assert_eq!(name(deploy.after(deploy.production().unwrap())), None);
    let labels: Vec<_> = deploy.stages.iter().map(|stage| stage.label().map(ToString::to_string)).collect();
    assert_eq!(labels, [Some("dev".to_owned()), Some("prod".to_owned())]);
}

/// Only the endpoint of production is monitored, and only in this account.
#[test]
fn only_an_endpoint_of_this_account_is_monitored() {
    assert_eq!(policy(SERVED, &[]).endpoint().unwrap().name.as_str(), "churn-prod");
    for base in [STAGED, STAGED_TO_PIPELINE, STAGED_TO_TRANSFORM, TRANSFORMED, base::STACKED, base::PLAIN] {
        assert_eq!(policy(base, &[]).endpoint(), None);
    }
    let here = [
        Drop("deploy.stages.account"),
        set("deploy.stages.endpoint.role", "\"arn:aws:iam::123456789012:role/churn-endpoint\""),
    ];
    assert_eq!(policy(STAGED, &here).endpoint().unwrap().name.as_str(), "churn", "the last stage's");
}

#[test]
fn guard_stops_the_named_kinds_and_no_endpoint() {
    use ResourceKind::{Notebook, Processing, Training};
    let cases = [
        ("[\"training\"]", vec![Training]),
        ("[\"processing\"]", vec![Processing]),
        ("[\"notebook\"]", vec![Notebook]),
    ];
    let all = ("[\"training\", \"processing\", \"notebook\"]", vec![Training, Processing, Notebook]);
    for (stop, expected) in cases.into_iter().chain([all, ("[]", vec![])]) {
        let text = Text::of(base::GUARDED).with(&[set("guard.stop", stop)]).text();
        let guard = OrganizationPolicy::parse("organization.toml", &text).unwrap().guard.unwrap();
        let stopped: Vec<_> = ResourceKind::ALL.into_iter().filter(|kind| guard.stops(*kind)).collect();
        assert_eq!(stopped.len(), expected.len(), "{stop}");
        assert!(expected.iter().all(|kind| guard.stops(*kind)), "{stop}");
    }
}

#[test]
fn protocol_is_parsed_from_the_word_of_sns() {
    for (word, protocol) in
        [("email", Protocol::Email), ("https", Protocol::Https), ("lambda", Protocol::Lambda), ("sqs", Protocol::Sqs)]
    {
        assert_eq!((protocol.as_str(), Protocol::parse(word)), (word, Some(protocol)));
    }
    for other in ["http", "email-json", "sms", "application", "firehose", ""] {
        assert_eq!(Protocol::parse(other), None, "{other} is no protocol of Trimtab");
    }
    let address = Address::parse(Protocol::Email, "a@example.com").unwrap();
    assert_eq!((address.protocol(), address.endpoint()), (Protocol::Email, "a@example.com"));
}

#[test]
fn serverless_endpoint_that_is_asynchronous_is_refused() {
    let queue = set("deploy.endpoint.asynchronous", "{ output = \"s3://a/b\" }");
    let fault = Policy::parse("p.toml", &Text::of(BY_REQUEST).with(&[queue]).text()).unwrap_err();
    assert!(fault.problem.contains("a serverless endpoint cannot be asynchronous"), "{fault}");
}
