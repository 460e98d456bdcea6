//! The runtime's contract with Lambda, tested on a process: a transient failure is an error, everything else is a
//! response, and no event ends the process.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

#[path = "support/function.rs"]
mod function;
#[path = "support/host.rs"]
mod host;
#[path = "support/wire.rs"]
mod wire;

use function::Outcome;
use host::{ENVIRONMENT, Ended, Host, or_be_the_function};
use serde_json::{Value, json};

fn event(outcome: Outcome) -> String {
    let mut event: Value = serde_json::from_str(include_str!("../../../events/codecommit/push-main.json")).unwrap();
    event["id"] = json!(outcome.id());
    event.to_string()
}

/// The result of the event, as Lambda received it.
fn ended(host: &Host, outcome: Outcome) -> Ended {
    let ended = host.invoke(&format!("{outcome:?}"), event(outcome));
    assert_eq!(ended.id, format!("{outcome:?}"), "an answer to another invocation");
    ended
}

#[test]
fn each_outcome_has_its_response_to_lambda() {
    or_be_the_function();
    let host = Host::start("each_outcome_has_its_response_to_lambda", &ENVIRONMENT);
    // Lambda retries after an error, and finally sends the event to the failure queue. It discards a response.
    let errors = [
        (Outcome::ObserveRetried, "sagemaker:DescribeEndpoint failed and can be retried: ThrottlingException: slower"),
        (Outcome::ActRetried, "sagemaker:UpdateEndpoint failed and can be retried: ThrottlingException: slower"),
    ];
    for (outcome, message) in errors {
        let ended = ended(&host, outcome);
        assert_eq!(ended.how, "error", "{outcome:?}: an event that Lambda takes for done is lost");
        assert_eq!(ended.body["errorMessage"], message, "{outcome:?}");
    }
    let responses = [
        (Outcome::Acted, "acted", false),
        (Outcome::Skipped, "skipped", false),
        (Outcome::Rejected, "failed", true),
        (Outcome::ObserveRejected, "failed", true),
        (Outcome::ActRejected, "failed", true),
    ];
    for (outcome, decision, dead_lettered) in responses {
        let ended = ended(&host, outcome);
        assert_eq!(ended.how, "response", "{outcome:?}: tried again, it comes to the same");
        assert_eq!(
            (&ended.body["decision"], &ended.body["dead_lettered"]),
            (&json!(decision), &json!(dead_lettered)),
            "{outcome:?}"
        );
        assert_eq!(ended.body["model"], "platform", "{outcome:?}");
    }
    let acted = ended(&host, Outcome::Acted).body;
    assert_eq!((&acted["reasons"], &acted["actions"]), (&json!(["the script says so"]), &json!(["Call"])));
    host.kill();
}

#[test]
fn panic_is_an_error_and_the_next_event_is_served() {
    or_be_the_function();
    let host = Host::start("panic_is_an_error_and_the_next_event_is_served", &ENVIRONMENT);
    for outcome in [Outcome::ObservePanics, Outcome::DecidePanics] {
        assert_eq!(ended(&host, outcome).how, "error", "{outcome:?}: an event that nobody acted on is lost");
        assert_eq!(ended(&host, Outcome::Acted).how, "response", "{outcome:?} took the process with it");
    }
    host.kill();
}

#[test]
fn malformed_event_is_dead_lettered_not_retried() {
    or_be_the_function();
    let host = Host::start("malformed_event_is_dead_lettered_not_retried", &ENVIRONMENT);
    for raw in ["[]", "7", "null", "\"push\"", "{}", r#"{"source": "aws.s3", "detail": {}}"#] {
        let ended = host.invoke("unreadable", raw);
        assert_eq!(ended.how, "response", "{raw}: it is no better when Lambda tries it again");
        assert_eq!((&ended.body["decision"], &ended.body["dead_lettered"]), (&json!("failed"), &json!(true)), "{raw}");
        assert_ne!(ended.body["reasons"], json!([]), "{raw}: a reason for whoever looks at it");
    }
    // Lambda refuses an invocation without valid JSON; if one arrives anyway, it goes to the failure queue.
    for raw in ["push!", "", "{\"half\":"] {
        assert_eq!(host.invoke("no-json", raw).how, "error", "{raw:?}");
        assert_eq!(ended(&host, Outcome::Acted).how, "response", "{raw:?} took the process with it");
    }
    host.kill();
}

