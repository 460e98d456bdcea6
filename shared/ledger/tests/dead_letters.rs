//! Dead letters are stored once, whole if they fit, until an operator redrives them.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod support;

use jiff::SignedDuration;
use serde_json::{Value, json};
use support::{Table, entry, ledger, noon};
use trimtab_core::plan::Decision;
use trimtab_core::port::{HistoryEntry, Ledger};

/// The largest event that is stored whole, so that it, its record and the keys fit in DynamoDB's 400 KB.
const WHOLE: usize = 256 * 1024;

fn rejected(event: &str, seconds: i64) -> HistoryEntry {
    let mut entry = entry("churn", event, Decision::Failed);
    entry.at += SignedDuration::from_secs(seconds);
    entry
}

/// An event whose JSON has so many bytes.
fn of_bytes(bytes: usize, unit: &str) -> Value {
    let empty = json!({"text": ""}).to_string().len();
    let units = (bytes - empty) / unit.len();
    let rest = "x".repeat(bytes - empty - units * unit.len());
    json!({"text": rest + &unit.repeat(units)})
}

#[tokio::test]
async fn same_dead_letter_is_stored_once() {
    let table = Table::default();
    let ledger = ledger(&table);
    let event = json!({"detail": {"odd": "\u{202e}\n\"", "deep": [1, null]}});
    for second in 0..2 {
        ledger.dead_letter(&rejected("e", second), &event).await.unwrap();
    }
    ledger.dead_letter(&rejected("e", 2), &json!({"detail": {}})).await.unwrap();
    let mut by_another = rejected("e", 3);
    by_another.function = "deploy".into();
    ledger.dead_letter(&by_another, &event).await.unwrap();
    let kept = ledger.dead_letters().await.unwrap();
    let events: Vec<_> = kept.iter().map(|kept| (kept.entry.function.as_str(), kept.event.clone())).collect();
    let wanted = [("retrain", Some(event.clone())), ("retrain", Some(json!({"detail": {}}))), ("deploy", Some(event))];
    assert_eq!(events, wanted, "another event, or another function, is another");
    assert_eq!(kept[0].entry, rejected("e", 1), "with the reason of its last delivery");
}

#[tokio::test]
async fn dead_letters_are_listed_oldest_first_over_pages() {
    let table = Table::of_pages(2);
    let ledger = ledger(&table);
    let order = [3, 0, 4, 1, 2];
    for second in order {
        ledger.dead_letter(&rejected(&second.to_string(), second), &json!({"id": second})).await.unwrap();
    }
    let kept = ledger.dead_letters().await.unwrap();
    let ids: Vec<&str> = kept.iter().map(|kept| kept.entry.event_id.as_str()).collect();
    assert_eq!(ids, ["0", "1", "2", "3", "4"]);
}

#[tokio::test]
async fn released_dead_letter_is_deleted_alone() {
    let table = Table::default();
    let ledger = ledger(&table);
    for second in 0..3 {
        ledger.dead_letter(&rejected(&second.to_string(), second), &json!({"id": second})).await.unwrap();
    }
    let kept = ledger.dead_letters().await.unwrap();
    ledger.release(&kept[1]).await.unwrap();
    let left = ledger.dead_letters().await.unwrap();
    assert_eq!(left, [kept[0].clone(), kept[2].clone()]);
}

#[tokio::test]
async fn dead_letter_over_the_limit_is_cut() {
    // Characters of one byte and of four: a cut never divides one.
    for unit in ["x", "\u{1f6f6}"] {
        for (bytes, whole) in [(WHOLE - 1, true), (WHOLE, true), (WHOLE + 1, false), (900_000, false)] {
            let table = Table::default();
            let ledger = ledger(&table);
            let event = of_bytes(bytes, unit);
            assert_eq!(event.to_string().len(), bytes);
            ledger.dead_letter(&rejected("e", 0), &event).await.unwrap();
            let kept = ledger.dead_letters().await.unwrap();
            let wanted = whole.then_some(event.clone());
            assert_eq!(kept[0].event.is_some(), whole, "{bytes} bytes of {unit:?}");
            assert_eq!(kept[0].event, wanted, "{bytes} bytes of {unit:?}");
            let (pk, sk) = table.keys().into_iter().next().unwrap();
            let item = table.item(&pk, &sk).unwrap();
            assert_eq!(item["bytes"], json!({"N": bytes.to_string()}), "how large it was");
            assert_eq!(item["complete"], json!({"BOOL": whole}), "{bytes} bytes of {unit:?}");
            let text = item["event"]["S"].as_str().unwrap();
            let most = if whole { bytes..=bytes } else { WHOLE - 3..=WHOLE };
            assert!(event.to_string().starts_with(text) && most.contains(&text.len()), "{} of {bytes}", text.len());
            let seconds = noon().as_second() + 2160 * 3600;
            assert_eq!(item["expires"], json!({"N": seconds.to_string()}), "90 days, beyond every redelivery");
        }
    }
}
