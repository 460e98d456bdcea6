//! The ledger's classification of DynamoDB's errors. The codes and their meanings are from DynamoDB's API reference
//! (`TransactWriteItems`, errors and cancellation reasons) and the developer guide ("Error handling with DynamoDB").

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod support;

use serde_json::json;
use support::table::cancelled;
use support::wire::Answer;
use support::{Table, entry, ledger, noon};
use trimtab_core::failure::Failure;
use trimtab_core::name::ModelName;
use trimtab_core::plan::Decision;
use trimtab_core::policy::{Key, KeyKind, OrganizationPolicy, Policy};
use trimtab_core::port::{AggregateId, Ledger, Pause, WriteError};
use trimtab_ledger::{DynamoLedger, Scope};

fn id() -> AggregateId {
    AggregateId { owner: "churn".into(), name: "incident".into() }
}

async fn claim(table: &Table) -> Result<u64, WriteError> {
    ledger(table).claim(&id(), 0, &json!(1), &[], noon()).await
}

#[tokio::test]
async fn cancelled_transaction_is_fenced_by_its_reason() {
    // A fenced writer loads and decides again; another failure returns the event to Lambda.
    let cases: [(&[&str], bool); 9] = [
        (&["ConditionalCheckFailed"], true),
        (&["None", "ConditionalCheckFailed"], true),
        (&["TransactionConflict"], true),
        (&["TransactionConflict", "None"], true),
        (&["ThrottlingError"], false),
        (&["ProvisionedThroughputExceeded", "None"], false),
        (&["ItemCollectionSizeLimitExceeded"], false),
        (&["ValidationError"], false),
        (&["None"], false),
    ];
    for (codes, fenced) in cases {
        let table = Table::default();
        table.answers(cancelled(codes));
        match claim(&table).await {
            Err(WriteError::Fenced) => assert!(fenced, "{codes:?} is no fence: nobody else wrote"),
            Err(WriteError::Failed(Failure::Transient { operation, .. })) => {
                assert!(!fenced, "{codes:?}: somebody else wrote at that moment, so read again");
                assert_eq!(operation, "dynamodb:TransactWriteItems");
            }
            other => panic!("{codes:?}: {other:?}"),
        }
    }
}

/// Refusals of DynamoDB, transient and permanent alike.
fn refusals() -> Vec<Answer> {
    let codes = [
        (400, "ProvisionedThroughputExceededException"),
        (400, "ThrottlingException"),
        (400, "RequestLimitExceeded"),
        (400, "ResourceNotFoundException"),
        (400, "AccessDeniedException"),
        (400, "ValidationException"),
        (400, "UnrecognizedClientException"),
        (400, "TransactionInProgressException"),
        (400, "IdempotentParameterMismatchException"),
        (500, "InternalServerError"),
        (503, "ServiceUnavailable"),
    ];
    codes.into_iter().map(|(status, code)| Answer::error(status, code, "no")).collect()
}

fn given_back(operation: &str, failure: &Failure) {
    let retried = matches!(failure, Failure::Transient { operation: of, .. } if *of == operation);
    assert!(retried, "a ledger that refuses is not the event's fault: expected {operation} to go back, got {failure}");
}

