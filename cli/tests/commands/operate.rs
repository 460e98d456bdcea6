//! `pause`, `resume`, `history`, `dead-letters` and `redrive`.

use serde_json::json;
use trimtab_core::plan::Decision;
use trimtab_core::port::{AggregateId, Ledger};

use crate::cloud::{Cloud, block, churn};
use crate::support::{entry, ledger, noon};

#[test]
fn pause_and_resume_apply_to_their_scope() {
    let cloud = Cloud::new();
    cloud.prints(&["pause", "churn"], "paused churn: events received during the pause are dead-lettered\n");
    let pause = block(ledger(&cloud.table).pause(Some(&churn()))).unwrap().unwrap();
    assert_eq!(pause.by, "maya", "the user of the process, unless --by is given");
    assert!((jiff::Timestamp::now() - pause.since).as_hours() == 0, "since now: {}", pause.since);
    assert_eq!(block(ledger(&cloud.table).pause(None)), Ok(None), "the other models continue");
    cloud.prints(&["resume", "churn"], &resumed("churn"));
    assert_eq!(block(ledger(&cloud.table).pause(Some(&churn()))), Ok(None));
    cloud.prints(&["pause", "--by", "noor"], "paused all models: events received during the pause are dead-lettered\n");
    assert_eq!(block(ledger(&cloud.table).pause(None)).unwrap().unwrap().by, "noor");
    cloud.prints(&["resume"], &resumed("all models"));
    assert_eq!(block(ledger(&cloud.table).pause(None)), Ok(None));
    cloud.fails(&["pause", "Churn; rm"], 2, "not a valid model name");
}

#[test]
fn history_lists_decisions_reasons_and_actions_in_order() {
    let cloud = Cloud::new();
    cloud.prints(&["history", "churn"], "no history of churn\n");
    cloud.prints(&["history"], "no events without a model\n");
    let id = AggregateId { owner: "churn".into(), name: "incident".into() };
    let mut second = entry("churn", "e-2", Decision::Skipped);
    (second.event_time, second.actions) = (noon(), vec![]);
    second.reasons = vec!["first".into(), "second\u{202e}\nline".into()];
    second.detail_type = "Odd\nKind".into();
    for entry in [&second, &entry("churn", "e-1", Decision::Acted)] {
        block(ledger(&cloud.table).finish(&id, 0, None, entry)).unwrap();
    }
    let wanted = "2026-11-20 12:00:00Z retrain acted: CloudWatch Alarm State Change\n    because because\n    \
                  did StartPipelineExecution\n\
                  2026-11-20 12:00:00Z retrain skipped: Odd Kind\n    because first\n    because second line\n";
    cloud.prints(&["history", "churn"], wanted);
    cloud.prints(&["history"], "no events without a model\n");
}

#[test]
fn dead_letters_are_listed_with_their_reasons() {
    let cloud = Cloud::new();
    cloud.prints(&["dead-letters"], "no dead letters\n");
    let mut entry = entry("churn", "e-1", Decision::Failed);
    entry.actions = vec![];
    block(ledger(&cloud.table).dead_letter(&entry, &json!({"id": "e-1"}))).unwrap();
    let wanted = "2026-11-20 12:00:00Z retrain failed: CloudWatch Alarm State Change\n    because because\n";
    cloud.prints(&["dead-letters"], wanted);
}

#[test]
fn redrive_reads_the_queues_and_the_ledger_of_its_stack() {
    let cloud = Cloud::new();
    cloud.prints(&["redrive"], "no events to redrive\n");
    block(ledger(&cloud.table).dead_letter(&entry("churn", "e-1", Decision::Failed), &json!({"id": "e-1"}))).unwrap();
    let wanted = "dead-letters: unknown e-1 for prod-retrain\n    in the queue because because\n";
    cloud.prints(&["redrive", "--queue", "dead-letters", "--dry-run", "--stack", "prod"], wanted);
    cloud.prints(&["redrive", "--queue", "failures"], "no events to redrive\n");
}

fn resumed(scope: &str) -> String {
    format!("resumed {scope}: `trimtab redrive --queue dead-letters` sends the events of the pause again\n")
}

#[test]
fn redrive_with_events_that_remain_exits_1() {
    let cloud = Cloud::new();
    let huge = json!({"id": "e-1", "text": "x".repeat(300_000)});
    block(ledger(&cloud.table).dead_letter(&entry("churn", "e-1", Decision::Failed), &huge)).unwrap();
    let ended = cloud.run(&["redrive"]);
    let wanted = "dead-letters: e-1 was too large to be stored whole, and cannot be sent\n";
    assert_eq!((ended.code, ended.out.as_str()), (Some(1), wanted));
    assert!(ended.err.starts_with("error: 1 of 1 events remain"), "{}", ended.err);
}
