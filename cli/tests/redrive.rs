//! `redrive` sends each event to its own function, and deletes it only after the function has processed it. SQS and
//! Lambda behave as their API references say.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

#[path = "../../shared/ledger/tests/support/mod.rs"]
mod support;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use support::wire::{Answer, Call};
use support::{Table, entry, ledger};
use trimtab_cli::commands::redrive::{Queue, Redrive};
use trimtab_core::plan::Decision;
use trimtab_core::port::Ledger;

/// The functions' time-out, in seconds (`infra/template.yaml`).
const TIME_OUT: i64 = 30;

const NOTIFY: &str = "arn:aws:lambda:eu-west-1:123456789012:function:prod-notify:$LATEST";

/// A message and whether it is in sight.
#[derive(Debug, Clone)]
struct Message {
    body: String,
    attributes: Value,
    in_sight: bool,
}

#[derive(Default)]
struct Played {
    queues: BTreeMap<String, BTreeMap<String, Message>>,
    /// What each function was invoked with.
    invoked: Vec<(String, Value)>,
    /// What a function answers an event of this id: the error, if it is one, and the body.
    answers: BTreeMap<String, (bool, Value)>,
    table: Table,
}

/// AWS, as the operator meets it.
#[derive(Clone, Default)]
struct Cloud(Arc<Mutex<Played>>);

impl Cloud {
    fn new() -> Self {
        let cloud = Self::default();
        for name in ["prod-failures", "prod-undelivered"] {
            cloud.0.lock().unwrap().queues.insert(name.to_owned(), BTreeMap::new());
        }
        cloud
    }

    fn waits(&self, queue: &str, body: &Value, attributes: Value) {
        let mut played = self.0.lock().unwrap();
        let messages = played.queues.get_mut(queue).unwrap();
        let message = Message { body: body.to_string(), attributes, in_sight: true };
        messages.insert(format!("receipt-{}", messages.len()), message);
    }

    fn answers(&self, id: &str, error: bool, body: Value) {
        self.0.lock().unwrap().answers.insert(id.to_owned(), (error, body));
    }

    /// The ids of the events that were sent to this function, in order.
    fn sent_to(&self, function: &str) -> Vec<String> {
        let invoked = &self.0.lock().unwrap().invoked;
        let of = invoked.iter().filter(|(name, _)| name == function);
        of.map(|(_, event)| event["id"].as_str().unwrap().to_owned()).collect()
    }

    /// The messages in the queue, all visible.
    fn waiting(&self, queue: &str) -> usize {
        let messages = &self.0.lock().unwrap().queues[queue];
        assert!(messages.values().all(|message| message.in_sight), "what stays is in sight again at once");
        messages.len()
    }

    async fn redrive(&self, only: Option<Queue>, dry_run: bool) -> String {
        let (cloud, table) = (self.clone(), self.0.lock().unwrap().table.clone());
        let aws = support::config(Arc::new(move |call: &Call| cloud.0.lock().unwrap().answer(call)));
        Redrive::new(&aws, ledger(&table), "prod".to_owned(), dry_run).run(only).await.unwrap().to_string()
    }
}

impl Played {
    fn answer(&mut self, call: &Call) -> Answer {
        let request = call.json();
        let queue = request["QueueUrl"].as_str().and_then(|url| url.rsplit('/').next()).unwrap_or_default();
        match call.operation.as_str() {
            "GetQueueUrl" => match request["QueueName"].as_str().filter(|name| self.queues.contains_key(*name)) {
                Some(name) => Answer::ok(&json!({"QueueUrl": format!("http://played.test/123456789012/{name}")})),
                None => Answer::error(400, "com.amazonaws.sqs#QueueDoesNotExist", "no such queue"),
            },
            "ReceiveMessage" => self.receive(queue, &request),
            "DeleteMessage" => {
                let gone = self.queues.get_mut(queue).unwrap().remove(request["ReceiptHandle"].as_str().unwrap());
                assert!(gone.is_some_and(|message| !message.in_sight), "deleted under a receipt of before");
                Answer::ok(&json!({}))
            }
            "ChangeMessageVisibility" => {
                assert_eq!(request["VisibilityTimeout"], 0);
                let receipt = request["ReceiptHandle"].as_str().unwrap();
                self.queues.get_mut(queue).unwrap().get_mut(receipt).unwrap().in_sight = true;
                Answer::ok(&json!({}))
            }
            _ => self.invoke(call),
        }
    }

