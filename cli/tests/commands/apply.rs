//! `apply`.

use trimtab_core::port::Ledger;

use crate::cloud::{CHURN, Cloud, Folder, RECIPIENT, TOPIC, block, churn};
use crate::support::ledger;

const NO_TOPIC: &str = "no SNS topic is given (--topic): subscriptions are left unchanged\n";

/// A policy file of another model.
fn policy(model: &str, more: &str) -> String {
    format!("{}{more}", CHURN.replace("churn", model))
}

#[test]
fn apply_writes_policies_then_subscribes_recipients() {
    let cloud = Cloud::new();
    let organization = "version = 1\n[guard]\ntags = [\"owner\"]\n";
    let folder =
        Folder::new("apply", &[("churn.toml", &format!("{CHURN}{RECIPIENT}")), ("organization.toml", organization)]);
    let applied = "applied organization.toml (guard on)\napplied policy `churn` (1 resources routed)\n";
    let ended = cloud.run_with(&["apply", "--policies", folder.path()], &[("TRIMTAB_TOPIC_ARN", TOPIC)]);
    let subscribed =
        "email oncall@example.com: subscribed to churn (all); receives nothing until the recipient confirms it\n";
    assert_eq!((ended.code, ended.err, ended.out), (Some(0), String::new(), format!("{applied}{subscribed}")));
    assert!(block(ledger(&cloud.table).policy(&churn())).unwrap().is_some());
    assert!(block(ledger(&cloud.table).organization_policy()).unwrap().unwrap().guard.is_some());
    let sns = cloud.sns.lock().unwrap().clone();
    assert_eq!(sns.len(), 2, "listed, then subscribed: {sns:?}");
    assert!(sns.iter().all(|form| form.contains("trimtab-messages")), "{sns:?}");
}

#[test]
fn apply_without_recipients_needs_no_topic() {
    let cloud = Cloud::new();
    let folder = Folder::new(
        "plain",
        &[("churn.toml", CHURN), ("organization.toml", "version = 1\n"), ("notes.txt", "no policy")],
    );
    let wanted =
        format!("applied organization.toml (guard off)\napplied policy `churn` (1 resources routed)\n{NO_TOPIC}");
    cloud.prints(&["apply", "--policies", folder.path()], &wanted);
    assert_eq!(*cloud.sns.lock().unwrap(), Vec::<String>::new());
}

#[test]
fn apply_without_a_topic_for_recipients_writes_nothing() {
    let cloud = Cloud::new();
    let folder = Folder::new("outbox", &[("churn.toml", &format!("{CHURN}{RECIPIENT}"))]);
    cloud.fails(&["apply", "--policies", folder.path()], 2, "the policies name recipients, but no SNS topic is given");
    cloud.fails(&["apply", "--policies", folder.path(), "--topic", "notices"], 2, "not a valid topic ARN");
    assert_eq!(cloud.table.contents().calls.len(), 0);
}

#[test]
fn check_validates_without_calling_aws() {
    let cloud = Cloud::new();
    let folder = Folder::new("check", &[("churn.toml", &format!("{CHURN}{RECIPIENT}"))]);
    cloud.prints(&["apply", "--check", "--policies", folder.path()], "1 valid policy\n");
    let too_many: Vec<(String, String)> = (0..51)
        .map(|number| {
            let text = CHURN.replace("churn", &format!("m{number}"));
            (format!("m{number}.toml"), format!("{text}{RECIPIENT}severities = [\"info\", \"critical\"]\n"))
        })
        .collect();
    let files: Vec<(&str, &str)> = too_many.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    let folder = Folder::new("many", &files);
    cloud.fails(&["apply", "--check", "--policies", folder.path()], 2, "SNS accepts 150");
    assert_eq!((cloud.table.contents().calls.len(), cloud.sns.lock().unwrap().len()), (0, 0));
}

