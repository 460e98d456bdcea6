//! Wanted recipients and the subscriptions that are there give the calls, and each call a line.

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

/// What is done, in words that a test can hold.
fn steps(set: &PolicySet, existing: &[Subscription]) -> Vec<String> {
    let say = |step: Step| match step.does {
        Does::Subscribe(address, filter) => format!("subscribe {address}: {}", filter.policy()),
        Does::SetFilter(arn, filter) => format!("set {arn}: {}", filter.policy()),
        Does::Unsubscribe(arn) => format!("unsubscribe {arn}"),
        Does::Nothing(why) => format!("{}: {why}", step.who),
    };
    plan(set, existing).unwrap().into_iter().map(say).collect()
}

#[test]
fn one_address_in_two_policies_is_one_subscription_that_lets_both_through() {
    let churn = policy("churn", &[(ONCALL, "\"critical\""), (ONCALL, "\"warning\"")]);
    let demand = policy("demand", &[(ONCALL, ""), ("team@example.com", "\"critical\"")]);
    let wanted = [
        r#"subscribe email oncall@example.com: {"audience":["churn/warning","churn/critical","churn/info+warning",{"prefix":"demand/"}]}"#,
        r#"subscribe email team@example.com: {"audience":["demand/critical"]}"#,
    ];
    assert_eq!(steps(&set([churn, demand]), &[]), wanted);
}

#[test]
fn what_holds_for_the_whole_suite_is_in_the_same_filter() {
    let mut all = set([policy("churn", &[(ONCALL, "\"info\"")])]);
    all.organization = organization("all", &[(ONCALL, "\"critical\"")]);
    let wanted = r#"subscribe email oncall@example.com: {"audience":[{"suffix":"/critical"},"churn/info","churn/info+warning"]}"#;
    assert_eq!(steps(&all, &[]), [wanted]);
    all.organization = organization("platform", &[("platform@example.com", "")]);
    assert_eq!(steps(&all, &[])[1], r#"subscribe email platform@example.com: {"audience":[{"prefix":"-/"}]}"#);
}

#[test]
fn applying_again_calls_nothing() {
    let set = set([policy("churn", &[(ONCALL, "\"critical\"")])]);
    let there = subscribed(ONCALL, Some(json!({"audience": ["churn/critical"]})));
    assert_eq!(steps(&set, &[there]), ["email oncall@example.com: hears churn (critical), as before"]);
}

#[test]
fn another_filter_is_set_also_one_that_was_made_by_hand_or_is_held_against_the_body() {
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
fn who_is_in_no_policy_any_more_is_unsubscribed_and_what_others_subscribed_stays() {
    let set = set([policy("churn", &[])]);
    let own = subscribed("gone@example.com", Some(json!({"audience": ["churn/critical"]})));
    let others = [subscribed("a@example.com", None), subscribed("b@example.com", Some(json!({"model": ["churn"]})))];
    assert_eq!(steps(&set, &[own]), ["unsubscribe arn:gone@example.com"]);
    assert_eq!(steps(&set, &others), Vec::<String>::new());
}

#[test]
fn what_a_folder_does_not_hold_stays_as_it_was_applied() {
    let there =
        [subscribed(ONCALL, Some(json!({"audience": [{"suffix": "/critical"}, "churn/info", {"prefix": "demand/"}]})))];
    let nobody = set([policy("churn", &[])]);
    let kept = r#"set arn:oncall@example.com: {"audience":[{"suffix":"/critical"},{"prefix":"demand/"}]}"#;
    assert_eq!(steps(&nobody, &there), [kept], "neither the suite's nor demand's policy is in the folder");
    let both = set([policy("churn", &[]), policy("demand", &[(ONCALL, "\"critical\"")])]);
    let whole = PolicySet { organization: organization("platform", &[("platform@example.com", "")]), ..both };
    assert_eq!(steps(&whole, &there)[0], r#"set arn:oncall@example.com: {"audience":["demand/critical"]}"#);
}

#[test]
fn what_is_not_confirmed_or_not_ours_is_said_and_left() {
    let set = set([policy("churn", &[(ONCALL, "")])]);
    let with = |endpoint: &str, standing| [Subscription { standing, ..subscribed(endpoint, None) }];
    let said = |existing: &[Subscription]| steps(&set, existing)[0].clone();
    assert!(said(&with(ONCALL, Standing::Pending)).contains("until it is confirmed"));
    assert!(said(&with("gone@example.com", Standing::Pending)).contains("gone@example.com: is in no policy"));
    assert!(said(&with(ONCALL, Standing::Others)).contains("by another account"));
    assert!(said(&[subscribed(ONCALL, None)]).contains("without a filter"));
}

#[test]
fn a_filter_that_sns_would_refuse_is_refused_before_anything_is_done() {
    let named = |count: usize| (0..count).map(|n| policy(&format!("m{n}"), &[(ONCALL, "\"info\", \"critical\"")]));
    assert_eq!(steps(&set(named(50)), &[]).len(), 1);
    let fault = plan(&set(named(51)), &[]).unwrap_err();
    assert!(fault.to_string().contains("would have 153 values, and SNS takes 150"), "{fault}");
    assert_eq!(fault.exit_code(), 2);
}

#[test]
fn recipients_without_a_topic_are_an_error_and_no_recipients_are_none() {
    let fault = topic(None, &set([policy("churn", &[(ONCALL, "")])])).unwrap_err();
    assert!(fault.to_string().contains("--topic"), "{fault}");
    assert_eq!(topic(Some(""), &set([policy("churn", &[])])).unwrap(), None);
    assert!(topic(Some("notices"), &set([])).is_err());
    let said = run(carry_out(None::<&Topic>, &[], String::new())).unwrap().unwrap();
    assert!(said.contains("no topic was given"), "{said}");
}

/// A topic that refuses this endpoint, and remembers what was asked of it.
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
fn one_that_is_refused_keeps_nobody_else_from_being_told_and_is_an_error() {
    let queue = "arn:aws:sqs:eu-west-1:123456789012:oncall";
    let set = set([policy("churn", &[("bad@example.com", ""), (ONCALL, "\"critical\""), (queue, "")])]);
    let topic = Topic { refuses: "bad@example.com", ..Topic::default() };
    let plan = run(planned(Some(&topic), &set)).unwrap().unwrap();
    let fault = run(carry_out(Some(&topic), &plan, "applied churn\n".to_owned())).unwrap().unwrap_err();
    assert_eq!(fault.exit_code(), 1);
    let expected = "applied churn\n\
        email bad@example.com: REFUSED: sns:Subscribe: InvalidParameter: Endpoint\n\
        email gone@example.com: unsubscribed: no policy names it any more\n\
        email oncall@example.com: subscribed to churn (critical); hears nothing until it is confirmed there\n\
        sqs arn:aws:sqs:eu-west-1:123456789012:oncall: subscribed to churn (all)\n";
    assert!(fault.to_string().ends_with(expected), "{fault}");
    assert_eq!(topic.calls.lock().unwrap().len(), 4);
}
