mod defaults;
mod engine;
mod keys;
mod limits;
mod parts;
mod reference;
mod schema;
mod stale;

use super::*;

const CHURN: &str = include_str!("../../../policies/churn.toml");
const SEGMENTS: &str = include_str!("../../../policies/segments.toml");
const LOANS: &str = include_str!("../../../policies/loans.toml");
const DEMAND: &str = include_str!("../../../policies/demand.toml");
const OTHERS: [(&str, &str); 7] = [
    ("demand.toml", DEMAND),
    ("documents.toml", include_str!("../../../policies/documents.toml")),
    ("fraud.toml", include_str!("../../../policies/fraud.toml")),
    ("leads.toml", include_str!("../../../policies/leads.toml")),
    ("loans.toml", LOANS),
    ("tariffs.toml", include_str!("../../../policies/tariffs.toml")),
    ("summaries.toml", include_str!("../../../policies/summaries.toml")),
];

fn fault(from: &str, to: &str) -> String {
    assert!(CHURN.contains(from), "{from}");
    Policy::parse("churn.toml", &CHURN.replacen(from, to, 1)).unwrap_err().to_string()
}

fn line(of: &str) -> usize {
    1 + CHURN.lines().position(|line| line.starts_with(of)).unwrap()
}

#[test]
fn examples_are_valid_and_do_not_collide() {
    let parse = |name: &str, text| (name.to_owned(), Policy::parse(name, text).unwrap());
    let mut policies = vec![parse("churn.toml", CHURN), parse("segments.toml", SEGMENTS)];
    policies.extend(OTHERS.map(|(name, text)| parse(name, text)));
    assert_eq!(check_all(&policies), Ok(()));
}

#[test]
fn policy_survives_the_ledger() {
    for text in [CHURN, SEGMENTS].into_iter().chain(OTHERS.map(|(_, text)| text)) {
        let policy = Policy::parse("x", text).unwrap();
        let back: Policy = serde_json::from_str(&serde_json::to_string(&policy).unwrap()).unwrap();
        assert_eq!(back, policy);
    }
}

#[test]
fn invalid_duration_names_file_line_key_and_expected_value() {
    let expected = format!(
        "churn.toml:{}: retrain.cool_down: expected a duration such as \"24h\", \"7d\" or \"10m\", found \"1 fortnight\"",
        line("cool_down")
    );
    assert_eq!(fault("\"24h\"", "\"1 fortnight\""), expected);
}