/// Each call of the ledger, and the operation of DynamoDB that it makes first.
async fn fails(ledger: &DynamoLedger, call: usize) -> Option<(&'static str, Failure)> {
    const GET: &str = "dynamodb:GetItem";
    const WRITE: &str = "dynamodb:TransactWriteItems";
    const QUERY: &str = "dynamodb:Query";
    let (churn, scope) = (ModelName::parse("churn").unwrap(), Scope::Platform);
    let (entry, pause) = (entry("churn", "e", Decision::Acted), Pause { by: "mira".into(), since: noon() });
    let of = |error: WriteError| match error {
        WriteError::Failed(failure) => failure,
        WriteError::Fenced => panic!("fenced, and nobody else wrote"),
    };
    let organization = || OrganizationPolicy::parse("organization.toml", "version = 1\n").unwrap();
    let key = Key { kind: KeyKind::Alarm, name: "a".into() };
    Some(match call {
        0 => (GET, ledger.model_of(&key).await.unwrap_err()),
        1 => (GET, ledger.policy(&churn).await.unwrap_err()),
        2 => (GET, ledger.organization_policy().await.unwrap_err()),
        3 => (GET, ledger.pause(Some(&churn)).await.unwrap_err()),
        4 => (GET, ledger.load(&id()).await.unwrap_err()),
        5 => (QUERY, ledger.reconciled_models().await.unwrap_err()),
        6 => (QUERY, ledger.history(&scope).await.unwrap_err()),
        7 => (QUERY, ledger.dead_letters().await.unwrap_err()),
        8 => (WRITE, of(ledger.claim(&id(), 0, &json!(1), &[], noon()).await.unwrap_err())),
        9 => (WRITE, of(ledger.finish(&id(), 0, None, &entry).await.unwrap_err())),
        10 => (WRITE, of(ledger.save_state(&id(), 0, &json!(1), noon()).await.unwrap_err())),
        11 => (WRITE, ledger.dead_letter(&entry, &json!({})).await.unwrap_err()),
        12 => (WRITE, ledger.pause_at(&scope, &pause).await.unwrap_err()),
        13 => (WRITE, ledger.resume(&scope).await.unwrap_err()),
        14 => (WRITE, ledger.apply_organization(&organization()).await.unwrap_err()),
        15 => (GET, ledger.apply(&policy()).await.unwrap_err()),
        _ => return None,
    })
}

fn policy() -> Policy {
    Policy::parse("churn.toml", "version = 1\nmodel = \"churn\"\nowner = \"team\"\npackage_group = \"churn\"\n")
        .unwrap()
}

#[tokio::test]
async fn every_refusal_of_the_table_is_transient() {
    for refusal in refusals() {
        for call in 0.. {
            let table = Table::default();
            table.answers(refusal.clone());
            let Some((operation, failure)) = fails(&ledger(&table), call).await else { break };
            given_back(operation, &failure);
        }
    }
}

#[tokio::test]
async fn refused_policy_is_no_success() {
    let table = Table::default();
    // The read of the policy before answers that there is none.
    table.answers(Answer::ok(&json!({})));
    table.answers(Answer::error(400, "AccessDeniedException", "no"));
    given_back("dynamodb:TransactWriteItems", &ledger(&table).apply(&policy()).await.unwrap_err());
}

#[tokio::test]
async fn dead_letter_that_stays_listed_is_an_error() {
    let table = Table::default();
    let ledger = ledger(&table);
    ledger.dead_letter(&entry("churn", "e", Decision::Failed), &json!({"id": "e"})).await.unwrap();
    let kept = ledger.dead_letters().await.unwrap();
    table.answers(Answer::error(400, "AccessDeniedException", "no"));
    given_back("dynamodb:DeleteItem", &ledger.release(kept.first().unwrap()).await.unwrap_err());
}

#[tokio::test]
async fn concurrent_transactions_are_transient_or_fenced() {
    let conflict = || cancelled(&["TransactionConflict"]);
    let (platform, pause) = (Scope::Platform, Pause { by: "mira".into(), since: noon() });
    let table = Table::default();
    let ledger = ledger(&table);
    table.answers(conflict());
    given_back(
        "dynamodb:TransactWriteItems",
        &ledger.dead_letter(&entry("churn", "e", Decision::Failed), &json!({})).await.unwrap_err(),
    );
    table.answers(conflict());
    given_back("ledger:write", &ledger.pause_at(&platform, &pause).await.unwrap_err());
    table.answers(conflict());
    given_back("ledger:write", &ledger.resume(&platform).await.unwrap_err());
    table.answers(Answer::ok(&json!({})));
    table.answers(conflict());
    given_back("ledger:apply", &ledger.apply(&policy()).await.unwrap_err());
}
