//! What EventBridge's `PutRule` refuses.

use super::*;

#[test]
fn pattern_that_eventbridge_refuses_is_refused() {
    let refused = [
        json!([]),
        json!("x"),
        json!({}),
        json!({"a": {}}),
        json!({"a": []}),
        json!({"a": "x"}),
        json!({"a": 1}),
        json!({"a": null}),
        json!({"a": [["x"]]}),
        json!({"a": [{}]}),
        json!({"a": [{"prefix": "x", "suffix": "y"}]}),
        json!({"a": [{"prefix": 1}]}),
        json!({"a": [{"prefix": {"suffix": "x"}}]}),
        json!({"a": [{"prefix": {"equals-ignore-case": 1}}]}),
        json!({"a": [{"prefix": {"equals-ignore-case": "x", "more": "y"}}]}),
        json!({"a": [{"equals-ignore-case": {"equals-ignore-case": "x"}}]}),
        json!({"a": [{"wildcard": {"equals-ignore-case": "x"}}]}),
        json!({"a": [{"wildcard": "a**b"}]}),
        json!({"a": [{"wildcard": "**"}]}),
        json!({"a": [{"wildcard": "a\\b"}]}),
        json!({"a": [{"wildcard": "a\\"}]}),
        json!({"a": [{"exists": "true"}]}),
        json!({"a": [{"numeric": 5}]}),
        json!({"a": [{"numeric": []}]}),
        json!({"a": [{"numeric": [">"]}]}),
        json!({"a": [{"numeric": [">", 1, "<"]}]}),
        json!({"a": [{"numeric": ["!=", 1]}]}),
        json!({"a": [{"numeric": [">", "1"]}]}),
        json!({"a": [{"cidr": "10.0.0.0"}]}),
        json!({"a": [{"cidr": "10.0.0.0/33"}]}),
        json!({"a": [{"cidr": "::/129"}]}),
        json!({"a": [{"cidr": "ten/8"}]}),
        json!({"a": [{"cidr": 10}]}),
        json!({"a": [{"anything-but": []}]}),
        json!({"a": [{"anything-but": null}]}),
        json!({"a": [{"anything-but": true}]}),
        json!({"a": [{"anything-but": [null]}]}),
        json!({"a": [{"anything-but": ["x", 1]}]}),
        json!({"a": [{"anything-but": {}}]}),
        json!({"a": [{"anything-but": {"prefix": "x", "suffix": "y"}}]}),
        json!({"a": [{"anything-but": {"prefix": 1}}]}),
        json!({"a": [{"anything-but": {"like": "x"}}]}),
        json!({"$or": [{"a": [1]}]}),
        json!({"$or": [{"a": [1]}, "b"]}),
        json!({"$or": [{"a": [1]}, {}]}),
    ];
    for pattern in refused {
        assert!(Pattern::parse(&pattern).is_err(), "EventBridge refuses {pattern}");
    }
    for pattern in [json!({"a": [{"cidr": "10.0.0.0/32"}]}), json!({"a": [{"cidr": "::/128"}]})] {
        assert!(Pattern::parse(&pattern).is_ok(), "EventBridge takes {pattern}");
    }
}

#[test]
fn refused_pattern_names_the_place() {
    let place = |pattern: Value| Pattern::parse(&pattern).unwrap_err().path;
    assert_eq!(place(json!({"detail": {"state": [{"numeric": [">"]}]}})), "detail.state");
    assert_eq!(place(json!({"detail": {"$or": [{"a": [1]}, {"b": {"c": []}}]}})), "detail.$or.b.c");
    assert_eq!(place(json!({})), "$");
}
