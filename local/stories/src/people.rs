//! What people read besides the messages: a chat's channel, and the digest of what could wait.

use std::collections::BTreeSet;

use jiff::SignedDuration;
use serde_json::Value;
use trimtab_cloud::{ACCOUNT, REGION};
use trimtab_core::port::{AggregateId, Ledger};

use crate::lost::tick;
use crate::story::{Story, StoryError, service};

/// A queue that is subscribed to the chat's topic, as Amazon Q Developer would be; gives its URL.
pub(crate) async fn subscribe(story: &Story) -> Result<String, StoryError> {
    let aws = &story.aws;
    let made = aws.sqs.create_queue().queue_name("chat-channel").send().await.map_err(service)?;
    let topic = format!("arn:aws:sns:{REGION}:{ACCOUNT}:trimtab-chat-notices");
    let queue = format!("arn:aws:sqs:{REGION}:{ACCOUNT}:chat-channel");
    aws.sns.subscribe().topic_arn(topic).protocol("sqs").endpoint(queue).send().await.map_err(service)?;
    Ok(made.queue_url.unwrap_or_default())
}

/// What could wait is in the ledger until the clock says that it has waited long enough.
pub(crate) async fn digest(story: &mut Story) -> Result<(), StoryError> {
    story.begin("demand's policy says that what is only good to know can wait for a digest");
    let wanted = ["build started", "training started", "training succeeded"];
    let waits = async |story: &Story| {
        let id = AggregateId { owner: "platform".to_owned(), name: "digest#demand".to_owned() };
        let state = story.ledger.load(&id).await?.state.unwrap_or_default().to_string();
        Ok(wanted.iter().all(|words| state.contains(&format!("demand: {words}"))).then_some(()))
    };
    story.until("three messages that wait in the ledger", waits).await?;
    story.catch_up().await?;
    let early = story.was_told("Training Succeeded", "incident/demand-");
    Story::expect("a message of its own was sent:", &early, &false)?;
    story.saw("what was built and trained of demand waits in the ledger; nobody was disturbed").await?;
    let soon = |policy: &mut trimtab_core::policy::Policy| {
        if let Some(notify) = &mut policy.notify {
            notify.digest_interval = Some(SignedDuration::from_secs(1));
        }
    };
    story.apply_to("demand", soon).await?;
    tick(story).await?;
    story.told("Digest", "digest/demand/").await?;
    story.saw("the clock asked, and one message holds them all").await
}

/// The channel has read what people have read, in the shape that the service takes, in threads.
pub(crate) async fn chat(story: &mut Story, queue: &str) -> Result<(), StoryError> {
    story.begin("What the chat's channel reads");
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
            let said: Value = serde_json::from_str(text).unwrap_or_default();
            Story::expect(&format!("is no custom notification: {said}:"), &faults(&said), &Vec::new())?;
            threads.insert(text_at(&said, "/metadata/threadId").to_owned());
            read.push(said);
            let handle = message.receipt_handle().unwrap_or_default();
            let delete = story.aws.sqs.delete_message().queue_url(queue).receipt_handle(handle);
            delete.send().await.map_err(service)?;
        }
    }
    let digests = read.iter().filter(|said| text_at(said, "/metadata/eventType") == "Digest").count();
    Story::expect("notifications of a digest:", &digests, &1)?;
    Story::expect("notifications, one for each other message:", &(read.len() - digests), &story.messages())?;
    let in_one = read.iter().filter(|said| text_at(said, "/metadata/threadId").starts_with("incident/churn-image-"));
    Story::expect("the image's run began and ended in one thread:", &in_one.count(), &2)?;
    let links = read.iter().filter(|said| text_at(said, "/content/description").contains(".console.aws.amazon.com/"));
    Story::expect("notifications with a link to the console:", &links.count(), &read.len())?;
    story
        .saw(format!(
            "{} custom notifications in {} threads, each with a link and a command",
            read.len(),
            threads.len()
        ))
        .await
}

fn text_at<'a>(said: &'a Value, pointer: &str) -> &'a str {
    said.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

/// What the service's own schema would refuse.
fn faults(said: &Value) -> Vec<String> {
    let fixed = [("/version", "1.0"), ("/source", "custom"), ("/content/textType", "client-markdown")];
    let wrong = fixed.iter().filter(|(pointer, value)| text_at(said, pointer) != *value).map(|(pointer, _)| *pointer);
    let needed =
        ["/content/title", "/content/description", "/metadata/threadId", "/metadata/summary", "/metadata/eventType"];
    let empty = needed.into_iter().filter(|pointer| text_at(said, pointer).is_empty());
    let lists = ["/content/nextSteps", "/content/keywords", "/metadata/relatedResources"];
    let none = lists.into_iter().filter(|pointer| {
        let texts = said.pointer(pointer).and_then(Value::as_array);
        !texts.is_some_and(|texts| texts.iter().all(|text| text.as_str().is_some_and(|text| !text.is_empty())))
    });
    wrong.chain(empty).chain(none).map(str::to_owned).collect()
}
