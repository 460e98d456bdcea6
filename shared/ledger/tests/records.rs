//! Every kind of item: its keys, its round trip and its retention.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod support;

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::SignedDuration;
use serde_json::{Value, json};
use support::{Table, entry, ledger, noon};
use trimtab_core::name::ModelName;
use trimtab_core::plan::Decision;
use trimtab_core::policy::{Key, KeyKind, OrganizationPolicy, Policy};
use trimtab_core::port::{AggregateId, Ledger, Pause};
use trimtab_ledger::Scope;

/// 90 days from noon, in seconds.
const EXPIRES: i64 = 2160 * 3600;

fn model(name: &str) -> ModelName {
    ModelName::parse(name).unwrap()
}

fn segments() -> Policy {
    Policy::parse("segments.toml", include_str!("../../../policies/segments.toml")).unwrap()
}

fn organization() -> OrganizationPolicy {
    OrganizationPolicy::parse("organization.toml", include_str!("../../../policies/organization.toml")).unwrap()
}

#[tokio::test]
async fn each_kind_of_item_has_its_key() {
    let table = Table::default();
    let ledger = ledger(&table);
    ledger.apply(&segments()).await.unwrap();
    ledger.apply_organization(&organization()).await.unwrap();
    let pause = Pause { by: "mira".into(), since: noon() };
    ledger.pause_at(&Scope::Model(model("segments")), &pause).await.unwrap();
    ledger.pause_at(&Scope::Platform, &pause).await.unwrap();
    for owner in ["segments", "platform"] {
        let id = AggregateId { owner: owner.into(), name: "incident".into() };
        ledger.finish(&id, 0, Some(&json!(1)), &entry(owner, "e-1", Decision::Acted)).await.unwrap();
    }
    ledger.dead_letter(&entry("segments", "e-2", Decision::Failed), &json!({})).await.unwrap();
    let at = "history#2026-11-20T11:59:58Z#retrain#e-1";
    let wanted = [
        ("key#deploy-pipeline#segments-delivery", "model"),
        ("key#deploy-pipeline#segments-training", "model"),
        ("key#package-group#segments", "model"),
        ("applied", "segments"),
        ("dead-letter", "retrain#"),
        ("reconciled", "segments"),
        ("model#segments", "aggregate#incident"),
        ("model#segments", at),
        ("model#segments", "pause"),
        ("model#segments", "policy"),
        ("platform", "aggregate#incident"),
        ("platform", at),
        ("platform", "pause"),
        ("platform", "policy"),
    ];
    // A digest of the event with 32 digits follows `retrain#`.
    let plain = |(pk, sk): (String, String)| {
        if pk == "dead-letter" && sk.len() == 40 { (pk, sk[..8].to_owned()) } else { (pk, sk) }
    };
    let stored: BTreeSet<(String, String)> = table.keys().into_iter().map(plain).collect();
    assert_eq!(stored, wanted.map(|(pk, sk)| (pk.to_owned(), sk.to_owned())).into());
}

/// IAM denies a write to a partition that the template's condition does not list. The operator's command writes policies,
/// keys and pauses with permissions of its own: a function writes aggregates, history and dead letters.
#[tokio::test]
async fn template_allows_every_partition_that_functions_write() {
    let template = include_str!("../../../infra/template.yaml");
    let writes = template.split("Action: [dynamodb:PutItem, dynamodb:UpdateItem]").nth(1).unwrap();
    let line = writes.lines().find(|line| line.contains("dynamodb:LeadingKeys: [")).unwrap();
    let listed = line.split(['[', ']']).nth(1).unwrap();
    let patterns: Vec<&str> = listed.split(',').map(|pattern| pattern.trim().trim_matches('"')).collect();
    let table = Table::default();
    let ledger = ledger(&table);
    for owner in ["segments", "platform"] {
        let id = AggregateId { owner: owner.into(), name: "incident".into() };
        ledger.claim(&id, 0, &json!(1), &[], noon()).await.unwrap();
        ledger.finish(&id, 1, Some(&json!(2)), &entry(owner, "e-1", Decision::Acted)).await.unwrap();
        ledger.dead_letter(&entry(owner, "e-2", Decision::Failed), &json!({})).await.unwrap();
    }
    let partitions: BTreeSet<String> = table.keys().into_iter().map(|(partition, _)| partition).collect();
    assert_eq!(partitions.len(), 3, "{partitions:?}");
    for partition in partitions {
        let allowed = patterns.iter().any(|pattern| match pattern.strip_suffix('*') {
            Some(prefix) => partition.starts_with(prefix),
            None => partition == *pattern,
        });
        assert!(allowed, "the template's LeadingKeys {patterns:?} deny writes to {partition}");
    }
}

