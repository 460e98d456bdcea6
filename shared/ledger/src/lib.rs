//! The ledger on one DynamoDB table: state, leases, policies, history and dead letters.
//!
//! Every write is conditional and fenced by the aggregate's epoch. Every error of the ledger is transient: Lambda
//! retries the event, because a ledger that refuses is not the fault of the event.
//!
//! If the response of a write is lost, its retry appears fenced to its own writer. The reaction then loads the record,
//! decides again, and finds its own pending actions or its own history entry.

mod item;
mod read;
mod remove;
mod table;

use std::sync::Arc;

use aws_config::SdkConfig;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::types::{AttributeValue, Put, TransactWriteItem, Update};
use jiff::Timestamp;
use serde_json::Value;
use trimtab_core::fact::Fact;
use trimtab_core::failure::Failure;
use trimtab_core::name::ModelName;
use trimtab_core::policy::{Key, OrganizationPolicy, Policy};
use trimtab_core::port::{AggregateId, HistoryEntry, Ledger, Pause, PortResult, Record, WriteError};
use trimtab_runtime::sdk;

pub use item::EXPIRING;
pub use read::DeadLetter;
pub use remove::{Aggregate, AppliedPolicy};
pub use table::Scope;

use item::{Item, fence, json, milliseconds, number, text};

/// A ledger on a DynamoDB table.
#[derive(Debug, Clone)]
pub struct DynamoLedger {
    client: Client,
    table: String,
}

impl DynamoLedger {
    /// Creates a ledger on this table.
    #[must_use]
    pub fn new(config: &SdkConfig, table: String) -> Self {
        Self { client: Client::new(config), table }
    }

    async fn get(&self, pk: &str, sk: &str) -> PortResult<Option<Item>> {
        let call = self
            .client
            .get_item()
            .table_name(&self.table)
            .key("pk", text(pk))
            .key("sk", text(sk))
            .consistent_read(true);
        let found = call.send().await.map_err(|error| give_back("dynamodb:GetItem", &error))?;
        Ok(found.item.map(Item))
    }

    /// Writes the aggregate at the next epoch, if it is still at epoch `held`.
    fn next(&self, id: &AggregateId, held: u64, set: &str, values: Vec<(&str, AttributeValue)>) -> PortResult<Update> {
        let condition = fence(held);
        let mut update = Update::builder()
            .table_name(&self.table)
            .key("pk", text(&item::owner(&id.owner)))
            .key("sk", text(&item::aggregate(id)))
            .update_expression(set)
            .condition_expression(condition)
            .expression_attribute_values(":next", number(held + 1));
        if held > 0 {
            update = update.expression_attribute_values(":held", number(held));
        }
        for (name, value) in values {
            update = update.expression_attribute_values(name, value);
        }
        update.build().map_err(|error| Failure::transient("dynamodb:UpdateItem", error.to_string()))
    }

    /// Writes all items in one transaction.
    async fn write(&self, items: Vec<TransactWriteItem>) -> Result<(), WriteError> {
        match self.client.transact_write_items().set_transact_items(Some(items)).send().await {
            Ok(_) => Ok(()),
            Err(error) if is_fenced(&error) => Err(WriteError::Fenced),
            Err(error) => Err(give_back("dynamodb:TransactWriteItems", &error).into()),
        }
    }

    fn put(&self, item: Item) -> PortResult<TransactWriteItem> {
        let put = Put::builder().table_name(&self.table).set_item(Some(item.0)).build();
        let put = put.map_err(|error| Failure::transient("dynamodb:PutItem", error.to_string()))?;
        Ok(TransactWriteItem::builder().put(put).build())
    }
}

/// The transient failure of any error of the table: a ledger that refuses is not the fault of the event.
fn give_back<E: ProvideErrorMetadata>(
    operation: &'static str,
    error: &SdkError<E, aws_sdk_dynamodb::config::http::HttpResponse>,
) -> Failure {
    match sdk::failure(operation, error) {
        Failure::Permanent { cause, .. } => Failure::transient(operation, cause),
        retry => retry,
    }
}

