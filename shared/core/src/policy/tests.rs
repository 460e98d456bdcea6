mod engine;

use super::*;

const CHURN: &str = include_str!("../../../../models/churn.toml");
const SEGMENTS: &str = include_str!("../../../../models/segments.toml");
const LOANS: &str = include_str!("../../../../models/loans.toml");

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
    let policies = [parse("churn.toml", CHURN), parse("segments.toml", SEGMENTS), parse("loans.toml", LOANS)];
    assert_eq!(check_all(&policies), Ok(()));
}

#[test]
fn a_policy_survives_the_ledger() {
    for text in [CHURN, SEGMENTS, LOANS] {
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
fn a_policy_without_stages_has_one_and_nobody_calls_it_by_its_name() {
    let deploy = Policy::parse("c", CHURN).unwrap().deploy.unwrap();
    let stage = deploy.production().unwrap();
    assert_eq!((deploy.stages.len(), stage.name.as_str(), stage.label()), (1, SOLE, None));
}

#[test]
fn stages_follow_each_other_and_each_is_of_an_account() {
    let policy = Policy::parse("loans.toml", LOANS).unwrap();
    let deploy = policy.deploy.unwrap();
    let next = deploy.after(deploy.first().unwrap()).unwrap();
    assert_eq!((next.name.as_str(), next.account()), ("staging", Some("210987654321")));
    assert_eq!(next.place.as_ref().unwrap().session, "trimtab-loans-staging");
    assert_eq!(deploy.after(deploy.production().unwrap()), None);
    let production = deploy.production().unwrap();
    assert_eq!((&production.gate, production.account()), (&Gate::Person, Some("123456789012")));
}

#[test]
fn stages_that_could_not_be_are_refused_with_their_line() {
    let refused = |from: &str, to: &str| {
        assert!(LOANS.contains(from), "{from}");
        Policy::parse("loans.toml", &LOANS.replacen(from, to, 1)).unwrap_err().to_string()
    };
    let line = |of: &str| 1 + LOANS.lines().position(|line| line.starts_with(of)).unwrap();
    let instances = format!("loans.toml:{}: deploy.stages.endpoint.instances: expected at least 1", line("instances"));
    assert_eq!(refused("instances = 1", "instances = 0"), instances);
    assert!(refused("name = \"dev\"", "name = \"prod\"").contains("deploy.stages.name: expected another name"));
    assert!(refused("name = \"dev\"", "name = \"dev\"\ngate = \"person\"").contains("its gate is the approval"));
    assert!(refused("gate = \"person\"", "gate = \"robot\"").contains("unknown variant `robot`"));
    assert!(refused("\"loans-dev\"", "\"loans\"").contains("another endpoint for each stage of one account"));
    let elsewhere = refused("iam::210987654321:role/loans-endpoint", "iam::333333333333:role/loans-endpoint");
    assert!(elsewhere.contains("deploy.stages.account: expected a role in the account of the endpoint's role"));
    assert!(refused("within = \"10s\"", "within = \"10m\"").contains("deploy.stages.smoke: expected a body"));
    assert!(refused("loans-7d1f", "x y").contains("deploy.stages.account: expected an external_id"));
    assert!(refused("[[deploy.stages]]", "[deploy.endpoint]\n[[deploy.stages]]").contains("deploy"));
    let none = "version = 1\nmodel = \"x\"\nowner = \"x\"\npackage_group = \"x\"\n[deploy]\nstages = []\n";
    assert!(Policy::parse("x", none).unwrap_err().to_string().contains("deploy.stages: expected at least one stage"));
}

#[test]
fn a_life_cycle_can_be_a_gate() {
    let text = LOANS.replace("gate = \"none\"", "gate = { lifecycle = \"Staging\" }");
    let deploy = Policy::parse("loans.toml", &text).unwrap().deploy.unwrap();
    assert_eq!(deploy.stage("staging").unwrap().gate, Gate::Lifecycle("Staging".into()));
}