#[tokio::test]
async fn policy_is_read_as_it_was_written() {
    let table = Table::default();
    let ledger = ledger(&table);
    assert_eq!(ledger.policy(&model("segments")).await, Ok(None));
    assert_eq!(ledger.organization_policy().await, Ok(None));
    ledger.apply(&segments()).await.unwrap();
    ledger.apply_organization(&organization()).await.unwrap();
    assert_eq!(ledger.policy(&model("segments")).await, Ok(Some(Arc::new(segments()))));
    assert_eq!(ledger.policy(&model("churn")).await, Ok(None), "another model has none");
    assert_eq!(ledger.organization_policy().await, Ok(Some(Arc::new(organization()))));
    assert!(table.keys().iter().all(|(pk, sk)| table.item(pk, sk).unwrap().get("expires").is_none()), "policies stay");
}

#[tokio::test]
async fn unreadable_policy_is_an_error() {
    let table = Table::default();
    for pk in ["model#segments", "platform"] {
        table.put(&json!({"pk": {"S": pk}, "sk": {"S": "policy"}, "policy": {"S": "{"}}));
    }
    assert!(ledger(&table).policy(&model("segments")).await.is_err(), "a reaction without its policy does nothing");
    assert!(ledger(&table).organization_policy().await.is_err(), "a guard without its policy guards nothing");
}

#[tokio::test]
async fn every_read_is_strongly_consistent() {
    let table = Table::default();
    let ledger = ledger(&table);
    let id = AggregateId { owner: "segments".into(), name: "incident".into() };
    let key = Key { kind: KeyKind::PackageGroup, name: "segments".into() };
    ledger.load(&id).await.unwrap();
    ledger.policy(&model("segments")).await.unwrap();
    ledger.organization_policy().await.unwrap();
    ledger.pause(Some(&model("segments"))).await.unwrap();
    ledger.model_of(&key).await.unwrap();
    ledger.reconciled_models().await.unwrap();
    ledger.applied_models().await.unwrap();
    ledger.applied_policy(&model("segments")).await.unwrap();
    ledger.aggregates(&model("segments")).await.unwrap();
    ledger.history(&Scope::Platform).await.unwrap();
    ledger.dead_letters().await.unwrap();
    let reads = [table.requests("GetItem"), table.requests("Query")].concat();
    assert_eq!(reads.len(), 12, "a pause is looked for in two places");
    for read in reads {
        assert_eq!(read["ConsistentRead"], json!(true), "a stale read decides on what is over: {read}");
    }
}

#[tokio::test]
async fn name_is_found_until_its_policy_drops_it() {
    let table = Table::default();
    let ledger = ledger(&table);
    let key = |kind, name: &str| Key { kind, name: name.into() };
    let group = key(KeyKind::PackageGroup, "segments");
    assert_eq!(ledger.model_of(&group).await, Ok(None));
    for _ in 0..2 {
        ledger.apply(&segments()).await.unwrap();
        assert_eq!(ledger.model_of(&group).await, Ok(Some(model("segments"))), "applying again changes nothing");
    }
    assert_eq!(ledger.model_of(&key(KeyKind::Endpoint, "segments")).await, Ok(None), "of another kind");
    let text = include_str!("../../../policies/segments.toml");
    let moved = text.replace("package_group = \"segments\"", "package_group = \"segments-2\"");
    ledger.apply(&Policy::parse("segments.toml", &moved).unwrap()).await.unwrap();
    assert_eq!(ledger.model_of(&group).await, Ok(None), "what the policy names no more is free");
    assert_eq!(ledger.model_of(&key(KeyKind::PackageGroup, "segments-2")).await, Ok(Some(model("segments"))));
    let claims = table.keys().iter().filter(|(pk, _)| pk.starts_with("key#")).count();
    assert_eq!(claims, 3, "what it names still is its own");
}

