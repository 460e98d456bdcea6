//! Notifications besides single messages: the chat channel and the digest.

use std::collections::BTreeSet;

use jiff::SignedDuration;
use serde_json::Value;
use trimtab_cloud::{ACCOUNT, REGION};
use trimtab_core::port::{AggregateId, Ledger};

use crate::lost_events::tick;
use crate::story::{Story, StoryError, service};

/// Subscribes a queue to the chat topic, in the place of Amazon Q Developer; returns its URL.
pub(crate) async fn subscribe(story: &Story) -> Result<String, StoryError> {
    let aws = &story.aws;
    let made = aws.sqs.create_queue().queue_name("chat-channel").send().await.map_err(service)?;
    let topic = format!("arn:aws:sns:{REGION}:{ACCOUNT}:trimtab-chat-notices");
    let queue = format!("arn:aws:sqs:{REGION}:{ACCOUNT}:chat-channel");
    aws.sns.subscribe().topic_arn(topic).protocol("sqs").endpoint(queue).send().await.map_err(service)?;
    Ok(made.queue_url.unwrap_or_default())
}

/// Messages of low severity wait in the ledger and are sent as one digest.
pub(crate) async fn digest(story: &mut Story) -> Result<(), StoryError> {
    story.section("The policy of demand batches informational messages in a digest");
    let wanted = ["build started", "training started", "training succeeded"];
    let queued = async |story: &Story| {
        let id = AggregateId { owner: "platform".to_owned(), name: "digest#demand".to_owned() };
        let state = story.ledger.load(&id).await?.state.unwrap_or_default().to_string();
        Ok(wanted.iter().all(|words| state.contains(&format!("demand: {words}"))).then_some(()))
    };
    story.until("three queued messages in the ledger", queued).await?;
    story.catch_up().await?;
    let sent_alone = story.has_received("Training Succeeded", "incident/demand-");
    Story::expect("a message outside the digest was sent:", &sent_alone, &false)?;
    story
        .observed("the messages about the build and training of demand are queued in the ledger; none was sent")
        .await?;
    let short_interval = |policy: &mut trimtab_core::policy::Policy| {
        if let Some(notify) = &mut policy.notify {
            notify.digest_interval = Some(SignedDuration::from_secs(1));
        }
    };
    story.apply_to("demand", short_interval).await?;
    tick(story).await?;
    story.received("Digest", "digest/demand/").await?;
    story.observed("a scheduled reconcile sent one message with all of them").await
}

/// The chat channel received all messages as custom notifications, grouped in threads.
pub(crate) async fn chat(story: &mut Story, queue: &str) -> Result<(), StoryError> {
    story.section("Notifications in the chat channel");
    let mut read = Vec::new();
    let mut threads = BTreeSet::new();
    loop {
        story.catch_up().await?;
        let call = story.aws.sqs.receive_message().queue_url(queue).max_number_of_messages(10);
        let received = call.wait_time_seconds(2).send().await.map_err(service)?.messages.unwrap_or_default();
        if received.is_empty() {
            break;
        }
        for message in received {
            let body: Value = serde_json::from_str(message.body().unwrap_or_default()).unwrap_or_default();
            let text = body.get("Message").and_then(Value::as_str).unwrap_or_default();
            let notification: Value = serde_json::from_str(text).unwrap_or_default();
            Story::expect(
                &format!("schema violations of the custom notification {notification}:"),
                &faults(&notification),
                &Vec::new(),
            )?;
            threads.insert(text_at(&notification, "/metadata/threadId").to_owned());
            read.push(notification);
            let handle = message.receipt_handle().unwrap_or_default();
            let delete = story.aws.sqs.delete_message().queue_url(queue).receipt_handle(handle);
            delete.send().await.map_err(service)?;
        }
    }
    let digests = read.iter().filter(|one| text_at(one, "/metadata/eventType") == "Digest").count();
    Story::expect("notifications of a digest:", &digests, &1)?;
    Story::expect("notifications of single messages:", &(read.len() - digests), &story.messages())?;
    let in_one = read.iter().filter(|one| text_at(one, "/metadata/threadId").starts_with("incident/churn-image-"));
    Story::expect("messages in the thread of the image's run:", &in_one.count(), &2)?;
    let links = read.iter().filter(|one| text_at(one, "/content/description").contains(".console.aws.amazon.com/"));
    Story::expect("notifications with a link to the console:", &links.count(), &read.len())?;
    story
        .observed(format!(
            "{} custom notifications in {} threads, each with a link and a command",
            read.len(),
            threads.len()
        ))
        .await
}

fn text_at<'a>(notification: &'a Value, pointer: &str) -> &'a str {
    notification.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

/// The fields that violate the schema of custom notifications.
fn faults(notification: &Value) -> Vec<String> {
    let fixed = [("/version", "1.0"), ("/source", "custom"), ("/content/textType", "client-markdown")];
    let wrong =
        fixed.iter().filter(|(pointer, value)| text_at(notification, pointer) != *value).map(|(pointer, _)| *pointer);
    let needed =
        ["/content/title", "/content/description", "/metadata/threadId", "/metadata/summary", "/metadata/eventType"];
    let empty = needed.into_iter().filter(|pointer| text_at(notification, pointer).is_empty());
    let lists = ["/content/nextSteps", "/content/keywords", "/metadata/relatedResources"];
    let none = lists.into_iter().filter(|pointer| {
        let texts = notification.pointer(pointer).and_then(Value::as_array);
        !texts.is_some_and(|texts| texts.iter().all(|text| text.as_str().is_some_and(|text| !text.is_empty())))
    });
    wrong.chain(empty).chain(none).map(str::to_owned).collect()
}
