//! Defaults: the values of missing keys, which the reference lists.

use super::super::{OrganizationPolicy, Policy};
use super::limits::base::{
    self, BUILT, GUARDED, IMAGED, MONITORED, NOTIFIED, PLAIN, SERVED, STACKED, STAGED, TESTED, TRAINED, TRANSFORMED,
};
use super::limits::text::Edit::{Drop, Set};
use super::limits::text::{Edit, Text};

fn set(key: &str, value: &str) -> Edit {
    Set(key.to_owned(), value.to_owned())
}

fn policy(base: &[&str], edits: &[Edit]) -> Policy {
    let text = Text::of(base).with(edits).text();
    Policy::parse("p.toml", &text).unwrap_or_else(|fault| panic!("{fault}\n{text}"))
}

/// Base policy, key, default, and another value.
pub(super) const DEFAULTS: &[(&[&str], &str, &str, &str)] = &[
    (BUILT, "retrain.alarms", "[]", "[\"a\"]"),
    (BUILT, "retrain.monitors", "[]", "[\"a\"]"),
    (BUILT, "retrain.drift", "[\"data_quality\", \"model_quality\", \"bias\", \"feature_attribution\"]", "[\"bias\"]"),
    (BUILT, "retrain.circuit_breaker_threshold", "3", "2"),
    (TRAINED, "retrain.feature_groups", "[]", "[\"a\"]"),
    (TRAINED, "retrain.data.debounce", "\"15m\"", "\"16m\""),
    (TRAINED, "retrain.data.max_wait", "\"6h\"", "\"5h\""),
    (TRAINED, "retrain.data.min_objects", "1", "2"),
    (TRAINED, "retrain.data.cool_down", "true", "false"),
    (IMAGED, "integrate.image.train", "false", "true"),
    (TESTED, "evaluate.bias_report", "false", "true"),
    (STACKED, "deploy.stack.parameters", "{}", "{ A = \"x\" }"),
    (STACKED, "deploy.stack.capabilities", "[]", "[\"CAPABILITY_IAM\"]"),
    (TRANSFORMED, "deploy.transform.split", "\"none\"", "\"line\""),
    (TRANSFORMED, "deploy.transform.join_input", "false", "true"),
    (STAGED, "deploy.stages.gate", "\"none\"", "\"manual\""),
    (STAGED, "deploy.stages.smoke_test.content_type", "\"application/json\"", "\"text/csv\""),
    (STAGED, "deploy.stages.smoke_test.timeout", "\"10s\"", "\"9s\""),
    (MONITORED, "monitor.every", "\"1h\"", "\"2h\""),
    (MONITORED, "monitor.label_delay", "\"24h\"", "\"23h\""),
    (MONITORED, "monitor.feature_attribution.label", "\"label0\"", "\"label1\""),
    (PLAIN, "reconcile.build", "\"2h\"", "\"3h\""),
    (PLAIN, "reconcile.training", "\"24h\"", "\"23h\""),
    (PLAIN, "reconcile.evaluation", "\"6h\"", "\"5h\""),
    (PLAIN, "reconcile.rollout", "\"6h\"", "\"5h\""),
    (NOTIFIED, "notify.recipients.severities", "[\"info\", \"warning\", \"critical\"]", "[\"critical\"]"),
];

#[test]
fn keys_left_out_have_their_defaults() {
    for (base, key, default, other) in DEFAULTS {
        // The base may set the key.
        let without: Vec<Edit> = Text::of(base).has(key).then_some(Drop(key)).into_iter().collect();
        let with = |value| [without.clone(), vec![set(key, value)]].concat();
        let left_out = policy(base, &without);
        assert_eq!(left_out, policy(base, &with(default)), "{key} is {default} by default");
        assert_ne!(left_out, policy(base, &with(other)), "{key} has an effect");
    }
}

#[test]
fn data_of_a_feature_group_is_collected_by_the_defaults() {
    let table = Drop("retrain.data");
    let groups = set("retrain.feature_groups", "[\"a\"]");
    let prefixes = set("retrain.data.prefixes", "[]");
    let (without, with) = (policy(TRAINED, &[table, groups.clone()]), policy(TRAINED, &[groups, prefixes]));
    let data = |policy: Policy| policy.retrain.unwrap().data_or_default();
    assert_eq!(data(without), data(with));
}

/// Keys that enable something.
const OFF: &[(&[&str], &str, &str)] = &[
    (BUILT, "integrate.pull_requests", "\"review\""),
    (BUILT, "integrate.definition", "\"pipeline.json\""),
    (BUILT, "integrate.pipeline_role", "\"arn:aws:iam::123456789012:role/x-pipeline\""),
    (base::BY_KUBEFLOW, "retrain.kubeflow.experiment", "\"9c0d\""),
    (TRAINED, "retrain.every", "\"30d\""),
    (BUILT, "retrain.parameters.commit", "\"Commit\""),
    (TESTED, "evaluate.metrics.margin", "0.01"),
    (SERVED, "deploy.endpoint.canary", "{ percent = 1, bake_time = \"1m\", alarms = [\"a\"] }"),
    (SERVED, "deploy.endpoint.autoscaling", "{ min = 1, max = 1, invocations_per_instance = 1 }"),
    (SERVED, "deploy.endpoint.asynchronous", "{ output = \"s3://a/b\" }"),
    (base::BY_REQUEST, "deploy.endpoint.serverless.provisioned", "1"),
    (base::QUEUED, "deploy.endpoint.asynchronous.failures", "\"s3://a/b\""),
    (base::QUEUED, "deploy.endpoint.asynchronous.max_concurrent", "1"),
    (TRANSFORMED, "deploy.transform.accept", "\"text/csv\""),
    (TRANSFORMED, "deploy.transform.max_payload_mb", "6"),
    (TRANSFORMED, "deploy.transform.max_concurrent", "1"),
    (TRANSFORMED, "deploy.transform.kms_key", "\"alias/a\""),
    (TRANSFORMED, "deploy.transform.volume_kms_key", "\"alias/a\""),
    (MONITORED, "monitor.kms_key", "\"alias/a\""),
    (MONITORED, "monitor.capture.kms_key", "\"alias/a\""),
    (MONITORED, "monitor.baseline", "\"s3://a/b\""),
    (PLAIN, "notify", "{ recipients = [{ protocol = \"email\", endpoint = \"a@b\" }] }"),
    (SERVED, "lineage", "{}"),
    (SERVED, "reconcile", "{}"),
];

