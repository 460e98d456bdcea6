//! The reads of operators: history and dead letters.

use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::Value;
use trimtab_core::port::{HistoryEntry, PortResult};

use crate::item::{self, DEAD_LETTERS, HISTORY, Item, text};
use crate::{DynamoLedger, Scope, give_back};

/// A dead letter.
#[derive(Debug, Clone, PartialEq)]
pub struct DeadLetter {
    /// The sort key.
    key: String,
    /// The time, the function and the reasons.
    pub entry: HistoryEntry,
    /// The event; `None` if it was too large to be stored whole.
    pub event: Option<Value>,
}

impl DynamoLedger {
    /// The terminal records of the scope, in the order of their events.
    ///
    /// # Errors
    ///
    /// The read failed.
    pub async fn history(&self, scope: &Scope) -> PortResult<Vec<HistoryEntry>> {
        let items = self.query(&item::owner(scope.owner()), HISTORY).await?;
        items.iter().map(|item| item.json("entry")).collect()
    }

    /// The dead letters of all models and of the platform, the oldest first.
    ///
    /// # Errors
    ///
    /// The read failed.
    pub async fn dead_letters(&self) -> PortResult<Vec<DeadLetter>> {
        let items = self.query(DEAD_LETTERS, "").await?;
        let read = |item: &Item| {
            let event = item.text("event").and_then(|event| serde_json::from_str(event).ok());
            Ok(DeadLetter { key: item.text("sk").unwrap_or_default().to_owned(), entry: item.json("entry")?, event })
        };
        let mut all = items.iter().map(read).collect::<PortResult<Vec<DeadLetter>>>()?;
        all.sort_by_key(|letter| letter.entry.at);
        Ok(all)
    }

    /// Deletes a dead letter after its redrive.
    ///
    /// # Errors
    ///
    /// The write failed.
    pub async fn release(&self, letter: &DeadLetter) -> PortResult<()> {
        let call = self
            .client
            .delete_item()
            .table_name(&self.table)
            .key("pk", text(DEAD_LETTERS))
            .key("sk", text(&letter.key));
        call.send().await.map_err(|error| give_back("dynamodb:DeleteItem", &error))?;
        Ok(())
    }

    pub(crate) async fn query(&self, pk: &str, prefix: &str) -> PortResult<Vec<Item>> {
        let mut call = self
            .client
            .query()
            .table_name(&self.table)
            .key_condition_expression(if prefix.is_empty() {
                "pk = :pk"
            } else {
                "pk = :pk AND begins_with(sk, :prefix)"
            })
            .expression_attribute_values(":pk", text(pk))
            .consistent_read(true);
        if !prefix.is_empty() {
            call = call.expression_attribute_values(":prefix", AttributeValue::S(prefix.to_owned()));
        }
        let mut pages = call.into_paginator().send();
        let mut items = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| give_back("dynamodb:Query", &error))?;
            items.extend(page.items.unwrap_or_default().into_iter().map(Item));
        }
        Ok(items)
    }
}
