use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

mod documentation;
mod refused;

#[track_caller]
fn check(pattern: &Value, matching: &[Value], others: &[Value]) {
    let pattern = Pattern::parse(pattern).unwrap();
    for event in matching {
        assert!(pattern.matches(event), "should match {event}");
    }
    for event in others {
        assert!(!pattern.matches(event), "should not match {event}");
    }
}

#[test]
fn every_field_must_match_and_one_of_its_values() {
    check(
        &json!({"source": ["aws.ec2", "aws.s3"], "detail": {"state": ["running"]}}),
        &[json!({"source": "aws.s3", "detail": {"state": "running", "more": 1}})],
        &[json!({"source": "aws.s3"}), json!({"source": "aws.sns", "detail": {"state": "running"}})],
    );
}

#[test]
fn list_matches_by_any_member_and_its_objects_as_a_whole() {
    let metric =
        |namespace: &str, stat: &str| json!({"metricStat": {"metric": {"namespace": namespace}, "stat": stat}});
    check(
        &json!({"metrics": {"metricStat": {"metric": {"namespace": [{"prefix": "aws/"}]}, "stat": ["Max"]}}}),
        &[json!({"metrics": [{"expression": "m1*2"}, metric("aws/x", "Max")]})],
        &[json!({"metrics": [metric("aws/x", "Min"), metric("other", "Max")]}), json!({"metrics": []}), json!({})],
    );
}

#[test]
fn text_operators() {
    let on = |test: Value| json!({"a": [test]});
    let has = |text: &str| json!({"a": text});
    check(&on(json!({"prefix": "eu-"})), &[has("eu-west-1")], &[has("us-east-1"), json!({"a": 1}), json!({})]);
    check(&on(json!({"suffix": ".png"})), &[has("x.png")], &[has("x.PNG")]);
    check(&on(json!({"prefix": {"equals-ignore-case": "EU"}})), &[has("eu-west-1")], &[has("us")]);
    check(&on(json!({"suffix": {"equals-ignore-case": "PNG"}})), &[has("x.pNg")], &[has("x.gif")]);
    check(&on(json!({"equals-ignore-case": "alice"})), &[has("ALICE")], &[has("alice2")]);
    check(&on(json!({"wildcard": "a*c*"})), &[has("abc"), has("ac"), has("axcx")], &[has("bac"), has("ab")]);
    check(&on(json!({"wildcard": "a\\*c"})), &[has("a*c")], &[has("abc")]);
    check(&on(json!({"wildcard": "*ab*ab"})), &[has("abab"), has("xabyab")], &[has("ab")]);
}

#[test]
fn anything_but_needs_the_field() {
    let on = |test: Value| json!({"a": [{"anything-but": test}]});
    check(&on(json!("x")), &[json!({"a": "y"}), json!({"a": 1})], &[json!({"a": "x"}), json!({})]);
    check(&on(json!(["x", "1"])), &[json!({"a": "y"}), json!({"a": 1})], &[json!({"a": "x"}), json!({"a": "1"})]);
    check(&on(json!({"prefix": "in"})), &[json!({"a": "out"})], &[json!({"a": "init"})]);
    check(&on(json!({"suffix": [".a", ".b"]})), &[json!({"a": "x.c"})], &[json!({"a": "x.b"})]);
}

#[test]
fn numbers_existence_and_addresses() {
    check(
        &json!({"a": [{"numeric": [">", 0, "<=", 5]}]}),
        &[json!({"a": 5}), json!({"a": 0.1})],
        &[json!({"a": 0}), json!({"a": "3"})],
    );
    check(&json!({"a": [300]}), &[json!({"a": 300})], &[json!({"a": 300.0}), json!({"a": "300"})]);
    check(
        &json!({"a": {"b": [{"exists": false}]}}),
        &[json!({}), json!({"a": {"b": {"c": 1}}})],
        &[json!({"a": {"b": 1}})],
    );
    check(&json!({"a": [{"exists": true}]}), &[json!({"a": null})], &[json!({}), json!({"a": {"b": 1}})]);
    check(&json!({"a": [{"cidr": "10.0.0.0/24"}]}), &[json!({"a": "10.0.0.255"})], &[json!({"a": "10.0.1.0"})]);
    check(&json!({"a": [{"cidr": "::/0"}]}), &[json!({"a": "2001:db8::1"})], &[json!({"a": "10.0.1.0"})]);
}

#[test]
fn or_takes_one_alternative() {
    check(
        &json!({"x": [1], "$or": [{"a": [1]}, {"b": {"c": [2]}}]}),
        &[json!({"x": 1, "a": 1}), json!({"x": 1, "b": {"c": 2}})],
        &[json!({"a": 1}), json!({"x": 1, "b": {"c": 3}})],
    );
}

#[test]
fn a_fault_names_its_place() {
    let said = |pattern: Value| Pattern::parse(&pattern).unwrap_err().to_string();
    assert_eq!(said(json!([])), "$: expected an object");
    assert_eq!(said(json!({"a": {"b": "x"}})), "a.b: expected an object, or a list of at least one value");
    assert_eq!(said(json!({"a": [{"like": "x"}]})), "a: expected an operator that EventBridge has, with text");
    assert_eq!(said(json!({"a": [{"cidr": "10.0.0.0/33"}]})), "a: expected no more bits than an address has");
}

proptest! {
    #[test]
    fn an_event_matches_the_pattern_made_of_it(value in "[a-z]{0,8}", number in any::<i32>(), extra in any::<bool>()) {
        let event = json!({"source": value, "detail": {"n": [number, "x"], "b": extra}, "more": extra});
        let pattern = json!({"source": [value], "detail": {"n": [number], "b": [extra]}});
        prop_assert!(Pattern::parse(&pattern).unwrap().matches(&event));
    }
}
