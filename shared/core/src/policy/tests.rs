mod engine;

use super::*;

const CHURN: &str = include_str!("../../../../models/churn.toml");
const SEGMENTS: &str = include_str!("../../../../models/segments.toml");
const DEMAND: &str = include_str!("../../../../models/demand.toml");

fn fault(from: &str, to: &str) -> String {
    assert!(CHURN.contains(from), "{from}");
    Policy::parse("churn.toml", &CHURN.replacen(from, to, 1)).unwrap_err().to_string()
}

fn line(of: &str) -> usize {
    1 + CHURN.lines().position(|line| line.starts_with(of)).unwrap()
}

#[test]
fn the_examples_are_valid_and_do_not_collide() {
    let parse = |name: &str, text| (name.to_owned(), Policy::parse(name, text).unwrap());
    let policies = [parse("churn.toml", CHURN), parse("segments.toml", SEGMENTS), parse("demand.toml", DEMAND)];
    assert_eq!(check_all(&policies), Ok(()));
}

#[test]
fn a_policy_survives_the_ledger() {
    for text in [CHURN, SEGMENTS, DEMAND] {
        let policy = Policy::parse("x", text).unwrap();
        let back: Policy = serde_json::from_str(&serde_json::to_string(&policy).unwrap()).unwrap();
        assert_eq!(back, policy);
    }
}

#[test]
fn a_wrong_length_of_time_names_file_line_key_and_what_was_expected() {
    let expected = format!(
        "churn.toml:{}: retrain.cool_down: expected a length of time such as \"24h\", \"7d\" or \"10m\", found \"1 fortnight\"",
        line("cool_down")
    );
    assert_eq!(fault("\"24h\"", "\"1 fortnight\""), expected);
}

#[test]
fn an_unknown_key_is_named_with_the_known_ones() {
    let message = fault("cool_down", "cooldown");
    assert!(
        message.starts_with(&format!(
            "churn.toml:{}: retrain.cooldown: unknown field `cooldown`, expected one of",
            line("cool_down")
        )),
        "{message}"
    );
}

#[test]
fn a_canary_without_an_alarm_is_refused() {
    let message = fault("alarms = [\"churn-prod-5xx\"]", "alarms = []");
    assert!(
        message.contains(&format!(
            ":{}: deploy.endpoint.canary.alarms: expected 1 to 10 alarms",
            line("alarms = [\"churn-prod-5xx\"]")
        )),
        "{message}"
    );
}

#[test]
fn two_ways_to_production_are_one_too_many() {
    let message = Policy::parse("c", &format!("{CHURN}\n[deploy.pipeline]\nname = \"x\"\nvariable = \"y\"\n"))
        .unwrap_err()
        .to_string();
    assert!(message.contains("expected exactly one of [deploy.endpoint] and [deploy.pipeline]"), "{message}");
}

#[test]
fn broken_toml_names_the_line() {
    assert!(fault("model = ", "model ").starts_with(&format!("churn.toml:{}:", line("model"))));
}

#[test]
fn an_alarm_finds_its_model_by_one_key() {
    let keys = Policy::parse("c", CHURN).unwrap().keys();
    assert!(keys.contains(&Key { kind: KeyKind::Alarm, name: "churn-prod-data-drift".into() }));
    assert_eq!(keys.iter().next().unwrap().to_string(), "repository#churn-model");
}

#[test]
fn one_alarm_cannot_belong_to_two_models() {
    let one = Policy::parse("a", CHURN).unwrap();
    let mut other = one.clone();
    other.model = ModelName::parse("fraud").unwrap();
    let error = check_all(&[("a.toml".into(), one), ("b.toml".into(), other)]).unwrap_err();
    assert_eq!(error.to_string(), "b.toml:1: policy: repository#churn-model belongs to the policy in a.toml already");
}

#[test]
fn rules_that_no_version_could_be_held_against_are_refused() {
    let text = include_str!("../../../../models/churn.toml");
    let refused = |from: &str, to: &str| Policy::parse("churn.toml", &text.replace(from, to)).unwrap_err().to_string();
    assert!(refused("churn-tests\"", "churn-suite\"").contains("evaluate.tests: expected a state machine whose name"));
    assert!(refused("at_least = 0.85, ", "").contains("exactly one of at_least and at_most"));
    assert!(refused("at_most = 0.4", "at_most = 0.4, at_least = 0.1").contains("exactly one of at_least and at_most"));
    assert!(refused("margin = 0.01", "margin = -0.01").contains("margins of 0 or more"));
    assert!(refused("\"log_loss\"", "\"auc\"").contains("each metric once"));
    assert!(refused("\"log_loss\"", "\"log loss\"").contains("letters, digits"));
    assert!(refused("at_most = 0.4", "at_most = nan").contains("expected a number between"));
}

#[test]
fn one_builder_builds_and_not_the_pipeline_that_delivers() {
    let refused = |from: &str, to: &str| {
        assert!(DEMAND.contains(from), "{from}");
        Policy::parse("demand.toml", &DEMAND.replacen(from, to, 1)).unwrap_err().to_string()
    };
    let both = refused("[retrain]", "project = \"demand-build\"\n[retrain]");
    assert!(both.contains("integrate.project: expected exactly one of project"), "{both}");
    assert!(fault("project = \"churn-build\"", "").contains("integrate.project: expected exactly one of project"));
    assert!(refused("variable = \"Commit\"", "variable = \"a b\"").contains("integrate.delivery: expected variable"));
    let same = "[deploy]\non_rejected = \"notice\"\n[deploy.pipeline]\nname = \"demand-integration\"\nvariable = \"x\"\n[retrain]";
    assert!(refused("[retrain]", same).contains("integrate.delivery: expected another pipeline"));
}

#[test]
fn an_image_needs_tags_and_a_parameter_that_takes_it() {
    assert!(fault(", image = \"Image\"", "").contains("integrate.image: expected retrain.parameters to name"));
    assert!(fault("tags = [\"latest\"]", "tags = []").contains("integrate.image: expected 1 to 10 tags"));
    assert!(fault("\"churn-training\", tags", "\"public.ecr.aws/Churn\", tags").contains("ECR repository"));
    let key = Key { kind: KeyKind::ImageRepository, name: "churn-training".into() };
    assert!(Policy::parse("c", CHURN).unwrap().keys().contains(&key));
}

#[test]
fn what_is_critical_never_waits_for_a_digest() {
    let refused =
        |from: &str, to: &str| Policy::parse("demand.toml", &DEMAND.replacen(from, to, 1)).unwrap_err().to_string();
    assert!(refused("[\"info\"]", "[\"info\", \"critical\"]").contains("notify.quiet: expected"));
    assert!(refused("[\"info\"]", "[]").contains("notify.quiet: expected"));
    assert!(refused("[reconcile]", "[lineage]").contains("notify.digest: expected a [reconcile] table"));
}
