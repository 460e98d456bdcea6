//! Digests to the chat: in the service's format, and once, also after a refusal.

use super::digest::{demand, of_demand, pass, receive};
use super::*;

/// Reconciles with these topics for the subscribers and the chat.
fn reconcile(rig: &Rig, subscribers: &Services, chat: &Services) -> PortResult<Report> {
    react_to(rig, subscribers, chat, &of_demand("Reconcile Requested", "reconcile/demand/2026-11-20T12:00:00Z"))
}

fn started(rig: &Rig, numbers: impl IntoIterator<Item = u32>) {
    for number in numbers {
        receive(rig, &of_demand("Training Started", &format!("incident/demand-build-{number}")));
    }
}

fn refusing() -> Services {
    let topic = Services::default();
    refuse(&topic);
    topic
}

fn sent(topic: &Services) -> Vec<Message> {
    topic.sent().clone()
}

/// The last notification.
fn said(chat: &Services) -> Value {
    serde_json::from_str(&sent(chat).last().unwrap().body).unwrap()
}

fn description(chat: &Services) -> String {
    said(chat)["content"]["description"].as_str().unwrap().to_owned()
}

#[test]
fn digest_goes_to_subscribers_and_chat_once_each() {
    let (rig, subscribers, chat) = (demand(), Services::default(), Services::default());
    started(&rig, [1, 2]);
    for code in ["nothing_new", "due", "nothing_new"] {
        assert_eq!(reconcile(&rig, &subscribers, &chat).unwrap().codes[0], code);
        pass(&rig, 24);
    }
    assert_eq!((sent(&subscribers).len(), sent(&chat).len()), (1, 1));
    let said = said(&chat);
    assert_eq!((&said["version"], &said["source"]), (&json!("1.0"), &json!("custom")));
    assert_eq!(said["content"]["title"], "(info) demand: digest of 2 messages");
    assert_eq!(said["content"]["nextSteps"], json!(["Nothing to do.", "`trimtab history demand`"]));
    assert_eq!(said["content"]["keywords"], json!(["demand", "info", "Digest"]));
    assert_eq!(said["metadata"]["threadId"], "digest/demand");
    let description = description(&chat);
    assert_eq!(description.matches("training started: because").count(), 2);
    assert!(description.ends_with("trimtab") && description.contains("https://eu-west-1.console.aws"), "{description}");
}

#[test]
fn refused_chat_digest_is_sent_at_the_next_reconcile() {
    let (rig, subscribers, chat) = (demand(), Services::default(), Services::default());
    started(&rig, [1]);
    pass(&rig, 24);
    let report = reconcile(&rig, &subscribers, &refusing()).unwrap();
    assert_eq!((report.entry.decision, report.codes.last()), (Decision::Failed, Some(&"publish_refused")));
    for code in ["chat_retried", "nothing_new"] {
        assert_eq!(reconcile(&rig, &subscribers, &chat).unwrap().codes[0], code);
    }
    assert_eq!((sent(&subscribers).len(), sent(&chat).len()), (1, 1));
    assert_eq!(said(&chat)["content"]["title"], "(info) demand: digest of 1 messages");
}

#[test]
fn next_digest_has_the_backlog_for_the_chat_only() {
    let (rig, subscribers, chat) = (demand(), Services::default(), Services::default());
    let refusing = refusing();
    for (number, chat) in [(1, &refusing), (2, &chat)] {
        started(&rig, [number]);
        pass(&rig, 24);
        reconcile(&rig, &subscribers, chat).unwrap();
    }
    let counts: Vec<usize> =
        sent(&subscribers).iter().map(|mail| mail.body.matches("training started").count()).collect();
    assert_eq!((counts, sent(&chat).len()), (vec![1, 1], 1));
    assert_eq!(description(&chat).matches("training started").count(), 2);
}

#[test]
fn chat_receives_nothing_before_the_subscribers() {
    let (rig, subscribers, chat) = (demand(), Services::default(), Services::default());
    started(&rig, [1]);
    pass(&rig, 24);
    assert!(matches!(reconcile(&rig, &refusing(), &chat), Err(Failure::Transient { .. })));
    pass(&rig, 1);
    assert_eq!(sent(&chat), vec![]);
    assert_eq!(reconcile(&rig, &subscribers, &chat).unwrap().codes[0], "due");
    assert_eq!((sent(&subscribers).len(), sent(&chat).len()), (1, 1));
}

#[test]
fn full_digest_shows_ten_lines_in_the_chat() {
    let (rig, subscribers, chat) = (demand(), Services::default(), Services::default());
    let held = |number: u32| {
        let mut held =
            of_demand("Notification Batched", &format!("digest/Training Started/incident/demand-build-{number}"));
        held["detail"]["details"] = json!({"line": "[info] demand: <!channel> *training* started", "severity": "info"});
        held
    };
    rig.react_as(&reaction(&subscribers, None, &rig.world.ledger), &held(0)).unwrap();
    started(&rig, 1..99);
    let receive = |chat: &Services| react_to(&rig, &subscribers, chat, &held(99)).unwrap();
    assert_eq!(receive(&refusing()).codes, ["full", "publish_refused"]);
    assert_eq!(rig.world.ledger.contents().dead_letters.len(), 1);
    for code in ["chat_retried", "already_batched"] {
        assert_eq!(receive(&chat).codes, [code], "as `trimtab redrive` sends it again");
    }
    assert_eq!((sent(&subscribers).len(), sent(&chat).len()), (1, 1));
    let description = description(&chat);
    assert!(description.contains("\nand 90 more\n") && description.chars().count() <= 3000, "{description}");
    assert!(description.starts_with("- (info) demand: (!channel)  training  started"), "{description}");
}

#[test]
fn digest_without_a_chat_has_no_backlog() {
    let (rig, subscribers, chat) = (demand(), Services::default(), Services::default());
    started(&rig, [1]);
    pass(&rig, 24);
    rig.react_as(
        &reaction(&subscribers, None, &rig.world.ledger),
        &of_demand("Reconcile Requested", "reconcile/demand/2026-11-20T12:00:00Z"),
    )
    .unwrap();
    assert_eq!(reconcile(&rig, &subscribers, &chat).unwrap().codes[0], "nothing_new");
    assert_eq!((sent(&subscribers).len(), sent(&chat).len()), (1, 0));
}
