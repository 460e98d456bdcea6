//! Redrive on the deployed stack: a failed event is in a queue with the data for its redelivery, raises an alarm, and
//! completes after the redrive. A second redrive has no effect.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::time::{Duration, Instant};

use aws_sdk_cloudwatch::types::{Dimension, MetricDatum};
use aws_sdk_eventbridge::types::PutEventsRequestEntry;
use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::InvocationType;
use aws_sdk_sqs::types::{MessageAttributeValue, QueueAttributeName};
use serde_json::{Value, json};
use trimtab_cli::aws::scope;
use trimtab_cli::commands::redrive::{Queue, Redrive};
use trimtab_cli::commands::{apply, pause, resume};
use trimtab_cloud::{ACCOUNT, Cloud, REGION, STACK, root};
use trimtab_ledger::{DynamoLedger, Scope};
use trimtab_tests::json as read;

/// MiniStack retries a failed function after one second, then after two more.
const PATIENCE: Duration = Duration::from_secs(60);

struct Environment {
    cloud: Cloud,
    sqs: aws_sdk_sqs::Client,
    events: aws_sdk_eventbridge::Client,
    lambda: aws_sdk_lambda::Client,
    cloudwatch: aws_sdk_cloudwatch::Client,
    ledger: DynamoLedger,
    inbox: String,
}

/// A queue in the place of an on-call mailbox.
async fn start() -> Environment {
    let cloud = Cloud::start(&root().join("target/tests/redrive"), ([127, 0, 0, 1], 0).into()).await.unwrap();
    cloud.deploy().unwrap();
    let config = trimtab_stories::config(&cloud.ministack());
    let sqs = aws_sdk_sqs::Client::new(&config);
    let inbox = sqs.create_queue().queue_name("people-on-call").send().await.unwrap().queue_url.unwrap();
    let call = aws_sdk_sns::Client::new(&config).subscribe().protocol("sqs");
    let call = call.topic_arn(format!("arn:aws:sns:{REGION}:{ACCOUNT}:{STACK}-notices"));
    call.endpoint(format!("arn:aws:sqs:{REGION}:{ACCOUNT}:people-on-call")).send().await.unwrap();
    let ledger = DynamoLedger::new(&config, format!("{STACK}-ledger"));
    apply::apply(&ledger, &trimtab_cli::policies::read(&root().join("policies")).unwrap()).await.unwrap();
    Environment {
        sqs,
        events: aws_sdk_eventbridge::Client::new(&config),
        lambda: aws_sdk_lambda::Client::new(&config),
        cloudwatch: aws_sdk_cloudwatch::Client::new(&config),
        ledger,
        inbox,
        cloud,
    }
}

impl Environment {
    /// Makes every call of the functions fail, or succeed again.
    async fn outage(&self, on: bool) {
        let body =
            json!({"principal": ACCOUNT, "call": 0, "kind": "server-error", "times": if on { 1_000_000 } else { 0 }});
        let call = reqwest::Client::new().post(format!("{}/_trimtab/fault", self.cloud.endpoint()));
        let sent = call.header("content-type", "application/json").body(body.to_string()).send().await.unwrap();
        assert!(sent.status().is_success());
    }

    async fn say(&self, bus: &str, event: &Value) {
        let entry = PutEventsRequestEntry::builder()
            .event_bus_name(bus)
            .source(event["source"].as_str().unwrap())
            .detail_type(event["detail-type"].as_str().unwrap())
            .detail(event["detail"].to_string())
            .build();
        self.events.put_events().entries(entry).send().await.unwrap();
    }

    fn url(&self, queue: &str) -> String {
        self.inbox.replace("people-on-call", &format!("{STACK}-{queue}"))
    }

    async fn waiting(&self, queue: &str) -> usize {
        let call = self.sqs.get_queue_attributes().queue_url(self.url(queue));
        let found = call.attribute_names(QueueAttributeName::ApproximateNumberOfMessages).send().await.unwrap();
        found.attributes.unwrap()[&QueueAttributeName::ApproximateNumberOfMessages].parse().unwrap()
    }