#[test]
fn missing_table_is_off() {
    for (base, key, value) in OFF {
        let found = |policy: &Policy| {
            let pointer = format!("/{}", key.replace("metrics", "metrics.0").replace('.', "/"));
            serde_json::to_value(policy).unwrap().pointer(&pointer).is_some_and(|value| !value.is_null())
        };
        assert!(!found(&policy(base, &[])), "{key} is off by default");
        assert!(found(&policy(base, &[set(key, value)])), "{key} is on when set");
    }
}

#[test]
fn guard_without_a_rule_does_not_apply_it() {
    let read =
        |edits: &[Edit]| OrganizationPolicy::parse("organization.toml", &Text::of(GUARDED).with(edits).text()).unwrap();
    let without = read(&[]);
    let nothing = [
        ("guard.vpc", "false", "true"),
        ("guard.network_isolation", "false", "true"),
        ("guard.image_digest", "false", "true"),
        ("guard.instance_types", "[]", "[\"ml.m5.*\"]"),
        ("guard.registries", "[]", "[\"public.ecr.aws\"]"),
        ("guard.stop", "[]", "[\"training\"]"),
        ("guard.exempt", "[]", "[\"arn:aws:iam::123456789012:role/x\"]"),
    ];
    for (key, default, other) in nothing {
        assert_eq!(without, read(&[set(key, default)]), "{key} is {default} by default");
        assert_ne!(without, read(&[set(key, other)]), "{key} has an effect");
    }
    assert_eq!(read(&[Drop("guard.kms")]), read(&[set("guard.kms", "false")]), "guard.kms is false by default");
    assert_eq!(read(&[Drop("guard.tags")]), read(&[set("guard.tags", "[]")]), "guard.tags is empty by default");
}

/// The required keys.
const REQUIRED: &[(&[&str], &str)] = &[
    (PLAIN, "version"),
    (PLAIN, "model"),
    (PLAIN, "owner"),
    (PLAIN, "package_group"),
    (BUILT, "retrain.cool_down"),
    (BUILT, "retrain.budget"),
    (BUILT, "retrain.budget.runs"),
    (BUILT, "retrain.budget.per"),
    (TESTED, "evaluate.tests"),
    (TESTED, "evaluate.on_pass"),
    (TESTED, "evaluate.on_fail"),
    (SERVED, "deploy.on_rejected"),
    (SERVED, "deploy.endpoint.role"),
    (MONITORED, "monitor.role"),
    (MONITORED, "monitor.instance_type"),
    (MONITORED, "monitor.output"),
    (MONITORED, "monitor.capture"),
    (MONITORED, "monitor.images.analyzer"),
];

#[test]
fn required_keys_left_out_are_refused_by_name() {
    for (base, key) in REQUIRED {
        let text = Text::of(base).with(&[Drop(key)]);
        let fault = Policy::parse("p.toml", &text.text()).expect_err(key);
        let name = key.rsplit('.').next().unwrap_or_default();
        assert!(fault.problem.contains(&format!("missing field `{name}`")), "{key} is required: {fault}");
        assert_eq!(fault.line, text.line(key, 0), "the fault about {key} names the table that lacks it: {fault}");
    }
}

/// An older version of Trimtab reads the ledger, too, and would refuse a key that it does not know.
#[test]
fn missing_key_is_not_stored_in_the_ledger() {
    let cases: [(&[&str], &[Edit], &str); 4] = [
        (TRANSFORMED, &[Drop("deploy.transform.split")], "/deploy/transform/split"),
        (TRANSFORMED, &[], "/deploy/transform/join_input"),
        (NOTIFIED, &[], "/notify/recipients/0/severities"),
        (STACKED, &[], "/deploy/stack/capabilities"),
    ];
    for (base, edits, key) in cases {
        let written = serde_json::to_value(policy(base, edits)).unwrap();
        let (table, _) = key.rsplit_once('/').unwrap();
        assert!(written.pointer(table).is_some(), "{table}");
        assert_eq!(written.pointer(key), None, "{key} is left out");
    }
    let all = [set("notify.recipients.severities", "[\"info\", \"warning\", \"critical\"]")];
    let written = serde_json::to_value(policy(NOTIFIED, &all)).unwrap();
    assert_eq!(written.pointer("/notify/recipients/0/severities"), None, "all severities are the default");
}

#[test]
fn duration_is_written_in_its_largest_unit() {
    for (length, written) in
        [("24h", "1d"), ("36h", "36h"), ("120m", "2h"), ("90m", "90m"), ("60s", "1m"), ("90s", "90s")]
    {
        let policy = policy(BUILT, &[set("retrain.cool_down", &format!("\"{length}\""))]);
        let json = serde_json::to_value(policy).unwrap();
        assert_eq!(json.pointer("/retrain/cool_down").unwrap(), written, "{length} in its largest unit");
    }
}
