//! Recipients of the policies and existing subscriptions give the changes, and each change one line of the report.

use std::sync::Mutex;

use serde_json::{Value, json};
use trimtab_core::memory::run;
use trimtab_core::policy::{OrganizationPolicy, Policy};
use trimtab_core::port::PortResult;

use super::*;

const ONCALL: &str = "oncall@example.com";

/// A policy with these recipients: `protocol endpoint severities`, the last in brackets or not there.
fn policy(model: &str, recipients: &[(&str, &str)]) -> Policy {
    let mut text = format!("version = 1\nmodel = \"{model}\"\nowner = \"team\"\npackage_group = \"{model}\"\n");
    text.push_str(&tables("recipients", recipients));
    Policy::parse("policy.toml", &text).unwrap()
}

fn tables(list: &str, recipients: &[(&str, &str)]) -> String {
    let table = |(endpoint, severities): &(&str, &str)| {
        let protocol = if endpoint.starts_with("arn:") { "sqs" } else { "email" };
        let some = if severities.is_empty() { String::new() } else { format!("severities = [{severities}]\n") };
        format!("[[notify.{list}]]\nprotocol = \"{protocol}\"\nendpoint = \"{endpoint}\"\n{some}")
    };
    recipients.iter().map(table).collect()
}

fn set(policies: impl IntoIterator<Item = Policy>) -> PolicySet {
    PolicySet { policies: policies.into_iter().collect(), organization: None }
}

fn organization(list: &str, recipients: &[(&str, &str)]) -> Option<OrganizationPolicy> {
    Some(OrganizationPolicy::parse("organization.toml", &format!("version = 1\n{}", tables(list, recipients))).unwrap())
}

fn subscribed(endpoint: &str, filter: Option<Value>) -> Subscription {
    let arn = format!("arn:{endpoint}");
    Subscription {
        protocol: "email".into(),
        endpoint: endpoint.into(),
        standing: Standing::Confirmed { arn, filter, by_body: false },
    }
}

/// The changes in words that a test can compare.
fn steps(set: &PolicySet, existing: &[Subscription]) -> Vec<String> {
    in_words(plan(set, existing).unwrap())
}

fn in_words(plan: Vec<Planned>) -> Vec<String> {
    let words = |planned: Planned| match planned.change {
        Change::Subscribe(address, filter) => format!("subscribe {address}: {}", filter.policy()),
        Change::SetFilter(arn, filter) => format!("set {arn}: {}", filter.policy()),
        Change::Unsubscribe(arn) => format!("unsubscribe {arn}"),
        Change::Unchanged(reason) => format!("{}: {reason}", planned.recipient),
    };
    plan.into_iter().map(words).collect()
}

#[test]
fn address_in_two_policies_is_one_subscription_for_both() {
    let churn = policy("churn", &[(ONCALL, "\"critical\""), (ONCALL, "\"warning\"")]);
    let demand = policy("demand", &[(ONCALL, ""), ("team@example.com", "\"critical\"")]);
    let wanted = [
        r#"subscribe email oncall@example.com: {"audience":["churn/warning","churn/critical","churn/info+warning",{"prefix":"demand/"}]}"#,
        r#"subscribe email team@example.com: {"audience":["demand/critical"]}"#,
    ];
    assert_eq!(steps(&set([churn, demand]), &[]), wanted);
}