/// Whether a condition failed, or another transaction was writing at the same time.
fn is_fenced(error: &SdkError<aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError>) -> bool {
    use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError::TransactionCanceledException;
    let Some(TransactionCanceledException(cancelled)) = error.as_service_error() else { return false };
    let mut codes = cancelled.cancellation_reasons().iter().filter_map(|reason| reason.code());
    codes.any(|code| matches!(code, "ConditionalCheckFailed" | "TransactionConflict"))
}

impl Ledger for DynamoLedger {
    async fn model_of(&self, key: &Key) -> PortResult<Option<ModelName>> {
        let found = self.get(&item::key(key), "model").await?;
        Ok(found.and_then(|item| ModelName::parse(item.text("model")?).ok()))
    }

    async fn policy(&self, model: &ModelName) -> PortResult<Option<Arc<Policy>>> {
        match self.get(&item::owner(model.as_str()), "policy").await? {
            None => Ok(None),
            Some(item) => item.json("policy").map(|policy| Some(Arc::new(policy))),
        }
    }

    async fn organization_policy(&self) -> PortResult<Option<Arc<OrganizationPolicy>>> {
        match self.get(&item::owner("platform"), "policy").await? {
            None => Ok(None),
            Some(item) => item.json("policy").map(|policy| Some(Arc::new(policy))),
        }
    }

    async fn reconciled_models(&self) -> PortResult<Vec<ModelName>> {
        let items = self.query(item::RECONCILED, "").await?;
        Ok(items.iter().filter_map(|item| ModelName::parse(item.text("sk")?).ok()).collect())
    }

    async fn pause(&self, model: Option<&ModelName>) -> PortResult<Option<Pause>> {
        for owner in model.map(ModelName::as_str).into_iter().chain(["platform"]) {
            if let Some(item) = self.get(&item::owner(owner), "pause").await? {
                return item.json("pause").map(Some);
            }
        }
        Ok(None)
    }

    async fn load(&self, id: &AggregateId) -> PortResult<Record> {
        match self.get(&item::owner(&id.owner), &item::aggregate(id)).await? {
            None => Ok(Record::EMPTY),
            Some(item) => item.record(),
        }
    }

    async fn claim(
        &self,
        id: &AggregateId,
        epoch: u64,
        state: &Value,
        outbox: &[Fact],
        lease_until: Timestamp,
    ) -> Result<u64, WriteError> {
        let (set, mut values) = item::set_state(id, state, lease_until);
        let set = format!("{set}, outbox = :outbox, lease_until = :lease");
        values.push((":outbox", json(&outbox.iter().map(Fact::to_value).collect())));
        values.push((":lease", milliseconds(lease_until)));
        let update = self.next(id, epoch, &set, values)?;
        self.write(vec![item::state(update)]).await?;
        Ok(epoch + 1)
    }

    async fn finish(
        &self,
        id: &AggregateId,
        held: u64,
        state: Option<&Value>,
        entry: &HistoryEntry,
    ) -> Result<(), WriteError> {
        let mut items = vec![item::history(&self.table, entry)?];
        if let Some(state) = state {
            let (set, values) = item::set_state(id, state, entry.at);
            let update = self.next(id, held, &format!("{set} REMOVE lease_until, outbox"), values)?;
            items.push(item::state(update));
        }
        self.write(items).await
    }

    async fn save_state(&self, id: &AggregateId, held: u64, state: &Value, at: Timestamp) -> Result<(), WriteError> {
        let (set, values) = item::set_state(id, state, at);
        let update = self.next(id, held, &format!("{set} REMOVE lease_until, outbox"), values)?;
        self.write(vec![item::state(update)]).await
    }

    async fn dead_letter(&self, entry: &HistoryEntry, raw: &Value) -> PortResult<()> {
        match self.write(vec![self.put(item::dead_letter(entry, raw)?)?]).await {
            Ok(()) => Ok(()),
            Err(WriteError::Failed(failure)) => Err(failure),
            Err(WriteError::Fenced) => {
                Err(Failure::transient("dynamodb:TransactWriteItems", "another write of the same event is in progress"))
            }
        }
    }
}