#[test]
fn sigterm_ends_the_process_in_order() {
    or_be_the_function();
    let host = Host::start("sigterm_ends_the_process_in_order", &ENVIRONMENT);
    assert_eq!(ended(&host, Outcome::Acted).how, "response");
    assert_eq!(host.registration()["events"], json!([]), "a function that asks for events is billed for them");
    let exited = host.terminate();
    assert_eq!(exited.code, Some(0), "{}", exited.text);
    assert!(exited.lines.iter().any(|line| line["message"] == "shutting down"), "{}", exited.text);
}

#[test]
fn host_without_extensions_api_is_served() {
    or_be_the_function();
    let host = Host::without_extensions("host_without_extensions_api_is_served");
    assert_eq!(ended(&host, Outcome::Acted).how, "response");
    host.kill();
}

#[test]
fn missing_variable_ends_the_process_with_a_sentence() {
    or_be_the_function();
    let cases = [
        ("TRIMTAB_TABLE", "the name of the ledger's DynamoDB table"),
        ("TRIMTAB_BUS", "the name of Trimtab's event bus"),
    ];
    for (name, expected) in cases {
        for value in [None, Some(""), Some("  ")] {
            let mut environment = ENVIRONMENT.to_vec();
            environment.retain(|(other, _)| *other != name);
            environment.extend(value.map(|value| (name, value)));
            let host = Host::start("missing_variable_ends_the_process_with_a_sentence", &environment);
            let exited = host.exited();
            let sentence = format!(
                "Error: the environment variable {name} is not set: set it to {expected} (infra/template.yaml does)\n"
            );
            assert_eq!(exited.code, Some(1), "{name}={value:?}: Lambda must see that the function did not start");
            assert!(exited.text.contains(&sentence), "{name}={value:?}: {}", exited.text);
        }
    }
}

#[test]
fn unreachable_runtime_api_ends_the_process() {
    or_be_the_function();
    let name = "unreachable_runtime_api_ends_the_process";
    let host = Host::start(name, &ENVIRONMENT);
    assert_eq!(ended(&host, Outcome::Acted).how, "response");
    let exited = host.hang_up();
    assert_eq!(
        exited.code,
        Some(1),
        "a function that stopped serving must not end as if all were well: {}",
        exited.text
    );
    assert!(exited.text.contains("Error: "), "{}", exited.text);
}

/// The function's configuration under this environment.
fn configured(environment: &[(&str, &str)]) -> Value {
    let host = Host::start("environment_configures_the_function", environment);
    let ended = ended(&host, Outcome::Configuration);
    host.kill();
    serde_json::from_str(ended.body["reasons"][0].as_str().unwrap()).unwrap()
}

#[test]
fn environment_configures_the_function() {
    or_be_the_function();
    let least = configured(&ENVIRONMENT);
    let wanted = json!({"table": "table-1", "bus": "bus-1", "chat": null, "topic": null, "region": "eu-west-1",
        "endpoint": null, "key": "AKIDEXAMPLE", "attempts": 3, "attempt": least["attempt"],
        "operation": least["operation"]});
    assert_eq!(least, wanted);
    let (attempt, operation) = (least["attempt"].as_u64().unwrap(), least["operation"].as_u64().unwrap());
    assert!(attempt < operation && 3 * operation < 30, "some calls must fit in the function's 30 s: {least}");
    let mut all = ENVIRONMENT.to_vec();
    all.retain(|(name, _)| *name != "AWS_REGION");
    all.extend([
        ("AWS_REGION", ""),
        ("AWS_DEFAULT_REGION", "us-east-2"),
        ("AWS_ENDPOINT_URL", "http://127.0.0.1:1"),
        ("TRIMTAB_TOPIC_ARN", "arn:topic"),
        ("TRIMTAB_CHAT_TOPIC_ARN", "arn:chat"),
    ]);
    let all = configured(&all);
    let of = |name: &str| all[name].as_str().unwrap_or_default().to_owned();
    assert_eq!(
        ["region", "endpoint", "topic", "chat"].map(of),
        ["us-east-2", "http://127.0.0.1:1", "arn:topic", "arn:chat"]
    );
}

/// The lines of the log that are not metrics.
fn logged(lines: &[Value]) -> Vec<&Value> {
    lines.iter().filter(|line| line.get("_aws").is_none()).collect()
}