    fn receive(&mut self, queue: &str, request: &Value) -> Answer {
        assert!(
            request["VisibilityTimeout"].as_i64().unwrap() > TIME_OUT,
            "an event is sent while its message is hidden"
        );
        let most = usize::try_from(request["MaxNumberOfMessages"].as_u64().unwrap()).unwrap();
        assert!(most <= 10, "SQS gives at most ten");
        let in_sight = self.queues.get_mut(queue).unwrap().iter_mut().filter(|(_, message)| message.in_sight);
        let mut messages = Vec::new();
        for (receipt, message) in in_sight.take(most) {
            message.in_sight = false;
            let mut found = json!({"MessageId": receipt, "ReceiptHandle": receipt, "Body": message.body});
            // SQS returns attributes only on request.
            if request["MessageAttributeNames"] == json!(["All"]) {
                found["MessageAttributes"] = message.attributes.clone();
            }
            messages.push(found);
        }
        Answer::ok(&json!({"Messages": messages}))
    }

    fn invoke(&mut self, call: &Call) -> Answer {
        let function =
            call.path.strip_prefix("/2015-03-31/functions/").and_then(|rest| rest.strip_suffix("/invocations"));
        let function = function.unwrap_or_else(|| panic!("{} {}", call.method, call.path));
        let function = function.replace("%3A", ":").replace("%24", "$");
        let event = call.json();
        self.invoked.push((function, event.clone()));
        match self.answers.get(event["id"].as_str().unwrap_or_default()) {
            Some((true, body)) => Answer::ok(body).with("X-Amz-Function-Error", "Unhandled"),
            Some((false, Value::Null)) => Answer::error(429, "TooManyRequestsException", "slower"),
            Some((false, body)) => Answer::ok(body),
            None => Answer::ok(&json!({"decision": "acted", "reasons": ["a", "b"], "dead_lettered": false})),
        }
    }
}

fn event(id: &str) -> Value {
    json!({"id": id, "detail-type": "Rollout Failed", "source": "trimtab", "detail": {}})
}

/// What Lambda writes to an `OnFailure` destination.
fn destination(id: &str, response: &Value) -> Value {
    json!({"version": "1.0", "requestContext": {"requestId": "r", "functionArn": NOTIFY,
        "condition": "RetriesExhausted", "approximateInvokeCount": 3}, "requestPayload": event(id),
        "responseContext": {"statusCode": 200, "functionError": "Unhandled"}, "responsePayload": response})
}

fn attributes(attributes: &[(&str, &str)]) -> Value {
    let one = |(name, value): &(&str, &str)| ((*name).to_owned(), json!({"DataType": "String", "StringValue": value}));
    Value::Object(attributes.iter().map(one).collect())
}

async fn dead_letter(cloud: &Cloud, function: &str, id: &str) {
    let mut entry = entry("churn", id, Decision::Failed);
    entry.function = function.to_owned();
    entry.reasons = vec!["paused".into(), "by mira".into()];
    let table = cloud.0.lock().unwrap().table.clone();
    ledger(&table).dead_letter(&entry, &event(id)).await.unwrap();
}

async fn dead_letters(cloud: &Cloud) -> usize {
    let table = cloud.0.lock().unwrap().table.clone();
    ledger(&table).dead_letters().await.unwrap().len()
}

#[tokio::test]
async fn empty_queues_have_nothing_to_redrive() {
    let cloud = Cloud::new();
    assert_eq!(cloud.redrive(None, false).await, "no events to redrive\n");
    assert_eq!(cloud.redrive(Some(Queue::DeadLetters), true).await, "no events to redrive\n");
}

#[tokio::test]
async fn processed_event_is_deleted_from_its_queue() {
    let cloud = Cloud::new();
    cloud.waits("prod-failures", &destination("e-1", &json!({"errorMessage": "throttled\nagain"})), json!({}));
    let said = cloud.redrive(Some(Queue::Failures), false).await;
    let wanted = "failures: Rollout Failed e-1 for prod-notify\n    in the queue because throttled again\n    \
                  redriven: acted because a; b\n";
    assert_eq!(said, wanted);
    assert_eq!((cloud.sent_to(NOTIFY), cloud.waiting("prod-failures")), (vec!["e-1".to_owned()], 0));
}

