//! EventBridge's own examples: each row of "Comparison operators for use in event patterns" and of the
//! user guide's pages on arrays, nulls and `$or`, with an event that matches it and one that does not.
//!
//! <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html>

use super::*;

/// A pattern, events that match it, and events that do not.
type Row = (&'static str, &'static str, &'static [&'static str], &'static [&'static str]);

const OPERATORS: [Row; 27] = [
    (
        "and",
        r#"{"Location": ["New York"], "Day": ["Monday"]}"#,
        &[r#"{"Location": "New York", "Day": "Monday", "Hour": 3}"#],
        &[r#"{"Location": "New York"}"#, r#"{"Location": "New York", "Day": "Tuesday"}"#],
    ),
    (
        "or, within one field",
        r#"{"PaymentType": ["Credit", "Debit"]}"#,
        &[r#"{"PaymentType": "Credit"}"#, r#"{"PaymentType": "Debit"}"#],
        &[r#"{"PaymentType": "Cash"}"#, r#"{}"#],
    ),
    (
        "or, of several fields",
        r#"{"$or": [{"Location": ["New York"]}, {"Day": ["Monday"]}]}"#,
        &[r#"{"Location": "New York"}"#, r#"{"Day": "Monday"}"#, r#"{"Location": "New York", "Day": "Monday"}"#],
        &[r#"{"Location": "Rome", "Day": "Friday"}"#, r#"{}"#],
    ),
    (
        "empty",
        r#"{"LastName": [""]}"#,
        &[r#"{"LastName": ""}"#],
        &[r#"{"LastName": "x"}"#, r#"{"LastName": null}"#, "{}"],
    ),
    ("equals", r#"{"Name": ["Alice"]}"#, &[r#"{"Name": "Alice"}"#], &[r#"{"Name": "alice"}"#, r#"{"Name": "Alice "}"#]),
    (
        "equals, ignoring case",
        r#"{"Name": [{"equals-ignore-case": "alice"}]}"#,
        &[r#"{"Name": "Alice"}"#, r#"{"Name": "ALICE"}"#],
        &[r#"{"Name": "Alicia"}"#, r#"{"Name": 1}"#],
    ),
    (
        "null",
        r#"{"UserID": [null]}"#,
        &[r#"{"UserID": null}"#],
        &[r#"{"UserID": "null"}"#, r#"{"UserID": ""}"#, r#"{}"#],
    ),
    ("boolean", r#"{"Live": [true]}"#, &[r#"{"Live": true}"#], &[r#"{"Live": "true"}"#, r#"{"Live": false}"#]),
    (
        "begins with",
        r#"{"Region": [{"prefix": "us-"}]}"#,
        &[r#"{"Region": "us-east-1"}"#, r#"{"Region": "us-"}"#],
        &[r#"{"Region": "eu-us-1"}"#, r#"{"Region": "US-east-1"}"#],
    ),
    (
        "begins with, ignoring case",
        r#"{"service": [{"prefix": {"equals-ignore-case": "eventb"}}]}"#,
        &[r#"{"service": "EventBridge"}"#, r#"{"service": "EVENTBUS"}"#],
        &[r#"{"service": "Bridge"}"#, r#"{"service": "an EventBridge"}"#],
    ),
    (
        "ends with",
        r#"{"FileName": [{"suffix": ".png"}]}"#,
        &[r#"{"FileName": "a.png"}"#],
        &[r#"{"FileName": "a.PNG"}"#, r#"{"FileName": "a.png.gz"}"#],
    ),
    (
        "ends with, ignoring case",
        r#"{"service": [{"suffix": {"equals-ignore-case": "TBridge"}}]}"#,
        &[r#"{"service": "EventBridge"}"#, r#"{"service": "EVENTBRIDGE"}"#],
        &[r#"{"service": "EventBridges"}"#],
    ),
    (
        "anything but a text",
        r#"{"state": [{"anything-but": "initializing"}]}"#,
        &[r#"{"state": "running"}"#, r#"{"state": 3}"#, r#"{"state": null}"#],
        &[r#"{"state": "initializing"}"#, r#"{}"#],
    ),
    (
        "anything but a number",
        r#"{"x-limit": [{"anything-but": 123}]}"#,
        &[r#"{"x-limit": 124}"#, r#"{"x-limit": "123"}"#],
        &[r#"{"x-limit": 123}"#],
    ),
    (
        "anything but one of several texts",
        r#"{"state": [{"anything-but": ["stopped", "overloaded"]}]}"#,
        &[r#"{"state": "running"}"#],
        &[r#"{"state": "stopped"}"#, r#"{"state": "overloaded"}"#],
    ),
    (
        "anything but one of several numbers",
        r#"{"x-limit": [{"anything-but": [100, 200, 300]}]}"#,
        &[r#"{"x-limit": 150}"#],
        &[r#"{"x-limit": 100}"#, r#"{"x-limit": 300}"#],
    ),
    (
        "anything but what begins with",
        r#"{"Region": [{"anything-but": {"prefix": "us-"}}]}"#,
        &[r#"{"Region": "eu-west-1"}"#],
        &[r#"{"Region": "us-west-1"}"#],
    ),
    (
        "anything but what ends with",
        r#"{"FileName": [{"anything-but": {"suffix": ".png"}}]}"#,
        &[r#"{"FileName": "a.gif"}"#],
        &[r#"{"FileName": "a.png"}"#],
    ),
    (
        "anything but, ignoring case",
        r#"{"state": [{"anything-but": {"equals-ignore-case": ["initializing", "stopped"]}}]}"#,
        &[r#"{"state": "running"}"#],
        &[r#"{"state": "INITIALIZING"}"#, r#"{"state": "Stopped"}"#],
    ),
    (
        "anything but a wildcard",
        r#"{"FilePath": [{"anything-but": {"wildcard": "*/lib/*"}}]}"#,
        &[r#"{"FilePath": "dir/bin/x"}"#],
        &[r#"{"FilePath": "dir/lib/x"}"#],
    ),
    (
        "not",
        r#"{"Weather": [{"anything-but": ["Raining"]}]}"#,
        &[r#"{"Weather": "Sun"}"#],
        &[r#"{"Weather": "Raining"}"#],
    ),
    (
        "exists",
        r#"{"ProductName": [{"exists": true}]}"#,
        &[r#"{"ProductName": "x"}"#, r#"{"ProductName": null}"#, r#"{"ProductName": ["x"]}"#],
        &[r#"{}"#, r#"{"Other": 1}"#],
    ),
    (
        "does not exist",
        r#"{"detail": {"c-count": [{"exists": false}]}}"#,
        &[r#"{"detail": {"state": "x"}}"#, r#"{"detail": {"c-count": {"c1": 100}}}"#],
        &[r#"{"detail": {"c-count": 3}}"#, r#"{"detail": {"c-count": null}}"#],
    ),
    (
        "a number's range",
        r#"{"Price": [{"numeric": [">", 10, "<=", 20]}]}"#,
        &[r#"{"Price": 10.000001}"#, r#"{"Price": 20}"#],
        &[r#"{"Price": 10}"#, r#"{"Price": 20.000001}"#, r#"{"Price": "15"}"#],
    ),
    (
        "a number",
        r#"{"Price": [{"numeric": ["=", 100]}]}"#,
        &[r#"{"Price": 100}"#, r#"{"Price": 100.0}"#, r#"{"Price": 1e2}"#],
        &[r#"{"Price": 100.5}"#],
    ),
    (
        "an address",
        r#"{"source-ip": [{"cidr": "10.0.0.0/24"}]}"#,
        &[r#"{"source-ip": "10.0.0.0"}"#, r#"{"source-ip": "10.0.0.255"}"#],
        &[
            r#"{"source-ip": "10.0.1.0"}"#,
            r#"{"source-ip": "9.255.255.255"}"#,
            r#"{"source-ip": "ten"}"#,
            r#"{"source-ip": 10}"#,
        ],
    ),
    (
        "a wildcard",
        r#"{"FileName": [{"wildcard": "dir/*.png"}]}"#,
        &[r#"{"FileName": "dir/a.png"}"#, r#"{"FileName": "dir/sub/a.png"}"#, r#"{"FileName": "dir/.png"}"#],
        &[r#"{"FileName": "other/dir/a.png"}"#, r#"{"FileName": "dir/a.png.gz"}"#, r#"{"FileName": "dir/a_png"}"#],
    ),
];

#[track_caller]
fn check_rows(rows: &[Row]) {
    let read = |text: &str| serde_json::from_str::<Value>(text).unwrap();
    for (what, pattern, matching, others) in rows {
        let pattern = Pattern::parse(&read(pattern)).unwrap_or_else(|error| panic!("{what}: {error}"));
        for event in *matching {
            assert!(pattern.matches(&read(event)), "{what}: EventBridge would deliver {event}");
        }
        for event in *others {
            assert!(!pattern.matches(&read(event)), "{what}: EventBridge would not deliver {event}");
        }
    }
}

#[test]
fn each_operator_matches_as_eventbridge_documents_it() {
    check_rows(&OPERATORS);
}

#[test]
fn arrays_match_by_any_member_as_eventbridge_documents_it() {
    check_rows(&[
        (
            "one of the event's values is one of the pattern's",
            r#"{"resources": ["arn:a", "arn:b"]}"#,
            &[r#"{"resources": ["arn:c", "arn:b"]}"#],
            &[r#"{"resources": ["arn:c"]}"#, r#"{"resources": []}"#],
        ),
        (
            "lists within lists",
            r#"{"resources": ["arn:a"]}"#,
            &[r#"{"resources": [["arn:c"], ["arn:b", "arn:a"]]}"#],
            &[r#"{"resources": [["arn:c"]]}"#],
        ),
        (
            "fields of one object of a list",
            r#"{"employees": {"firstName": ["Anna"], "lastName": ["Smith"]}}"#,
            &[
                r#"{"employees": [{"firstName": "John", "lastName": "Doe"}, {"firstName": "Anna", "lastName": "Smith"}]}"#,
            ],
            &[
                r#"{"employees": [{"firstName": "Anna", "lastName": "Doe"}, {"firstName": "John", "lastName": "Smith"}]}"#,
            ],
        ),
        (
            "anything but, of a list: some member is something else",
            r#"{"state": [{"anything-but": "stopped"}]}"#,
            &[r#"{"state": ["stopped", "running"]}"#],
            &[r#"{"state": ["stopped"]}"#, r#"{"state": []}"#],
        ),
    ]);
}

#[test]
fn and_or_not_combine_as_eventbridge_documents_it() {
    check_rows(&[
        (
            "source and (metric or namespace)",
            r#"{"source": ["aws.cloudwatch"], "$or": [{"metricName": ["CPUUtilization", "ReadLatency"]}, {"namespace": ["AWS/EC2", "AWS/ES"]}]}"#,
            &[
                r#"{"source": "aws.cloudwatch", "metricName": "ReadLatency"}"#,
                r#"{"source": "aws.cloudwatch", "namespace": "AWS/ES", "metricName": "x"}"#,
            ],
            &[
                r#"{"source": "aws.cloudwatch", "metricName": "x", "namespace": "y"}"#,
                r#"{"source": "aws.ec2", "metricName": "ReadLatency"}"#,
            ],
        ),
        (
            "(metric or namespace) and (source or detail type)",
            r#"{"$or": [{"metricName": ["ReadLatency"]}, {"namespace": ["AWS/ES"]}],
                "detail": {"$or": [{"source": ["aws.cloudwatch"]}, {"detail-type": ["Alarm"]}]}}"#,
            &[
                r#"{"metricName": "ReadLatency", "detail": {"detail-type": "Alarm"}}"#,
                r#"{"namespace": "AWS/ES", "detail": {"source": "aws.cloudwatch"}}"#,
            ],
            &[r#"{"metricName": "ReadLatency", "detail": {}}"#, r#"{"detail": {"detail-type": "Alarm"}}"#],
        ),
        (
            "metric or (type and namespace and (metric id or space id)) or scope",
            r#"{"source": ["aws.cloudwatch"], "$or": [{"metricName": ["ReadLatency"]},
                {"metricType": ["MetricType"], "namespace": ["AWS/EC2"], "$or": [{"metricId": [1234]}, {"spaceId": [1000]}]},
                {"scope": ["Service"]}]}"#,
            &[
                r#"{"source": "aws.cloudwatch", "scope": "Service"}"#,
                r#"{"source": "aws.cloudwatch", "metricType": "MetricType", "namespace": "AWS/EC2", "spaceId": 1000}"#,
            ],
            &[
                r#"{"source": "aws.cloudwatch", "metricType": "MetricType", "namespace": "AWS/EC2"}"#,
                r#"{"source": "aws.cloudwatch", "metricType": "MetricType", "metricId": 1234}"#,
                r#"{"scope": "Service"}"#,
            ],
        ),
        (
            "or with not",
            r#"{"$or": [{"state": [{"anything-but": "running"}]}, {"limit": [{"numeric": [">=", 5]}]}, {"owner": [{"exists": false}]}]}"#,
            &[
                r#"{"state": "stopped", "owner": "x"}"#,
                r#"{"state": "running", "limit": 5, "owner": "x"}"#,
                r#"{"state": "running", "limit": 4}"#,
            ],
            &[r#"{"state": "running", "limit": 4, "owner": "x"}"#],
        ),
        (
            "prefix, suffix or value in one field",
            r#"{"name": [{"prefix": "a-"}, {"suffix": "-z"}, "exactly"]}"#,
            &[r#"{"name": "a-1"}"#, r#"{"name": "1-z"}"#, r#"{"name": "exactly"}"#],
            &[r#"{"name": "b-1"}"#, r#"{"name": "exactly so"}"#],
        ),
        (
            "$or as a field of its own",
            r#"{"source": ["a"], "$or": {"metricType": ["m"]}}"#,
            &[r#"{"source": "a", "$or": {"metricType": "m"}}"#],
            &[r#"{"source": "a", "metricType": "m"}"#],
        ),
    ]);
}

#[test]
fn numbers_compare_at_their_bounds() {
    // Below, at and above 5.
    let rows: [(&str, [bool; 3]); 5] = [
        ("=", [false, true, false]),
        ("<", [true, false, false]),
        ("<=", [true, true, false]),
        (">", [false, false, true]),
        (">=", [false, true, true]),
    ];
    for (operator, expected) in rows {
        let pattern = Pattern::parse(&json!({"n": [{"numeric": [operator, 5]}]})).unwrap();
        let found = [4.999_999, 5.0, 5.000_001].map(|number| pattern.matches(&json!({"n": number})));
        assert_eq!(found, expected, "{operator} 5");
    }
}

#[test]
fn block_of_addresses_holds_its_first_and_last_address_only() {
    let rows = [
        ("0.0.0.0/0", ["0.0.0.0", "255.255.255.255"], ["::", "::1"]),
        ("10.1.2.3/32", ["10.1.2.3", "10.1.2.3"], ["10.1.2.2", "10.1.2.4"]),
        ("10.0.0.0/8", ["10.0.0.0", "10.255.255.255"], ["9.255.255.255", "11.0.0.0"]),
        ("10.0.0.128/25", ["10.0.0.128", "10.0.0.255"], ["10.0.0.127", "10.0.1.0"]),
        ("::/0", ["::", "ffff:ffff::1"], ["0.0.0.0", "10.0.0.1"]),
        ("2001:db8::/32", ["2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff"], ["2001:db7:ffff::", "2001:db9::"]),
        ("2001:db8::7/128", ["2001:db8::7", "2001:db8::7"], ["2001:db8::6", "2001:db8::8"]),
    ];
    for (block, inside, outside) in rows {
        let pattern = Pattern::parse(&json!({"ip": [{"cidr": block}]})).unwrap();
        for address in inside {
            assert!(pattern.matches(&json!({"ip": address})), "{block} holds {address}");
        }
        for address in outside {
            assert!(!pattern.matches(&json!({"ip": address})), "{block} does not hold {address}");
        }
    }
}

#[test]
fn wildcard_takes_escaped_stars_and_backslashes_as_they_are() {
    check_rows(&[
        ("no star", r#"{"a": [{"wildcard": "exactly"}]}"#, &[r#"{"a": "exactly"}"#], &[r#"{"a": "exactly so"}"#]),
        ("only a star", r#"{"a": [{"wildcard": "*"}]}"#, &[r#"{"a": ""}"#, r#"{"a": "x"}"#], &[r#"{"a": 1}"#]),
        (
            "pieces in order, and no part of the text twice",
            r#"{"a": [{"wildcard": "a*b*c"}]}"#,
            &[r#"{"a": "abc"}"#, r#"{"a": "a1b2c"}"#],
            &[r#"{"a": "acb"}"#, r#"{"a": "ac"}"#, r#"{"a": "ab"}"#, r#"{"a": "xabc"}"#],
        ),
        ("overlap", r#"{"a": [{"wildcard": "aba*aba"}]}"#, &[r#"{"a": "abaaba"}"#], &[r#"{"a": "ababa"}"#]),
        ("escaped backslash", r#"{"a": [{"wildcard": "a\\\\*"}]}"#, &[r#"{"a": "a\\b"}"#], &[r#"{"a": "a*"}"#]),
        (
            "escaped star beside a star",
            r#"{"a": [{"wildcard": "\\**"}]}"#,
            &[r#"{"a": "*"}"#, r#"{"a": "*x"}"#],
            &[r#"{"a": "x"}"#],
        ),
    ]);
}

/// What a text matches, read off the definition: a star is any text.
fn model_of_wildcard(pattern: &[char], text: &[char]) -> bool {
    match (pattern, text) {
        ([], []) => true,
        (['*', rest @ ..], _) => (0..=text.len()).any(|from| model_of_wildcard(rest, &text[from..])),
        ([wanted, rest @ ..], [found, after @ ..]) if wanted == found => model_of_wildcard(rest, after),
        _ => false,
    }
}

proptest! {
    #[test]
    fn wildcard_matches_what_its_definition_says(pattern in "([ab]|[ab]\\*){0,4}", text in "[ab]{0,7}") {
        let all = |text: &str| text.chars().collect::<Vec<_>>();
        let expected = model_of_wildcard(&all(&pattern), &all(&text));
        let found = Pattern::parse(&json!({"a": [{"wildcard": pattern}]})).unwrap().matches(&json!({"a": text}));
        prop_assert_eq!(found, expected, "{} on {}", pattern, text);
    }
}
