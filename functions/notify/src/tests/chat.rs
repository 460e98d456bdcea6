//! What the chat gets: the service's shape, one thread for what belongs together, and nothing in it
//! that a client could take for a mention or a link.

use super::*;

fn told(event: &Value) -> (Sns, Sns) {
    let (world, people, chat) = (world(), Sns::default(), Sns::default());
    for _ in 0..2 {
        let reaction = Reaction { topic: &people, chat: Some(&chat), ledger: world.ledger.clone() };
        run(world.react(&reaction, event)).unwrap().unwrap();
    }
    (people, chat)
}

fn notification(event: &Value) -> Value {
    let (people, chat) = told(event);
    let sent = chat.sent.lock().unwrap();
    assert_eq!((people.sent.lock().unwrap().len(), sent.len()), (1, 1), "once each");
    serde_json::from_str(&sent[0].body).unwrap()
}

#[test]
fn a_notification_has_the_services_shape_and_its_matters_thread() {
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
fn what_a_fact_says_mentions_nobody_and_links_nowhere() {
    let mut event = fact("1", "Training Failed", "incident/churn-drift-1");
    event["detail"]["reasons"] =
        json!(["<!channel> *now* @here [here](http://evil.example) `x` <http://evil.example|mend it>"]);
    let said = notification(&event);
    let description = said["content"]["description"].as_str().unwrap();
    let reason = description.lines().next().unwrap();
    assert!(!reason.contains(['<', '>', '[', ']', '*', '`', '|', '@']), "{reason}");
}

#[test]
fn every_kind_stays_within_the_limits_however_much_it_says() {
    for kind in trimtab_core::fact::FactKind::ALL.iter().filter(|kind| !kind.is_request()) {
        let mut event = fact("1", kind.as_str(), &"m/".repeat(900));
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
fn what_the_chat_does_not_take_is_kept_and_people_are_not_told_twice() {
    let (world, people) = (world(), Sns::default());
    let refusing = Sns { refuse: true, ..Sns::default() };
    let event = fact("1", "Training Failed", "incident/churn-drift-1");
    let reaction = Reaction { topic: &people, chat: Some(&refusing), ledger: world.ledger.clone() };
    assert_eq!(run(world.react(&reaction, &event)).unwrap().unwrap().entry.decision, Decision::Failed);
    assert_eq!(world.ledger.contents().dead_letters.len(), 1);
    let chat = Sns::default();
    let mended = Reaction { topic: &people, chat: Some(&chat), ledger: world.ledger.clone() };
    assert_eq!(run(world.react(&mended, &event)).unwrap().unwrap().entry.decision, Decision::Acted);
    assert_eq!((people.sent.lock().unwrap().len(), chat.sent.lock().unwrap().len()), (1, 1));
}