#[tokio::test]
async fn event_without_an_error_message_has_its_condition() {
    let cloud = Cloud::new();
    cloud.waits("prod-failures", &destination("e-1", &Value::Null), json!({}));
    assert!(cloud.redrive(None, true).await.contains("    in the queue because RetriesExhausted\n"));
}

#[tokio::test]
async fn event_that_fails_again_stays_in_its_queue() {
    let cloud = Cloud::new();
    for id in ["bad", "good", "busy"] {
        cloud.waits("prod-failures", &destination(id, &Value::Null), json!({}));
    }
    cloud.answers("bad", true, json!({"errorType": "E", "errorMessage": "still no"}));
    cloud.answers("busy", false, Value::Null);
    let said = cloud.redrive(Some(Queue::Failures), false).await;
    assert_eq!((cloud.waiting("prod-failures"), said.matches("redriven: ").count()), (2, 1), "{said}");
    assert!(said.contains("    failed again, stays in the queue: still no\n"), "{said}");
    assert!(
        said.contains(
            "failed again, stays in the queue: lambda:Invoke failed and can be retried: TooManyRequestsException"
        ),
        "{said}"
    );
    assert_eq!(cloud.sent_to(NOTIFY), ["bad", "good", "busy"], "each once");
}

#[tokio::test]
async fn every_page_of_a_queue_is_sent() {
    let cloud = Cloud::new();
    for number in 0..25 {
        cloud.waits("prod-failures", &destination(&format!("e-{number}"), &Value::Null), json!({}));
    }
    let said = cloud.redrive(Some(Queue::Failures), false).await;
    assert_eq!((cloud.sent_to(NOTIFY).len(), cloud.waiting("prod-failures")), (25, 0), "{said}");
}

#[tokio::test]
async fn message_that_is_not_an_event_stays_in_the_queue() {
    let cloud = Cloud::new();
    let mut nowhere = destination("e", &Value::Null);
    nowhere["requestContext"] = json!({});
    let mut nothing = destination("e", &Value::Null);
    nothing["requestPayload"] = json!("text");
    for body in [json!("hello"), nowhere, nothing] {
        cloud.waits("prod-failures", &body, json!({}));
    }
    cloud.waits("prod-undelivered", &json!([]), attributes(&[("TARGET_ARN", NOTIFY)]));
    cloud.waits("prod-undelivered", &event("e"), attributes(&[("ERROR_CODE", "NO_PERMISSIONS")]));
    let said = cloud.redrive(None, false).await;
    let stays =
        |queue: &str| said.matches(&format!("{queue}: a message is not an event, and stays in the queue\n")).count();
    assert_eq!((stays("failures"), stays("undelivered")), (3, 2), "{said}");
    assert_eq!((cloud.waiting("prod-failures"), cloud.waiting("prod-undelivered")), (3, 2));
    assert_eq!(cloud.sent_to(NOTIFY), Vec::<String>::new());
}

#[tokio::test]
async fn undelivered_event_goes_to_the_target_of_its_rule() {
    let cloud = Cloud::new();
    let why = [("ERROR_CODE", "NO_PERMISSIONS"), ("ERROR_MESSAGE", "may not invoke")];
    let target = ("TARGET_ARN", NOTIFY);
    cloud.waits("prod-undelivered", &event("e-1"), attributes(&[target, why[0], why[1]]));
    cloud.waits("prod-undelivered", &event("e-2"), attributes(&[target, why[0]]));
    cloud.waits("prod-undelivered", &event("e-3"), attributes(&[target]));
    let said = cloud.redrive(Some(Queue::Undelivered), false).await;
    let reasons: Vec<&str> = said.lines().filter_map(|line| line.strip_prefix("    in the queue because")).collect();
    assert_eq!(reasons, [" may not invoke", " NO_PERMISSIONS", " "], "{said}");
    assert!(said.starts_with("undelivered: Rollout Failed e-1 for prod-notify\n"), "{said}");
    assert_eq!(
        (cloud.sent_to(NOTIFY), cloud.waiting("prod-undelivered")),
        (["e-1", "e-2", "e-3"].map(str::to_owned).to_vec(), 0)
    );
}