#[test]
fn unknown_key_is_refused_with_the_known_ones() {
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
fn canary_without_alarm_is_refused() {
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
fn two_targets_are_refused() {
    let message = Policy::parse("c", &format!("{CHURN}\n[deploy.pipeline]\nname = \"x\"\nvariable = \"y\"\n"))
        .unwrap_err()
        .to_string();
    assert!(
        message.contains(
            "expected exactly one of [deploy.endpoint], [deploy.pipeline], [deploy.stack] and [deploy.transform]"
        ),
        "{message}"
    );
}

/// The error in one of the other examples after a change.
fn other(name: &str, from: &str, to: &str) -> String {
    let text = OTHERS.iter().find(|(known, _)| *known == name).unwrap().1;
    assert!(text.contains(from), "{from}");
    Policy::parse(name, &text.replacen(from, to, 1)).unwrap_err().to_string()
}

#[test]
fn transforms_that_sagemaker_refuses_are_refused() {
    let leads = |from, to, expected: &str| {
        let message = other("leads.toml", from, to);
        assert!(message.contains(expected), "{message}");
    };
    leads("\"leads\" # jobs", "\"Leads\" # jobs", "deploy");
    leads("instances = 2", "instances = 0", "deploy.transform.instances: expected 1 to 100");
    leads("split = \"line\"", "split = \"none\"", "deploy.transform.join_input: expected split = \"line\"");
    leads("/scores/\"", "/scores\"", "deploy.transform.output: expected a folder");
    leads("/scores/\"", "/features/scores/\"", "deploy.transform.output: expected a location outside of input");
    leads(
        "max_payload_mb = 6",
        "max_payload_mb = 26",
        "deploy.transform.max_payload_mb: expected max_payload_mb times",
    );
    leads("max_concurrent = 4", "max_concurrent = 0", "deploy.transform.max_payload_mb: expected max_payload_mb times");
}

#[test]
fn strategies_that_sagemaker_refuses_are_refused() {
    let linear = |from, to| other("fraud.toml", from, to);
    assert!(linear("percent = 25", "percent = 9").contains("deploy.endpoint.linear.percent: expected 10 to 50"));
    assert!(
        linear("bake_time = \"10m\"", "bake_time = \"2h\"")
            .contains("deploy.endpoint.linear.bake_time: expected at most")
    );
    assert!(linear("percent = 25\nbake_time = \"10m\"", "percent = 10\nbake_time = \"1h\"").contains("within \"7h\""));
    assert!(linear("[\"fraud-prod-5xx\"]", "[]").contains("deploy.endpoint.linear.alarms: expected 1 to 10"));
    let rolling = |from, to| other("documents.toml", from, to);
    assert!(rolling("percent = 50", "percent = 51").contains("deploy.endpoint.rolling.percent: expected 5 to 50"));
    assert!(rolling("instances = 2", "instances = 1").contains("deploy.endpoint.instances: expected at least 2"));
    assert!(
        linear(
            "[deploy.endpoint.linear]",
            "[deploy.endpoint.canary]\npercent = 5\nbake_time = \"5m\"\nalarms = [\"a\"]\n[deploy.endpoint.linear]"
        )
        .contains("at most one of canary, linear and rolling")
    );
}

#[test]
fn combinations_that_sagemaker_refuses_are_refused() {
    let added = |name: &str, table: &str| {
        let text = OTHERS.iter().find(|(known, _)| *known == name).unwrap().1;
        Policy::parse(name, &format!("{text}\n{table}\n")).unwrap_err().to_string()
    };
    let canary = "[deploy.endpoint.canary]\npercent = 5\nbake_time = \"5m\"\nalarms = [\"a\"]";
    let shadow = "[deploy.endpoint.shadow]\npercent = 5\nduration = \"5m\"\nalarms = [\"a\"]";
    let scaling = "[deploy.endpoint.autoscaling]\nmin = 1\nmax = 2\ninvocations_per_instance = 1";
    assert!(added("summaries.toml", canary).contains("moves a serverless endpoint all at once"));
    assert!(added("summaries.toml", scaling).contains("SageMaker scales a serverless endpoint"));
    assert!(added("summaries.toml", shadow).contains("only a real-time endpoint"));
    assert!(added("documents.toml", shadow).contains("only a real-time endpoint"));
    let ab_test = other(
        "fraud.toml",
        "[deploy.endpoint.shadow] # before the update; its responses are discarded\npercent = 50\nduration",
        "[deploy.endpoint.ab_test]\npercent = 50\nduration",
    );
    assert!(ab_test.contains("moves between one variant and two all at once"), "{ab_test}");
    assert!(other("fraud.toml", "[reconcile]", "[lineage]").contains("only reconciling finds"));
}

#[test]
fn serving_and_scaling_have_their_limits() {
    assert!(other("summaries.toml", "4096", "4000").contains("serverless.memory_mb: expected 1024 to 6144"));
    assert!(other("summaries.toml", "provisioned = 1", "provisioned = 21").contains("expected 1 to max_concurrency"));
    assert!(other("summaries.toml", "serverless", "asynchronous").contains("unknown field"));
    assert!(other("documents.toml", "max_concurrent = 4", "max_concurrent = 0").contains("expected 1 to 1000"));
    assert!(other("documents.toml", "s3://documents-123456789012/answers/", "/answers").contains("not a valid S3 URI"));
    assert!(other("documents.toml", "backlog_per_instance", "invocations_per_instance").contains("expected"));
    assert!(other("fraud.toml", "min = 2\n", "min = 0\n").contains("autoscaling.min: expected 1 to max"));
    assert!(other("fraud.toml", "at(2026-11-27T00:00:00)", "tomorrow").contains("expected times such as"));
    assert!(fault("\"night\"", "\"office-hours\"").contains("expected each name once"));
}

#[test]
fn stack_needs_a_template_in_s3_and_its_own_parameter() {
    let template = "https://tariffs-templates.s3.eu-west-1.amazonaws.com/endpoint.yaml";
    for bad in [
        "http://tariffs-templates.s3.amazonaws.com/a",
        "https://example.com/a.yaml",
        "s3://tariffs/a",
        "https://s3.amazonaws.com.example.com/a",
    ] {
        assert!(other("tariffs.toml", template, bad).contains("not a valid template URL"), "{bad}");
    }
    assert!(
        other("tariffs.toml", "Stage = \"prod\"", "ModelPackageArn = \"x\"").contains("without the one that takes")
    );
    assert!(
        other("tariffs.toml", "capabilities = []", "capabilities = [\"CAPABILITY_AUTO_EXPAND\"]")
            .contains("unknown variant")
    );
}

#[test]
fn broken_toml_names_the_line() {
    assert!(fault("model = ", "model ").starts_with(&format!("churn.toml:{}:", line("model"))));
}

#[test]
fn alarm_finds_its_model_by_one_key() {
    let keys = Policy::parse("c", CHURN).unwrap().keys();
    assert!(keys.contains(&Key { kind: KeyKind::Alarm, name: "churn-prod-data-drift".into() }));
    assert_eq!(keys.iter().next().unwrap().to_string(), "repository#churn-model");
}

#[test]
fn name_in_two_policies_is_refused_with_both_files() {
    let one = Policy::parse("a", CHURN).unwrap();
    let mut other = one.clone();
    other.model = ModelName::parse("fraud").unwrap();
    let error = check_all(&[("a.toml".into(), one), ("b.toml".into(), other)]).unwrap_err();
    assert_eq!(error.to_string(), "b.toml:1: policy: repository#churn-model already belongs to the policy in a.toml");
}

#[test]
fn rules_that_no_version_can_satisfy_are_refused() {
    let text = include_str!("../../../policies/churn.toml");
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
fn policy_without_stages_has_one_without_label() {
    let deploy = Policy::parse("c", CHURN).unwrap().deploy.unwrap();
    let stage = deploy.production().unwrap();
    assert_eq!((deploy.stages.len(), stage.name.as_str(), stage.label()), (1, SOLE, None));
}

#[test]
fn stages_are_in_order_and_each_has_an_account() {
    let policy = Policy::parse("loans.toml", LOANS).unwrap();
    let deploy = policy.deploy.unwrap();
    let next = deploy.after(deploy.first().unwrap()).unwrap();
    assert_eq!((next.name.as_str(), next.account_id()), ("staging", Some("210987654321")));
    assert_eq!(next.account.as_ref().unwrap().session, "trimtab-loans-staging");
    assert_eq!(deploy.after(deploy.production().unwrap()), None);
    let production = deploy.production().unwrap();
    assert_eq!((&production.gate, production.account_id()), (&Gate::Manual, Some("123456789012")));
}

#[test]
fn invalid_stage_is_refused_with_its_line() {
    let refused = |from: &str, to: &str| {
        assert!(LOANS.contains(from), "{from}");
        Policy::parse("loans.toml", &LOANS.replacen(from, to, 1)).unwrap_err().to_string()
    };
    let line = |of: &str| 1 + LOANS.lines().position(|line| line.starts_with(of)).unwrap();
    let instances = format!("loans.toml:{}: deploy.stages.endpoint.instances: expected at least 1", line("instances"));
    assert_eq!(refused("instances = 1", "instances = 0"), instances);
    assert!(refused("name = \"dev\"", "name = \"prod\"").contains("deploy.stages.name: expected another name"));
    assert!(refused("name = \"dev\"", "name = \"dev\"\ngate = \"manual\"").contains("its gate is the approval"));
    assert!(refused("gate = \"manual\"", "gate = \"robot\"").contains("unknown variant `robot`"));
    assert!(
        refused("\"loans-dev\"", "\"loans\"").contains("another endpoint or transform for each stage of one account")
    );
    let elsewhere = refused("iam::210987654321:role/loans-endpoint", "iam::333333333333:role/loans-endpoint");
    assert!(elsewhere.contains("deploy.stages.account: expected a role in the account of the endpoint"));
    assert!(refused("timeout = \"10s\"", "timeout = \"10m\"").contains("deploy.stages.smoke_test: expected a body"));
    assert!(refused("loans-7d1f", "x y").contains("deploy.stages.account: expected an external_id"));
    assert!(refused("[[deploy.stages]]", "[deploy.endpoint]\n[[deploy.stages]]").contains("deploy"));
    let none = "version = 1\nmodel = \"x\"\nowner = \"x\"\npackage_group = \"x\"\n[deploy]\non_rejected = \"notify\"\nstages = []\n";
    assert!(Policy::parse("x", none).unwrap_err().to_string().contains("deploy.stages: expected at least one stage"));
}

#[test]
fn life_cycle_can_be_a_gate() {
    let text = LOANS.replace("gate = \"none\"", "gate = { lifecycle = \"Staging\" }");
    let deploy = Policy::parse("loans.toml", &text).unwrap().deploy.unwrap();
    assert_eq!(deploy.stage("staging").unwrap().gate, Gate::Lifecycle("Staging".into()));
}

#[test]
fn second_builder_or_deploy_pipeline_is_refused() {
    let refused = |from: &str, to: &str| {
        assert!(DEMAND.contains(from), "{from}");
        Policy::parse("demand.toml", &DEMAND.replacen(from, to, 1)).unwrap_err().to_string()
    };
    let both = refused("[retrain]", "project = \"demand-build\"\n[retrain]");
    assert!(both.contains("integrate.project: expected exactly one of project"), "{both}");
    assert!(fault("project = \"churn-build\"", "").contains("integrate.project: expected exactly one of project"));
    assert!(
        refused("variable = \"Commit\"", "variable = \"a b\"").contains("integrate.codepipeline: expected variable")
    );
    let same = "[deploy]\non_rejected = \"notify\"\n[deploy.pipeline]\nname = \"demand-integration\"\nvariable = \"x\"\n[retrain]";
    assert!(refused("[retrain]", same).contains("integrate.codepipeline: expected a pipeline other"));
}

#[test]
fn image_without_tags_or_parameter_is_refused() {
    assert!(fault(", image = \"Image\"", "").contains("integrate.image: expected retrain.parameters to name"));
    assert!(fault("tags = [\"latest\"]", "tags = []").contains("integrate.image: expected 1 to 10 tags"));
    assert!(fault("\"churn-training\", tags", "\"public.ecr.aws/Churn\", tags").contains("ECR repository"));
    let key = Key { kind: KeyKind::ImageRepository, name: "churn-training".into() };
    assert!(Policy::parse("c", CHURN).unwrap().keys().contains(&key));
}

#[test]
fn critical_messages_in_a_digest_are_refused() {
    let refused =
        |from: &str, to: &str| Policy::parse("demand.toml", &DEMAND.replacen(from, to, 1)).unwrap_err().to_string();
    assert!(refused("[\"info\"]", "[\"info\", \"critical\"]").contains("notify.digest_severities: expected"));
    assert!(refused("[\"info\"]", "[]").contains("notify.digest_severities: expected"));
    assert!(refused("[reconcile]", "[lineage]").contains("notify.digest_interval: expected a [reconcile] table"));
    assert!(refused("digest_interval = \"24h\"\n", "").contains("notify.digest_interval: expected the interval"));
    assert!(
        refused("digest_severities = [\"info\"]\ndigest_interval = \"24h\"\n", "")
            .contains("notify: expected recipients, or digest_severities and digest_interval")
    );
}

#[test]
fn policy_with_recipients_needs_no_digest() {
    let recipient = "[[notify.recipients]]\nprotocol = \"email\"\nendpoint = \"a@example.com\"\n";
    let text = DEMAND.replacen("digest_severities = [\"info\"]\ndigest_interval = \"24h\"\n", recipient, 1);
    let notify = Policy::parse("demand.toml", &text).unwrap().notify.unwrap();
    assert_eq!((notify.recipients.len(), notify.digest_interval), (1, None));
}

#[test]
fn policy_stored_by_an_older_version_is_read() {
    let notify: Notify = serde_json::from_str(r#"{"digest_severities": ["info"], "digest_interval": "1d"}"#).unwrap();
    assert_eq!((notify.digest_interval, notify.recipients), (Some(SignedDuration::from_hours(24)), vec![]));
}