#[test]
fn recipients_of_the_organization_share_the_filter() {
    let mut all = set([policy("churn", &[(ONCALL, "\"info\"")])]);
    all.organization = organization("all", &[(ONCALL, "\"critical\"")]);
    let wanted = r#"subscribe email oncall@example.com: {"audience":[{"suffix":"/critical"},"churn/info","churn/info+warning"]}"#;
    assert_eq!(steps(&all, &[]), [wanted]);
    all.organization = organization("platform", &[("platform@example.com", "")]);
    assert_eq!(steps(&all, &[])[1], r#"subscribe email platform@example.com: {"audience":[{"prefix":"-/"}]}"#);
}

#[test]
fn applying_again_changes_nothing() {
    let set = set([policy("churn", &[(ONCALL, "\"critical\"")])]);
    let there = subscribed(ONCALL, Some(json!({"audience": ["churn/critical"]})));
    assert_eq!(steps(&set, &[there]), ["email oncall@example.com: receives churn (critical), as before"]);
}

#[test]
fn other_filter_of_the_same_address_is_replaced() {
    let set = set([policy("churn", &[(ONCALL, "\"critical\"")])]);
    let applied = r#"set arn:oncall@example.com: {"audience":["churn/critical"]}"#;
    let by_hand = subscribed(ONCALL, Some(json!({"severity": ["critical"]})));
    let of_before = subscribed(ONCALL, Some(json!({"audience": [{"prefix": "churn/"}]})));
    let mut by_body = subscribed(ONCALL, Some(json!({"audience": ["churn/critical"]})));
    if let Standing::Confirmed { by_body, .. } = &mut by_body.standing {
        *by_body = true;
    }
    for there in [by_hand, of_before, by_body] {
        assert_eq!(steps(&set, &[there]), [applied]);
    }
}

#[test]
fn only_subscriptions_of_trimtab_are_ended() {
    let set = set([policy("churn", &[])]);
    let own = subscribed("gone@example.com", Some(json!({"audience": ["churn/critical"]})));
    let others = [subscribed("a@example.com", None), subscribed("b@example.com", Some(json!({"model": ["churn"]})))];
    assert_eq!(steps(&set, &[own]), ["unsubscribe arn:gone@example.com"]);
    assert_eq!(steps(&set, &others), Vec::<String>::new());
}

#[test]
fn filters_for_models_of_other_directories_stay() {
    let there =
        [subscribed(ONCALL, Some(json!({"audience": [{"suffix": "/critical"}, "churn/info", {"prefix": "demand/"}]})))];
    let nobody = set([policy("churn", &[])]);
    let remaining = r#"set arn:oncall@example.com: {"audience":[{"suffix":"/critical"},{"prefix":"demand/"}]}"#;
    assert_eq!(
        steps(&nobody, &there),
        [remaining],
        "neither the organization's nor demand's policy is in the directory"
    );
    let both = set([policy("churn", &[]), policy("demand", &[(ONCALL, "\"critical\"")])]);
    let whole = PolicySet { organization: organization("platform", &[("platform@example.com", "")]), ..both };
    assert_eq!(steps(&whole, &there)[0], r#"set arn:oncall@example.com: {"audience":["demand/critical"]}"#);
}

#[test]
fn subscription_that_cannot_be_changed_is_reported() {
    let set = set([policy("churn", &[(ONCALL, "")])]);
    let with = |endpoint: &str, standing| [Subscription { standing, ..subscribed(endpoint, None) }];
    let change = |existing: &[Subscription]| steps(&set, existing)[0].clone();
    assert!(change(&with(ONCALL, Standing::Pending)).contains("until the recipient confirms it"));
    assert!(change(&with("gone@example.com", Standing::Pending)).contains("gone@example.com: is in no policy"));
    assert!(change(&with(ONCALL, Standing::Others)).contains("by another account"));
    assert!(change(&[subscribed(ONCALL, None)]).contains("without a filter"));
}

#[test]
fn filter_that_is_too_large_is_refused_before_any_change() {
    let named = |count: usize| (0..count).map(|n| policy(&format!("m{n}"), &[(ONCALL, "\"info\", \"critical\"")]));
    assert_eq!(steps(&set(named(50)), &[]).len(), 1);
    let fault = plan(&set(named(51)), &[]).unwrap_err();
    assert!(fault.to_string().contains("would have 153 values, and SNS accepts 150"), "{fault}");
    assert_eq!(fault.exit_code(), 2);
}

#[test]
fn recipients_need_a_topic() {
    let fault = topic(None, &set([policy("churn", &[(ONCALL, "")])])).unwrap_err();
    assert!(fault.hint().unwrap().contains("--topic"), "{fault}");
    assert_eq!(topic(Some(""), &set([policy("churn", &[])])).unwrap(), None);
    assert!(topic(Some("notices"), &set([])).is_err());
    assert_eq!(run(planned(None::<&Topic>, &set([policy("churn", &[(ONCALL, "")])]))).unwrap().unwrap(), []);
}

/// A topic that refuses this endpoint, and stores the calls.
#[derive(Default)]
struct Topic {
    refuses: &'static str,
    calls: Mutex<Vec<String>>,
}

impl Topic {
    fn call(&self, call: String) -> PortResult<()> {
        self.calls.lock().unwrap().push(call);
        Ok(())
    }
}

impl Subscriptions for Topic {
    async fn list(&self) -> PortResult<Vec<Subscription>> {
        Ok(vec![subscribed("gone@example.com", Some(json!({"audience": ["churn/critical"]})))])
    }

    async fn subscribe(&self, address: &Address, _: &Value) -> PortResult<bool> {
        self.call(format!("subscribe {address}"))?;
        if address.endpoint() == self.refuses {
            return Err(Failure::permanent("sns:Subscribe", "InvalidParameter: Endpoint"));
        }
        Ok(address.protocol() == Protocol::Sqs)
    }

    async fn set_filter(&self, arn: &str, _: &Value) -> PortResult<()> {
        self.call(format!("set {arn}"))
    }

    async fn unsubscribe(&self, arn: &str) -> PortResult<()> {
        self.call(format!("unsubscribe {arn}"))
    }
}

#[test]
fn refused_subscription_does_not_stop_the_others() {
    let queue = "arn:aws:sqs:eu-west-1:123456789012:oncall";
    let set = set([policy("churn", &[("bad@example.com", ""), (ONCALL, "\"critical\""), (queue, "")])]);
    let topic = Topic { refuses: "bad@example.com", ..Topic::default() };
    let plan = run(planned(Some(&topic), &set)).unwrap().unwrap();
    let mut changed = Vec::new();
    run(carry_out(&topic, &plan, &mut changed)).unwrap().unwrap();
    assert_eq!(refused(&changed), 1);
    let expected = "email bad@example.com: refused: sns:Subscribe: InvalidParameter: Endpoint\n\
        email gone@example.com: unsubscribed: no policy names it\n\
        email oncall@example.com: subscribed to churn (critical); receives nothing until the recipient confirms it\n\
        sqs arn:aws:sqs:eu-west-1:123456789012:oncall: subscribed to churn (all)\n";
    assert_eq!(changed.iter().map(ToString::to_string).collect::<String>(), expected);
    assert_eq!(topic.calls.lock().unwrap().len(), 4);
}

#[test]
fn removal_takes_the_model_out_of_every_filter() {
    let churn = ModelName::parse("churn").unwrap();
    let filter = |values: Value| Some(json!({"audience": values}));
    let existing = [
        subscribed("a@example.com", filter(json!([{"prefix": "churn/"}]))),
        subscribed("b@example.com", filter(json!(["churn/critical", "demand/critical"]))),
        subscribed("c@example.com", filter(json!([{"prefix": "churn-2/"}, {"suffix": "/critical"}]))),
        subscribed("d@example.com", None),
        subscribed("e@example.com", Some(json!({"model": ["churn"]}))),
        Subscription { standing: Standing::Pending, ..subscribed(ONCALL, None) },
        Subscription { standing: Standing::Pending, ..subscribed("other@example.com", None) },
        Subscription { standing: Standing::Others, ..subscribed("f@example.com", None) },
    ];
    let policy = policy("churn", &[(ONCALL, "")]);
    let wanted = [
        "unsubscribe arn:a@example.com",
        r#"set arn:b@example.com: {"audience":["demand/critical"]}"#,
        "email oncall@example.com: is in no policy, and is not confirmed: SNS removes it after 48 hours",
    ];
    let changes = removal(&churn, recipients(&policy), &existing).unwrap();
    let report: Vec<String> = dry_run(&changes).iter().map(ToString::to_string).collect();
    assert_eq!(report[0], "email a@example.com: would be unsubscribed: no policy names it\n");
    assert_eq!(report[1], "email b@example.com: would receive demand (critical)\n");
    assert_eq!(in_words(changes), wanted);
}
