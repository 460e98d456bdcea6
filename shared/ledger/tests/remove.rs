//! Removing a model: the policy and the keys in one transaction, or nothing.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod support;

use std::collections::BTreeSet;

use jiff::SignedDuration;
use serde_json::json;
use support::wire::Answer;
use support::{Table, entry, ledger, noon, table};
use trimtab_core::failure::Failure;
use trimtab_core::name::ModelName;
use trimtab_core::plan::Decision;
use trimtab_core::policy::Policy;
use trimtab_core::port::{AggregateId, Ledger, Pause};
use trimtab_ledger::Scope;

const GROUP: &str = "key#package-group#churn";

fn churn() -> ModelName {
    ModelName::parse("churn").unwrap()
}

/// A policy with two keys, which is reconciled.
fn policy(model: &str) -> Policy {
    let text = format!(
        "version = 1\nmodel = \"{model}\"\nowner = \"team\"\npackage_group = \"{model}\"\n[reconcile]\n[evaluate]\n\
         tests = \"arn:aws:states:eu-west-1:123456789012:stateMachine:{model}-tests\"\non_pass = \"approve\"\n\
         on_fail = \"reject\"\nmetrics = [{{ name = \"auc\", at_least = 0.9 }}]\n"
    );
    Policy::parse("policy.toml", &text).unwrap()
}

/// The applied policy is gone as a whole, or there as a whole.
fn stored(table: &Table) -> BTreeSet<(String, String)> {
    table.keys()
}

#[tokio::test]
async fn removed_model_leaves_its_history_pause_and_aggregates() {
    let table = Table::default();
    let ledger = ledger(&table);
    let id = AggregateId { owner: "churn".into(), name: "incident".into() };
    ledger.finish(&id, 0, Some(&json!(1)), &entry("churn", "e-1", Decision::Acted)).await.unwrap();
    ledger.pause_at(&Scope::Model(churn()), &Pause { by: "mira".into(), since: noon() }).await.unwrap();
    let before = stored(&table);
    ledger.apply(&policy("churn")).await.unwrap();
    ledger.apply(&policy("demand")).await.unwrap();
    let demand: BTreeSet<(String, String)> =
        stored(&table).into_iter().filter(|(pk, sk)| format!("{pk} {sk}").contains("demand")).collect();
    let applied = ledger.applied_policy(&churn()).await.unwrap().unwrap();
    assert_eq!((&applied.policy, applied.keys.len()), (&policy("churn"), 2));
    ledger.remove(&applied).await.unwrap();
    assert_eq!(stored(&table), &before | &demand);
    assert_eq!(ledger.applied_policy(&churn()).await, Ok(None));
    let writes = table.requests("TransactWriteItems");
    assert_eq!(writes.last().unwrap()["TransactItems"].as_array().unwrap().len(), 5, "one transaction");
}

#[tokio::test]
async fn released_keys_can_be_claimed_by_another_model() {
    let table = Table::default();
    let ledger = ledger(&table);
    ledger.apply(&policy("churn")).await.unwrap();
    let heir = Policy { model: ModelName::parse("heir").unwrap(), ..policy("churn") };
    assert!(ledger.apply(&heir).await.is_err());
    let (key, holder) = ledger.key_of_another_model(&heir).await.unwrap().unwrap();
    assert_eq!((key.to_string().as_str(), holder), ("package-group#churn", churn()));
    ledger.remove(&ledger.applied_policy(&churn()).await.unwrap().unwrap()).await.unwrap();
    ledger.apply(&heir).await.unwrap();
    assert_eq!(ledger.key_of_another_model(&heir).await, Ok(None));
}

#[tokio::test]
async fn policy_applied_since_the_read_is_not_removed() {
    let table = Table::default();
    let ledger = ledger(&table);
    ledger.apply(&policy("churn")).await.unwrap();
    let read = ledger.applied_policy(&churn()).await.unwrap().unwrap();
    ledger.apply(&Policy { reconcile: None, ..policy("churn") }).await.unwrap();
    let before = stored(&table);
    let refused = ledger.remove(&read).await.unwrap_err();
    assert!(matches!(refused, Failure::Transient { .. }), "{refused}");
    assert_eq!(stored(&table), before);
}