#[tokio::test]
async fn name_of_another_model_refuses_the_whole_policy() {
    let table = Table::default();
    let ledger = ledger(&table);
    ledger.apply(&segments()).await.unwrap();
    let before = table.keys();
    let text = include_str!("../../../policies/segments.toml").replace("model = \"segments\"", "model = \"thief\"");
    let Err(refused) = ledger.apply(&Policy::parse("thief.toml", &text).unwrap()).await else {
        panic!("thief took the names of segments: a name belongs to one model");
    };
    let refused = refused.to_string();
    let whose = " in the policy of thief belongs to another model already: segments";
    assert!(refused.starts_with("ledger:apply was refused: ") && refused.ends_with(whose), "{refused}");
    assert_eq!(table.keys(), before, "all or nothing");
}

#[tokio::test]
async fn key_of_the_next_owner_is_not_released() {
    let table = Table::default();
    let ledger = ledger(&table);
    ledger.apply(&segments()).await.unwrap();
    // An operator gave the key to another model by hand.
    let (pk, text) = ("key#package-group#segments", include_str!("../../../policies/segments.toml"));
    table.put(&json!({"pk": {"S": pk}, "sk": {"S": "model"}, "model": {"S": "heir"}}));
    let moved = text.replace("package_group = \"segments\"", "package_group = \"segments-2\"");
    ledger.apply(&Policy::parse("segments.toml", &moved).unwrap()).await.unwrap();
    assert_eq!(table.item(pk, "model").unwrap()["model"], json!({"S": "heir"}));
    let key = Key { kind: KeyKind::PackageGroup, name: "segments-2".into() };
    assert_eq!(ledger.model_of(&key).await, Ok(Some(model("segments"))), "the policy is applied all the same");
}

#[tokio::test]
async fn key_taken_between_read_and_release_is_not_released() {
    let table = Table::default();
    let ledger = ledger(&table);
    ledger.apply(&segments()).await.unwrap();
    let text = include_str!("../../../policies/segments.toml");
    let moved = text.replace("package_group = \"segments\"", "package_group = \"segments-2\"");
    ledger.apply(&Policy::parse("segments.toml", &moved).unwrap()).await.unwrap();
    let write = table.requests("TransactWriteItems").pop().unwrap();
    let deletes = write["TransactItems"].as_array().unwrap().iter().filter_map(|item| item.get("Delete"));
    let of_keys: Vec<&Value> = deletes.filter(|delete| delete["Key"]["sk"] == json!({"S": "model"})).collect();
    assert_eq!(of_keys.len(), 1);
    assert_eq!(of_keys[0]["ConditionExpression"], "model = :model", "the write itself requires the owner");
}

#[tokio::test]
async fn models_with_a_reconcile_table_are_listed() {
    let table = Table::of_pages(1);
    let ledger = ledger(&table);
    let text = |model: &str, more: &str| {
        format!("version = 1\nmodel = \"{model}\"\nowner = \"team\"\npackage_group = \"{model}\"\n{more}")
    };
    let apply = async |model: &str, more: &str| {
        ledger.apply(&Policy::parse("policy.toml", &text(model, more)).unwrap()).await.unwrap();
    };
    assert_eq!(ledger.reconciled_models().await, Ok(vec![]));
    for (name, more) in [("a", "[reconcile]\n"), ("b", ""), ("c", "[reconcile]\n"), ("d", "[reconcile]\n")] {
        apply(name, more).await;
    }
    assert_eq!(ledger.reconciled_models().await, Ok(vec![model("a"), model("c"), model("d")]), "each page of the list");
    apply("c", "").await;
    assert_eq!(ledger.reconciled_models().await, Ok(vec![model("a"), model("d")]), "no more, once the table is gone");
}