#[test]
fn invalid_directory_exits_2() {
    let cloud = Cloud::new();
    cloud.fails(&["apply", "--policies", "/nowhere/at/all"], 2, "/nowhere/at/all: ");
    let folder = Folder::new("organization-only", &[("organization.toml", "version = 1\n"), ("churn.txt", CHURN)]);
    cloud.fails(&["apply", "--policies", folder.path()], 2, "no policy here: expected at least one .toml file");
    let folder = Folder::new(
        "wrong-organization",
        &[("churn.toml", CHURN), ("organization.toml", "version = 1\nmodel = \"churn\"\n")],
    );
    cloud.fails(&["apply", "--policies", folder.path()], 2, "organization.toml");
    let second = CHURN.replace("model = \"churn\"", "model = \"thief\"");
    let folder = Folder::new("thief", &[("churn.toml", CHURN), ("thief.toml", &second)]);
    cloud.fails(&["apply", "--policies", folder.path()], 2, "thief.toml");
    assert_eq!(cloud.table.contents().calls.len(), 0);
}

#[test]
fn key_that_left_a_policy_is_released_for_another_model() {
    let cloud = Cloud::new();
    let moved = CHURN.replace("package_group = \"churn\"", "package_group = \"churn-2\"");
    // `alpha` is first in the alphabet, and claims what `churn` releases in the same run.
    let alpha = policy("alpha", "").replace("package_group = \"alpha\"", "package_group = \"churn\"");
    let folder = Folder::new("release", &[("churn.toml", CHURN)]);
    assert_eq!(cloud.run(&["apply", "--policies", folder.path()]).code, Some(0));
    let folder = Folder::new("released", &[("alpha.toml", &alpha), ("churn.toml", &moved)]);
    let wanted = format!(
        "applied policy `churn` (1 resources routed)\n    released package-group#churn\n\
         applied policy `alpha` (1 resources routed)\n{NO_TOPIC}"
    );
    cloud.prints(&["apply", "--policies", folder.path()], &wanted);
    let owner = |key: &str| cloud.table.item(&format!("key#package-group#{key}"), "model").unwrap()["model"].clone();
    assert_eq!((owner("churn")["S"].as_str(), owner("churn-2")["S"].as_str()), (Some("alpha"), Some("churn")));
}

#[test]
fn models_that_exchange_keys_are_refused_before_a_write() {
    let cloud = Cloud::new();
    let group = |model: &str, group: &str| {
        policy(model, "").replace(&format!("package_group = \"{model}\""), &format!("package_group = \"{group}\""))
    };
    let folder = Folder::new("own", &[("a.toml", &group("alpha", "alpha")), ("b.toml", &group("beta", "beta"))]);
    assert_eq!(cloud.run(&["apply", "--policies", folder.path()]).code, Some(0));
    let before = cloud.table.requests("TransactWriteItems").len();
    let folder = Folder::new("exchanged", &[("a.toml", &group("alpha", "beta")), ("b.toml", &group("beta", "alpha"))]);
    cloud.fails(&["apply", "--policies", folder.path()], 1, "alpha and another model swap keys");
    assert_eq!(cloud.table.requests("TransactWriteItems").len(), before);
}

#[test]
fn model_without_a_policy_file_is_reported() {
    let cloud = Cloud::new();
    let loans = policy("loans", "");
    let folder = Folder::new("both", &[("churn.toml", CHURN), ("loans.toml", &loans)]);
    assert_eq!(cloud.run(&["apply", "--policies", folder.path()]).code, Some(0));
    let folder = Folder::new("one", &[("churn.toml", CHURN)]);
    let note = "note: `loans` is applied and has no policy file here; `trimtab remove loans` removes it\n";
    let wanted = format!("applied policy `churn` (1 resources routed)\n{NO_TOPIC}{note}");
    cloud.prints(&["apply", "--policies", folder.path()], &wanted);
}

#[test]
fn policies_before_a_refused_one_are_applied_and_printed() {
    let cloud = Cloud::new();
    let taken =
        serde_json::json!({"pk": {"S": "key#package-group#loans"}, "sk": {"S": "model"}, "model": {"S": "other"}});
    cloud.table.put(&taken);
    let loans = policy("loans", "");
    let folder = Folder::new("half", &[("churn.toml", CHURN), ("loans.toml", &loans)]);
    let ended = cloud.run(&["apply", "--policies", folder.path()]);
    assert_eq!(ended.code, Some(1));
    assert!(ended.out.starts_with("applied policy `churn`"), "{}", ended.out);
    let wanted = "error: package-group#loans in the policy of loans belongs to another model already: other\nhint: ";
    assert!(ended.err.starts_with(wanted) && ended.err.contains("`trimtab remove other`"), "{}", ended.err);
}