#[test]
fn reaction_is_one_log_line_and_one_metric_line() {
    or_be_the_function();
    let host = Host::start("reaction_is_one_log_line_and_one_metric_line", &ENVIRONMENT);
    for outcome in [Outcome::Acted, Outcome::ObserveRetried] {
        ended(&host, outcome);
    }
    let lines = host.kill().lines;
    let metrics: Vec<&Value> = lines.iter().filter(|line| line.get("_aws").is_some()).collect();
    assert_eq!(metrics.len(), 1, "what goes back to Lambda has come to no end yet");
    assert_eq!((&metrics[0]["function"], &metrics[0]["decision"]), (&json!("scripted"), &json!("acted")));
    let now = jiff::Timestamp::now().as_millisecond();
    let at = metrics[0]["_aws"]["Timestamp"].as_i64().unwrap();
    assert!((now - 600_000..=now).contains(&at), "CloudWatch takes no metric of another time: {at}, now {now}");
    let of = |id: String| logged(&lines).into_iter().filter(|line| line["event_id"] == id).cloned().collect::<Vec<_>>();
    let (acted, failed) = (of(Outcome::Acted.id()), of(Outcome::ObserveRetried.id()));
    assert_eq!((acted.len(), failed.len()), (1, 1), "{lines:?}");
    let wanted = json!({"function": "scripted", "model": "platform", "event_id": Outcome::Acted.id(),
        "source": "aws.codecommit", "detail_type": "CodeCommit Repository State Change", "decision": "acted",
        "codes": "scripted", "message": "reacted", "level": "INFO",
        "duration_ms": acted[0]["duration_ms"], "time": acted[0]["time"]});
    assert_eq!(acted[0], wanted, "exactly the fields that may stand in a line");
    assert!(acted[0]["duration_ms"].is_u64(), "{}", acted[0]);
    assert!(acted[0]["time"].as_str().unwrap().parse::<jiff::Timestamp>().is_ok(), "{}", acted[0]);
    let cause = "sagemaker:DescribeEndpoint failed and can be retried: ThrottlingException: slower";
    assert_eq!((&failed[0]["level"], &failed[0]["error"]), (&json!("ERROR"), &json!(cause)));
    assert_eq!(failed[0]["function"], "scripted");
}

#[test]
fn no_text_of_an_unknown_event_is_logged() {
    or_be_the_function();
    let host = Host::start("no_text_of_an_unknown_event_is_logged", &ENVIRONMENT);
    let mut event: Value = serde_json::from_str(&event(Outcome::Skipped)).unwrap();
    for name in ["source", "detail-type", "account"] {
        event[name] = json!("marker-1");
    }
    event["detail"] = json!({"referenceName": "marker-1", "marker-1": ["marker-1"]});
    event["id"] = json!(format!("marker-1-{}", Outcome::Skipped.id()));
    host.invoke("marked", event.to_string());
    host.invoke("marked-and-no-event", json!({"id": "marker-1", "source": "marker-1"}).to_string());
    let exited = host.kill();
    assert!(!exited.text.contains("marker-1"), "an event can hold anything, also secrets: {}", exited.text);
    let shown: Vec<&Value> = logged(&exited.lines).into_iter().filter(|line| line["message"] == "reacted").collect();
    assert_eq!(shown.len(), 2);
    for line in shown {
        assert_eq!((&line["source"], &line["detail_type"]), (&json!("unknown"), &json!("unknown")));
        assert!(line["event_id"].as_str().unwrap().starts_with("digest-"), "{line}");
    }
}

/// The messages that are logged at this level.
fn messages(level: Option<&str>) -> Vec<String> {
    let environment: Vec<_> = ENVIRONMENT.into_iter().chain(level.map(|level| ("TRIMTAB_LOG", level))).collect();
    let host = Host::start("level_applies_to_trimtab_and_others_warn", &environment);
    ended(&host, Outcome::Chatter);
    let exited = host.kill();
    assert!(!exited.text.contains("marker-of-a-field"), "a field that is not allowed: {}", exited.text);
    let text = |line: &&Value| line["message"].as_str().map(str::to_owned);
    logged(&exited.lines).iter().filter_map(text).collect()
}

#[test]
fn level_applies_to_trimtab_and_others_warn() {
    or_be_the_function();
    let (worry, detail, reacted) = ("worry of a dependency", "detail of the suite", "reacted");
    for level in [None, Some("info"), Some("no level")] {
        assert_eq!(messages(level), [worry, reacted], "{level:?}");
    }
    assert_eq!(messages(Some("debug")), [worry, detail, reacted]);
    assert_eq!(messages(Some("warn")), [worry]);
}
