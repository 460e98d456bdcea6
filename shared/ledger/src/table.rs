//! The writes of operators: policies, the resource names that lead events to them, and pauses.

use aws_sdk_dynamodb::types::{Delete, Put, TransactWriteItem};
use trimtab_core::failure::Failure;
use trimtab_core::name::ModelName;
use trimtab_core::policy::{Key, OrganizationPolicy, Policy};
use trimtab_core::port::{Ledger, Pause, PortResult, WriteError};

use crate::{DynamoLedger, item};

impl DynamoLedger {
    /// Applies a policy in one transaction: writes the policy, claims its keys, and releases the keys that the
    /// policy before it claimed and this one does not. A key of another model refuses the whole transaction.
    ///
    /// # Errors
    ///
    /// The write failed, or another model owns one of the names; then nothing is written.
    pub async fn apply(&self, policy: &Policy) -> PortResult<()> {
        let model = policy.model.as_str();
        let claimed = policy.keys();
        let before = self.policy(&policy.model).await?.map(|policy| policy.keys()).unwrap_or_default();
        let mut items = vec![
            self.put(item::policy(model, policy)?)?,
            self.put(item::applied(model))?,
            self.list_reconciled(policy)?,
        ];
        for key in &claimed {
            let put = Put::builder()
                .table_name(&self.table)
                .set_item(Some(item::owned(key, model).0))
                .condition_expression("attribute_not_exists(pk) OR model = :model")
                .expression_attribute_values(":model", item::text(model));
            items.push(TransactWriteItem::builder().put(built(put.build())?).build());
        }
        for key in before.difference(&claimed) {
            // A key that went to another model since is not this model's to release.
            if self.model_of(key).await?.as_ref() == Some(&policy.model) {
                items.push(self.release_key(key, model)?);
            }
        }
        match self.write(items).await {
            Ok(()) => Ok(()),
            Err(WriteError::Failed(failure)) => Err(failure),
            Err(WriteError::Fenced) => Err(self.contested(policy).await?),
        }
    }

    /// Applies the organization's policy.
    ///
    /// # Errors
    ///
    /// The write failed.
    pub async fn apply_organization(&self, policy: &OrganizationPolicy) -> PortResult<()> {
        let put = self.put(item::policy("platform", policy)?)?;
        self.write(vec![put]).await.map_err(unfenced)
    }

    /// Lists the model as reconciled, or removes it from that list, as its policy says.
    fn list_reconciled(&self, policy: &Policy) -> PortResult<TransactWriteItem> {
        let model = policy.model.as_str();
        if policy.reconcile.is_some() {
            return self.put(item::reconciled_models(model));
        }
        self.remove_from_list(item::RECONCILED, model)
    }

    /// Removes the model from a list. Removing a model that is not in it succeeds.
    pub(crate) fn remove_from_list(&self, list: &str, model: &str) -> PortResult<TransactWriteItem> {
        let delete = Delete::builder().table_name(&self.table);
        let delete = delete.key("pk", item::text(list)).key("sk", item::text(model));
        Ok(TransactWriteItem::builder().delete(built(delete.build())?).build())
    }

    /// Deletes a key on the condition that the model still owns it.
    pub(crate) fn release_key(&self, key: &Key, model: &str) -> PortResult<TransactWriteItem> {
        let delete = Delete::builder()
            .table_name(&self.table)
            .key("pk", item::text(&item::key(key)))
            .key("sk", item::text("model"))
            .condition_expression("model = :model")
            .expression_attribute_values(":model", item::text(model));
        Ok(TransactWriteItem::builder().delete(built(delete.build())?).build())
    }

    /// The first key of the policy that another model owns, and that model.
    ///
    /// # Errors
    /// The table cannot be read.
    pub async fn key_of_another_model(&self, policy: &Policy) -> PortResult<Option<(Key, ModelName)>> {
        for key in policy.keys() {
            if let Some(holder) = self.model_of(&key).await?.filter(|holder| *holder != policy.model) {
                return Ok(Some((key, holder)));
            }
        }
        Ok(None)
    }

    /// The reason for a refused transaction: a key of another model, or a concurrent write.
    async fn contested(&self, policy: &Policy) -> PortResult<Failure> {
        Ok(match self.key_of_another_model(policy).await? {
            Some((key, holder)) => {
                let model = &policy.model;
                let cause = format!("{key} in the policy of {model} belongs to another model already: {holder}");
                Failure::permanent("ledger:apply", cause)
            }
            None => Failure::transient("ledger:apply", "policies were applied concurrently"),
        })
    }
}

/// The scope of a pause or of a history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// One model.
    Model(ModelName),
    /// All models, and what belongs to none.
    Platform,
}

impl Scope {
    pub(crate) fn owner(&self) -> &str {
        match self {
            Self::Model(model) => model.as_str(),
            Self::Platform => "platform",
        }
    }
}

impl DynamoLedger {
    /// Pauses the scope. Events that arrive during the pause are dead-lettered.
    ///
    /// # Errors
    ///
    /// The write failed.
    pub async fn pause_at(&self, scope: &Scope, pause: &Pause) -> PortResult<()> {
        let put = self.put(item::pause(scope.owner(), pause)?)?;
        self.write(vec![put]).await.map_err(unfenced)
    }

    /// Ends a pause, if there is one.
    ///
    /// # Errors
    ///
    /// The write failed.
    pub async fn resume(&self, scope: &Scope) -> PortResult<()> {
        let delete = Delete::builder()
            .table_name(&self.table)
            .key("pk", item::text(&item::owner(scope.owner())))
            .key("sk", item::text("pause"));
        let delete = TransactWriteItem::builder().delete(built(delete.build())?).build();
        self.write(vec![delete]).await.map_err(unfenced)
    }
}

pub(crate) fn unfenced(error: WriteError) -> Failure {
    match error {
        WriteError::Failed(failure) => failure,
        WriteError::Fenced => Failure::transient("ledger:write", "another write was made concurrently"),
    }
}

pub(crate) fn built<T, E: std::fmt::Display>(built: Result<T, E>) -> PortResult<T> {
    built.map_err(|error| Failure::transient("ledger:apply", error.to_string()))
}
