//! Messages to the chat: the service's format, one thread for each subject, and no text that a client could read as a
//! mention or a link.

use super::*;

fn deliver_twice(event: &Value) -> (Services, Services) {
    let (rig, subscribers, chat) = (rig(), Services::default(), Services::default());
    for _ in 0..2 {
        react_to(&rig, &subscribers, &chat, event).unwrap();
    }
    (subscribers, chat)
}

fn notification(event: &Value) -> Value {
    let (subscribers, chat) = deliver_twice(event);
    let sent = chat.sent();
    assert_eq!((subscribers.sent().len(), sent.len()), (1, 1), "once each");
    serde_json::from_str(&sent[0].body).unwrap()
}

#[test]
fn notification_has_the_services_format_and_its_thread() {
    let said = notification(&fact("1", "Rollout Failed", "rollout/churn/4/2"));
    assert_eq!((&said["version"], &said["source"]), (&json!("1.0"), &json!("custom")));
    assert_eq!(said["content"]["textType"], "client-markdown");
    assert_eq!(said["content"]["title"], "(critical) churn: rollout failed");
    assert_eq!(said["metadata"]["threadId"], "rollout/churn/4");
    assert_eq!(said["content"]["nextSteps"][1], "`trimtab history churn`");
    for (field, kind) in said["content"].as_object().unwrap() {
        let known = ["textType", "title", "description", "nextSteps", "keywords"].contains(&field.as_str());
        assert!(known && (kind.is_string() || kind.is_array()), "{field}");
    }
}

#[test]
fn text_of_a_fact_makes_no_mention_and_no_link() {
    let mut event = fact("1", "Training Failed", "incident/churn-drift-1");
    event["detail"]["reasons"] =
        json!(["<!channel> *now* @here [here](http://evil.example) `x` <http://evil.example|fix it>"]);
    let said = notification(&event);
    let description = said["content"]["description"].as_str().unwrap();
    let reason = description.lines().next().unwrap();
    assert!(!reason.contains(['<', '>', '[', ']', '*', '`', '|', '@']), "{reason}");
}

#[test]
fn every_notification_stays_within_the_limits() {
    for kind in trimtab_core::fact::FactKind::ALL.iter().filter(|kind| !kind.is_request()) {
        let mut event = fact("1", kind.as_str(), &format!("merged-trigger/{0}/{0}", "m".repeat(128)));
        event["detail"]["reasons"] = json!(vec!["x".repeat(5000); 60]);
        event["detail"]["details"] =
            json!({"package": format!("arn:{}", "x".repeat(5000)), "version": "9".repeat(400)});
        let said = notification(&event);
        let length = |pointer: &str| said.pointer(pointer).unwrap().as_str().unwrap().chars().count();
        assert!(length("/content/title") <= 200 && length("/content/description") <= 3000, "{kind:?}");
        assert!(length("/metadata/threadId") <= 200 && length("/metadata/summary") <= 200, "{kind:?}");
        assert!(length("/content/nextSteps/0") <= 250 && length("/metadata/relatedResources/0") <= 250, "{kind:?}");
        assert!(length("/content/keywords/2") <= 60 && length("/metadata/eventType") <= 60, "{kind:?}");
    }
}

#[test]
fn refused_chat_message_is_redriven_to_the_chat_alone() {
    let (rig, subscribers, chat) = (rig(), Services::default(), Services::default());
    refuse(&chat);
    let event = fact("1", "Training Failed", "incident/churn-drift-1");
    assert_eq!(react_to(&rig, &subscribers, &chat, &event).unwrap().entry.decision, Decision::Failed);
    assert_eq!(rig.world.ledger.contents().dead_letters.len(), 1);
    chat.accept();
    assert_eq!(react_to(&rig, &subscribers, &chat, &event).unwrap().entry.decision, Decision::Acted);
    assert_eq!((subscribers.sent().len(), chat.sent().len()), (1, 1));
}