    async fn until(&self, what: &str, mut look: impl AsyncFnMut() -> bool) {
        let since = Instant::now();
        while !look().await {
            assert!(since.elapsed() < PATIENCE, "not seen: {what}");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// The messages since the last read; waits until one contains this word, if given.
    async fn mail(&self, word: Option<&str>) -> Vec<String> {
        let mut mail: Vec<String> = Vec::new();
        let since = Instant::now();
        loop {
            let call =
                self.sqs.receive_message().queue_url(&self.inbox).max_number_of_messages(10).wait_time_seconds(1);
            for message in call.send().await.unwrap().messages.unwrap_or_default() {
                mail.push(message.body.unwrap_or_default());
                let receipt = message.receipt_handle.unwrap();
                self.sqs.delete_message().queue_url(&self.inbox).receipt_handle(receipt).send().await.unwrap();
            }
            if word.is_none_or(|word| mail.iter().any(|message| message.contains(word))) {
                return mail;
            }
            assert!(since.elapsed() < PATIENCE, "no message with {word:?}: {mail:?}");
        }
    }

    async fn redrive(&self, queue: Queue, dry_run: bool) -> String {
        let config = trimtab_stories::config(&self.cloud.ministack());
        let redrive = Redrive::new(&config, self.ledger.clone(), STACK.to_owned(), dry_run);
        redrive.run(Some(queue)).await.unwrap().to_string()
    }
}

fn fact(dedup_key: &str) -> Value {
    let mut event = read(&root().join("events/trimtab/rollout-rolled-back.json"));
    event["detail"]["dedup_key"] = json!(dedup_key);
    event
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redriven_events_complete_once() {
    let env = start().await;
    given_back(&env).await;
    not_handed_over(&env).await;
    kept_during_a_pause(&env).await;
    env.cloud.stop().await;
}

async fn given_back(env: &Environment) {
    env.outage(true).await;
    // As EventBridge does it on AWS; the local cloud's tries a function only once.
    let call = env.lambda.invoke().function_name(format!("{STACK}-notify")).invocation_type(InvocationType::Event);
    call.payload(Blob::new(fact("rollout/churn/7/1").to_string())).send().await.unwrap();
    env.until("an event in the failure queue", async || env.waiting("failures").await == 1).await;
    env.outage(false).await;
    // SQS publishes the number of messages to CloudWatch, which evaluates the template's alarm.
    let dimension = Dimension::builder().name("QueueName").value(format!("{STACK}-failures")).build();
    let datum = MetricDatum::builder().metric_name("ApproximateNumberOfMessagesVisible").value(1.0);
    let call = env.cloudwatch.put_metric_data().namespace("AWS/SQS").metric_data(datum.dimensions(dimension).build());
    call.send().await.unwrap();
    env.mail(Some(&format!("{STACK}-failures"))).await;
    let said = env.redrive(Queue::Failures, true).await;
    assert!(said.contains("Rollout Rolled Back") && said.contains("trimtab-notify"), "{said}");
    assert_eq!(env.waiting("failures").await, 1, "a dry run takes nothing: {said}");
    let said = env.redrive(Queue::Failures, false).await;
    assert!(said.contains("redriven: acted"), "{said}");
    let mail = env.mail(Some("rollout/churn/7/1")).await;
    assert_eq!(mail.iter().filter(|message| message.contains("rollout/churn/7/1")).count(), 1, "{mail:?}");
    assert_eq!(env.waiting("failures").await, 0);
    assert_eq!(env.redrive(Queue::Failures, false).await, "no events to redrive\n");
}

async fn not_handed_over(env: &Environment) {
    let mut event = fact("rollout/churn/8/1");
    event["id"] = json!("7d2ef9c1-0000-4000-8000-000000000008");
    let text = |value: &str| MessageAttributeValue::builder().data_type("String").string_value(value).build().unwrap();
    let target = format!("arn:aws:lambda:{REGION}:{ACCOUNT}:function:{STACK}-notify");
    // Everything twice.
    for _ in 0..2 {
        let call = env.sqs.send_message().queue_url(env.url("undelivered")).message_body(event.to_string());
        let call = call.message_attributes("TARGET_ARN", text(&target));
        call.message_attributes("ERROR_CODE", text("NO_PERMISSIONS")).send().await.unwrap();
    }
    let said = env.redrive(Queue::Undelivered, false).await;
    assert_eq!(said.matches("redriven: ").count(), 2, "{said}");
    assert_eq!(said.matches("redriven: acted").count(), 1, "{said}");
    let mail = env.mail(Some("rollout/churn/8/1")).await;
    assert_eq!(mail.len(), 1, "{mail:?}");
    assert_eq!(env.waiting("undelivered").await, 0);
}

async fn kept_during_a_pause(env: &Environment) {
    let churn = scope(Some("churn")).unwrap();
    pause::pause(&env.ledger, &churn, "mira".to_owned(), jiff::Timestamp::now()).await.unwrap();
    env.say("default", &read(&root().join("events/sagemaker/run-succeeded.json"))).await;
    env.until("a kept event", async || env.ledger.dead_letters().await.unwrap().len() == 1).await;
    let said = env.redrive(Queue::DeadLetters, false).await;
    assert!(said.contains("paused by mira"), "{said}");
    assert_eq!(env.ledger.dead_letters().await.unwrap().len(), 1, "still paused, still kept: {said}");
    resume::resume(&env.ledger, &churn).await.unwrap();
    let said = env.redrive(Queue::DeadLetters, false).await;
    assert!(said.contains("redriven: skipped because no incident"), "{said}");
    assert_eq!(env.ledger.dead_letters().await.unwrap(), [], "{said}");
    assert_ne!(
        env.ledger.history(&Scope::Model(trimtab_core::name::ModelName::parse("churn").unwrap())).await.unwrap(),
        []
    );
}