#[tokio::test]
async fn key_taken_since_the_read_refuses_the_removal() {
    let table = Table::default();
    let ledger = ledger(&table);
    ledger.apply(&policy("churn")).await.unwrap();
    let read = ledger.applied_policy(&churn()).await.unwrap().unwrap();
    table.put(&json!({"pk": {"S": GROUP}, "sk": {"S": "model"}, "model": {"S": "heir"}}));
    let before = stored(&table);
    assert!(ledger.remove(&read).await.is_err());
    assert_eq!(stored(&table), before, "all or nothing");
    let read = ledger.applied_policy(&churn()).await.unwrap().unwrap();
    assert_eq!(read.keys.len(), 1, "only the keys that the model owns");
    ledger.remove(&read).await.unwrap();
    assert_eq!(table.item(GROUP, "model").unwrap()["model"], json!({"S": "heir"}));
}

#[tokio::test]
async fn policy_that_cannot_be_read_is_not_removed() {
    let table = Table::default();
    table.put(&json!({"pk": {"S": "model#churn"}, "sk": {"S": "policy"}, "policy": {"S": "{"}}));
    assert!(ledger(&table).applied_policy(&churn()).await.is_err());
}

#[tokio::test]
async fn applied_models_are_listed_in_order() {
    let table = Table::of_pages(1);
    let ledger = ledger(&table);
    assert_eq!(ledger.applied_models().await, Ok(vec![]));
    for model in ["demand", "churn", "loans"] {
        ledger.apply(&policy(model)).await.unwrap();
    }
    let names = async || ledger.applied_models().await.unwrap().iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(names().await, ["churn", "demand", "loans"]);
    ledger.remove(&ledger.applied_policy(&churn()).await.unwrap().unwrap()).await.unwrap();
    assert_eq!(names().await, ["demand", "loans"]);
}

#[tokio::test]
async fn aggregates_of_a_model_are_read_with_their_lease() {
    let table = Table::of_pages(1);
    let ledger = ledger(&table);
    let id = |owner: &str, name: &str| AggregateId { owner: owner.into(), name: name.into() };
    let until = noon() + SignedDuration::from_secs(55);
    ledger.claim(&id("churn", "rollout#prod"), 0, &json!({"a": 1}), &[], until).await.unwrap();
    ledger.save_state(&id("churn", "incident"), 0, &json!(2), noon()).await.unwrap();
    ledger.save_state(&id("churn-2", "incident"), 0, &json!(3), noon()).await.unwrap();
    let read = ledger.aggregates(&churn()).await.unwrap();
    let summary: Vec<_> = read.iter().map(|one| (one.name.as_str(), one.record.state.clone())).collect();
    assert_eq!(summary, [("incident", Some(json!(2))), ("rollout#prod", Some(json!({"a": 1})))]);
    assert_eq!((read[0].record.lease_until, read[1].record.lease_until), (None, Some(until)));
}

#[tokio::test]
async fn failing_table_is_a_transient_failure() {
    let refusal = || Answer::error(400, "AccessDeniedException", "no");
    let table = Table::default();
    let ledger = ledger(&table);
    ledger.apply(&policy("churn")).await.unwrap();
    let read = ledger.applied_policy(&churn()).await.unwrap().unwrap();
    table.answers(refusal());
    let mut failures = vec![ledger.applied_models().await.unwrap_err()];
    table.answers(refusal());
    failures.push(ledger.applied_policy(&churn()).await.unwrap_err());
    table.answers(refusal());
    failures.push(ledger.aggregates(&churn()).await.unwrap_err());
    table.answers(table::cancelled(&["ConditionalCheckFailed"]));
    failures.push(ledger.remove(&read).await.unwrap_err());
    table.answers(refusal());
    failures.push(ledger.remove(&read).await.unwrap_err());
    assert!(failures.iter().all(|failure| matches!(failure, Failure::Transient { .. })), "{failures:?}");
}