#[tokio::test]
async fn pause_holds_for_its_scope_until_it_ends() {
    let table = Table::default();
    let ledger = ledger(&table);
    let (churn, other) = (model("churn"), model("other"));
    let of = |by: &str| Pause { by: by.into(), since: noon() };
    assert_eq!(ledger.pause(Some(&churn)).await, Ok(None));
    ledger.resume(&Scope::Platform).await.unwrap();
    ledger.pause_at(&Scope::Model(churn.clone()), &of("mira")).await.unwrap();
    assert_eq!(ledger.pause(Some(&churn)).await, Ok(Some(of("mira"))));
    assert_eq!((ledger.pause(Some(&other)).await, ledger.pause(None).await), (Ok(None), Ok(None)), "its own only");
    ledger.pause_at(&Scope::Platform, &of("noor")).await.unwrap();
    assert_eq!(ledger.pause(Some(&churn)).await, Ok(Some(of("mira"))), "its own says who");
    assert_eq!(ledger.pause(Some(&other)).await, Ok(Some(of("noor"))), "the suite's holds for every model");
    assert_eq!(ledger.pause(None).await, Ok(Some(of("noor"))));
    ledger.resume(&Scope::Model(churn.clone())).await.unwrap();
    assert_eq!(ledger.pause(Some(&churn)).await, Ok(Some(of("noor"))), "the suite's pause goes on");
    ledger.resume(&Scope::Platform).await.unwrap();
    assert_eq!(ledger.pause(Some(&churn)).await, Ok(None));
}

#[tokio::test]
async fn first_record_of_an_event_stays() {
    let table = Table::default();
    let ledger = ledger(&table);
    let id = AggregateId { owner: "churn".into(), name: "incident".into() };
    let (first, mut again) = (entry("churn", "e", Decision::Acted), entry("churn", "e", Decision::Skipped));
    again.at += SignedDuration::from_secs(60);
    for entry in [&first, &again] {
        ledger.finish(&id, 0, None, entry).await.unwrap();
    }
    assert_eq!(
        ledger.history(&Scope::Model(model("churn"))).await,
        Ok(vec![first]),
        "the first answer stays on record"
    );
    let item = table.item("model#churn", "history#2026-11-20T11:59:58Z#retrain#e").unwrap();
    let latest: Value = serde_json::from_str(item["latest"]["S"].as_str().unwrap()).unwrap();
    assert_eq!((latest, &item["deliveries"]), (json!(again), &json!({"N": "2"})), "and what came of it later");
    let seconds = noon().as_second() + 60 + EXPIRES;
    assert_eq!(item["expires"], json!({"N": seconds.to_string()}), "90 days from the last delivery");
}

#[tokio::test]
async fn records_differ_by_event_function_and_time() {
    let table = Table::of_pages(2);
    let ledger = ledger(&table);
    let id = AggregateId { owner: "churn".into(), name: "incident".into() };
    let base = entry("churn", "e", Decision::Acted);
    let mut all = vec![base.clone(), base.clone(), base.clone(), base];
    all[1].event_id = "f".into();
    all[2].function = "deploy".into();
    all[3].event_time += SignedDuration::from_secs(1);
    for entry in &all {
        ledger.finish(&id, 0, None, entry).await.unwrap();
    }
    let read = ledger.history(&Scope::Model(model("churn"))).await.unwrap();
    assert_eq!(read.len(), 4, "each page of the history");
    assert!(all.iter().all(|entry| read.contains(entry)));
    assert!(read.is_sorted_by_key(|entry| entry.event_time), "in the order of their events");
    assert_eq!(ledger.history(&Scope::Platform).await, Ok(vec![]), "the suite's own is another");
    ledger.claim(&id, 0, &json!(1), &[], noon()).await.unwrap();
    assert_eq!(ledger.history(&Scope::Model(model("churn"))).await.unwrap().len(), 4, "an aggregate is no record");
}

#[tokio::test]
async fn unreadable_record_is_an_error() {
    let table = Table::default();
    table.put(&json!({"pk": {"S": "platform"}, "sk": {"S": "history#2026"}, "entry": {"S": "{"}}));
    assert!(ledger(&table).history(&Scope::Platform).await.is_err());
}