#[tokio::test]
async fn dead_letter_is_released_after_its_function_processed_it() {
    let cloud = Cloud::new();
    for (function, id) in [("retrain", "done"), ("deploy", "paused"), ("notify", "failing"), ("guard", "silent")] {
        dead_letter(&cloud, function, id).await;
    }
    cloud.answers(
        "paused",
        false,
        json!({"decision": "skipped", "reasons": ["paused by mira"], "dead_lettered": true}),
    );
    cloud.answers("failing", true, json!({"errorMessage": "no"}));
    // A function of another version may not report whether it dead-lettered the event: it stays, and nothing is lost.
    cloud.answers("silent", false, json!({"decision": "acted"}));
    let said = cloud.redrive(Some(Queue::DeadLetters), false).await;
    assert_eq!(dead_letters(&cloud).await, 3, "{said}");
    for (function, id) in
        [("prod-retrain", "done"), ("prod-deploy", "paused"), ("prod-notify", "failing"), ("prod-guard", "silent")]
    {
        assert_eq!(cloud.sent_to(function), [id], "each to the function that kept it");
        assert!(
            said.contains(&format!(
                "dead-letters: Rollout Failed {id} for {function}\n    in the queue because paused; by mira\n"
            )),
            "{said}"
        );
    }
    assert!(said.contains("    dead-lettered again: skipped because paused by mira\n"), "{said}");
}

#[tokio::test]
async fn truncated_event_is_reported_and_not_sent() {
    let cloud = Cloud::new();
    let table = cloud.0.lock().unwrap().table.clone();
    let huge = json!({"id": "huge", "text": "x".repeat(300_000)});
    ledger(&table).dead_letter(&entry("churn", "huge", Decision::Failed), &huge).await.unwrap();
    assert_eq!(
        cloud.redrive(None, false).await,
        "dead-letters: huge was too large to be stored whole, and cannot be sent\n"
    );
    assert_eq!((dead_letters(&cloud).await, cloud.sent_to("prod-retrain")), (1, vec![]));
}

#[tokio::test]
async fn dry_run_lists_the_events_and_sends_nothing() {
    let cloud = Cloud::new();
    cloud.waits("prod-failures", &destination("e-1", &Value::Null), json!({}));
    cloud.waits("prod-undelivered", &event("e-2"), attributes(&[("TARGET_ARN", NOTIFY)]));
    dead_letter(&cloud, "retrain", "e-3").await;
    let said = cloud.redrive(None, true).await;
    let places: Vec<&str> = said.lines().filter(|line| !line.starts_with(' ')).collect();
    let wanted = [
        "failures: Rollout Failed e-1 for prod-notify",
        "undelivered: Rollout Failed e-2 for prod-notify",
        "dead-letters: Rollout Failed e-3 for prod-retrain",
    ];
    assert_eq!(places, wanted, "each place, in the order of its help");
    assert_eq!(cloud.0.lock().unwrap().invoked, []);
    assert_eq!(
        (cloud.waiting("prod-failures"), cloud.waiting("prod-undelivered"), dead_letters(&cloud).await),
        (1, 1, 1)
    );
}

#[tokio::test]
async fn only_the_named_queue_is_redriven() {
    for (only, sent) in [(Queue::Failures, "e-1"), (Queue::Undelivered, "e-2"), (Queue::DeadLetters, "e-3")] {
        let cloud = Cloud::new();
        cloud.waits("prod-failures", &destination("e-1", &Value::Null), json!({}));
        cloud.waits("prod-undelivered", &event("e-2"), attributes(&[("TARGET_ARN", NOTIFY)]));
        dead_letter(&cloud, "retrain", "e-3").await;
        cloud.redrive(Some(only), false).await;
        let invoked: Vec<Value> =
            cloud.0.lock().unwrap().invoked.iter().map(|(_, event)| event["id"].clone()).collect();
        assert_eq!(invoked, [json!(sent)], "{only:?}");
    }
}

#[tokio::test]
async fn stack_without_its_queue_is_an_error() {
    let cloud = Cloud::new();
    cloud.0.lock().unwrap().queues.clear();
    let (played, table) = (cloud.clone(), Table::default());
    let aws = support::config(Arc::new(move |call: &Call| played.0.lock().unwrap().answer(call)));
    let fault = Redrive::new(&aws, ledger(&table), "platform".to_owned(), false).run(None).await.unwrap_err();
    assert!(fault.to_string().contains("sqs:GetQueueUrl"), "{fault}");
    assert_eq!(fault.exit_code(), 1);
}
