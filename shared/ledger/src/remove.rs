//! Removing a model: its policy and its keys. Its history and its aggregates stay, so that a policy that is applied
//! again continues where the model was.

use aws_sdk_dynamodb::types::{Delete, TransactWriteItem};
use trimtab_core::name::ModelName;
use trimtab_core::policy::{Key, Policy};
use trimtab_core::port::{Ledger, PortResult, Record};

use crate::DynamoLedger;
use crate::item::{self, Item};
use crate::table::{built, unfenced};

/// A model with an applied policy, as it was read. Opaque, so that [`DynamoLedger::remove`] can require that the
/// policy is still the same.
#[derive(Debug, Clone, PartialEq)]
pub struct AppliedPolicy {
    /// The policy.
    pub policy: Policy,
    /// The keys that the model owns, in ascending order.
    pub keys: Vec<Key>,
    stored: String,
}

/// An aggregate of a model, as the ledger stores it.
#[derive(Debug, Clone, PartialEq)]
pub struct Aggregate {
    /// The name within the model, such as `incident`.
    pub name: String,
    /// Its state, lease and outbox.
    pub record: Record,
}

impl DynamoLedger {
    /// The models with an applied policy, in ascending order.
    ///
    /// # Errors
    /// The table cannot be read.
    pub async fn applied_models(&self) -> PortResult<Vec<ModelName>> {
        let items = self.query(item::APPLIED, "").await?;
        Ok(items.iter().filter_map(|item| ModelName::parse(item.text("sk")?).ok()).collect())
    }

    /// The applied policy of a model with the keys that it owns.
    ///
    /// # Errors
    /// The table cannot be read, or the policy in it.
    pub async fn applied_policy(&self, model: &ModelName) -> PortResult<Option<AppliedPolicy>> {
        let Some(item) = self.get(&item::owner(model.as_str()), "policy").await? else { return Ok(None) };
        let policy: Policy = item.json("policy")?;
        let mut keys = Vec::new();
        for key in policy.keys() {
            // A key that another model owns must not be released with this one's.
            if self.model_of(&key).await?.as_ref() == Some(model) {
                keys.push(key);
            }
        }
        Ok(Some(AppliedPolicy { policy, keys, stored: item.text("policy").unwrap_or_default().to_owned() }))
    }

    /// All aggregates of a model, in the order of their names.
    ///
    /// # Errors
    /// The table cannot be read.
    pub async fn aggregates(&self, model: &ModelName) -> PortResult<Vec<Aggregate>> {
        let items = self.query(&item::owner(model.as_str()), item::AGGREGATE).await?;
        let read = |item: &Item| {
            let name = item.text("sk").unwrap_or_default().trim_start_matches(item::AGGREGATE).to_owned();
            Ok(Aggregate { name, record: item.record()? })
        };
        items.iter().map(read).collect()
    }

    /// Removes the policy and releases its keys in one transaction, on the condition that the policy is the one that
    /// was read and that the model still owns each key.
    ///
    /// # Errors
    /// The table cannot be written, or the policy or a key has changed since it was read.
    pub async fn remove(&self, applied: &AppliedPolicy) -> PortResult<()> {
        let model = applied.policy.model.as_str();
        let policy = Delete::builder()
            .table_name(&self.table)
            .key("pk", item::text(&item::owner(model)))
            .key("sk", item::text("policy"))
            .condition_expression("policy = :policy")
            .expression_attribute_values(":policy", item::text(&applied.stored));
        let mut items = vec![
            TransactWriteItem::builder().delete(built(policy.build())?).build(),
            self.remove_from_list(item::APPLIED, model)?,
            self.remove_from_list(item::RECONCILED, model)?,
        ];
        for key in &applied.keys {
            items.push(self.release_key(key, model)?);
        }
        self.write(items).await.map_err(unfenced)
    }
}
