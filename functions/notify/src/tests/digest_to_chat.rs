//! The chat gets digests, too: in the service's shape, and once, also what it did not take at first.

use super::digest::{Suite, demand, hear, of_demand, pass};
use super::*;

/// The clock asks, where people have this topic and the chat that one.
fn look(world: &Suite, people: &Sns, chat: &Sns) -> PortResult<Report> {
    let reaction = Reaction { topic: people, chat: Some(chat), ledger: world.ledger.clone() };
    run(world.react(&reaction, &of_demand("Reconcile Requested", "look/demand/x"))).unwrap()
}

fn started(world: &Suite, numbers: impl IntoIterator<Item = u32>) {
    for number in numbers {
        hear(world, &Sns::default(), &of_demand("Training Started", &format!("incident/demand-build-{number}")));
    }
}

fn refusing() -> Sns {
    Sns { refuse: true, ..Sns::default() }
}

fn sent(sns: &Sns) -> Vec<Message> {
    sns.sent.lock().unwrap().clone()
}

/// What the chat was sent last.
fn said(chat: &Sns) -> Value {
    serde_json::from_str(&sent(chat).last().unwrap().body).unwrap()
}

fn description(chat: &Sns) -> String {
    said(chat)["content"]["description"].as_str().unwrap().to_owned()
}

#[test]
fn a_digest_goes_to_people_and_to_the_chat_once_each() {
    let (world, people, chat) = (demand(), Sns::default(), Sns::default());
    started(&world, [1, 2]);
    for code in ["nothing_new", "due", "nothing_new"] {
        assert_eq!(look(&world, &people, &chat).unwrap().codes[0], code);
        pass(&world, 24);
    }
    assert_eq!((sent(&people).len(), sent(&chat).len()), (1, 1));
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
fn what_the_chat_does_not_take_is_sent_to_it_at_the_next_look_and_people_are_not_told_twice() {
    let (world, people, chat) = (demand(), Sns::default(), Sns::default());
    started(&world, [1]);
    pass(&world, 24);
    let report = look(&world, &people, &refusing()).unwrap();
    assert_eq!((report.entry.decision, report.codes.last()), (Decision::Failed, Some(&"publish_refused")));
    for code in ["chat_retried", "nothing_new"] {
        assert_eq!(look(&world, &people, &chat).unwrap().codes[0], code);
    }
    assert_eq!((sent(&people).len(), sent(&chat).len()), (1, 1));
    assert_eq!(said(&chat)["content"]["title"], "(info) demand: digest of 1 messages");
}

#[test]
fn the_next_digest_tells_the_chat_what_it_did_not_take_and_people_only_what_is_new() {
    let (world, people, chat) = (demand(), Sns::default(), Sns::default());
    let refusing = refusing();
    for (number, chat) in [(1, &refusing), (2, &chat)] {
        started(&world, [number]);
        pass(&world, 24);
        look(&world, &people, chat).unwrap();
    }
    let counts: Vec<usize> = sent(&people).iter().map(|mail| mail.body.matches("training started").count()).collect();
    assert_eq!((counts, sent(&chat).len()), (vec![1, 1], 1));
    assert_eq!(description(&chat).matches("training started").count(), 2);
}

#[test]
fn the_chat_is_not_told_before_people_are() {
    let (world, people, chat) = (demand(), Sns::default(), Sns::default());
    started(&world, [1]);
    pass(&world, 24);
    assert!(matches!(look(&world, &refusing(), &chat), Err(Failure::Transient { .. })));
    pass(&world, 1);
    assert_eq!(sent(&chat), vec![]);
    assert_eq!(look(&world, &people, &chat).unwrap().codes[0], "due");
    assert_eq!((sent(&people).len(), sent(&chat).len()), (1, 1));
}

#[test]
fn of_a_full_digest_the_chat_is_shown_ten_lines_and_what_it_refuses_is_kept() {
    let (world, people, chat) = (demand(), Sns::default(), Sns::default());
    let held = |number: u32| {
        let mut held =
            of_demand("Notification Batched", &format!("held/Training Started/incident/demand-build-{number}"));
        held["detail"]["details"] = json!({"says": "[info] demand: <!channel> *training* started", "severity": "info"});
        held
    };
    react(&world, &people, &held(0)).unwrap();
    started(&world, 1..99);
    let hear = |chat: &Sns| {
        let reaction = Reaction { topic: &people, chat: Some(chat), ledger: world.ledger.clone() };
        run(world.react(&reaction, &held(99))).unwrap().unwrap()
    };
    assert_eq!(hear(&refusing()).codes, ["full", "publish_refused"]);
    assert_eq!(world.ledger.contents().dead_letters.len(), 1);
    for code in ["chat_retried", "already_batched"] {
        assert_eq!(hear(&chat).codes, [code], "as `trimtab redrive` sends it again");
    }
    assert_eq!((sent(&people).len(), sent(&chat).len()), (1, 1));
    let description = description(&chat);
    assert!(description.contains("\nand 90 more\n") && description.chars().count() <= 3000, "{description}");
    assert!(description.starts_with("- (info) demand: (!channel)  training  started"), "{description}");
}

#[test]
fn where_there_is_no_chat_nothing_is_kept_for_one() {
    let (world, people, chat) = (demand(), Sns::default(), Sns::default());
    started(&world, [1]);
    pass(&world, 24);
    react(&world, &people, &of_demand("Reconcile Requested", "look/demand/x")).unwrap();
    assert_eq!(look(&world, &people, &chat).unwrap().codes[0], "nothing_new");
    assert_eq!((sent(&people).len(), sent(&chat).len()), (1, 0));
}
