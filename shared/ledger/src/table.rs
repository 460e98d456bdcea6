//! The writes of operators: policies, the resource names that lead events to them, and pauses.

use std::collections::BTreeSet;

use aws_sdk_dynamodb::types::{Delete, Put, TransactWriteItem};
use trimtab_core::failure::Failure;
use trimtab_core::name::ModelName;
use trimtab_core::policy::{Key, OrganizationPolicy, Policy};
use trimtab_core::port::{Ledger, Pause, PortResult, WriteError};

use crate::{DynamoLedger, item};

impl DynamoLedger {
    /// Applies a policy in one transaction: the policy, the names that it claims, and the release of those that it no
    /// longer claims.
    ///
    /// # Errors
    ///
    /// The write failed, or another model owns one of the names; then nothing is written.
    pub async fn apply(&self, policy: &Policy) -> PortResult<()> {
        let model = policy.model.as_str();
        let claimed = policy.keys();
        let before = self.policy(&policy.model).await?.map(|policy| policy.keys()).unwrap_or_default();
        let mut items = vec![self.put(item::policy(model, policy)?)?, self.looks_after(policy)?];
        for key in &claimed {
            let put = Put::builder()
                .table_name(&self.table)
                .set_item(Some(item::owned(key, model).0))
                .condition_expression("attribute_not_exists(pk) OR model = :model")
                .expression_attribute_values(":model", item::text(model));
            items.push(TransactWriteItem::builder().put(built(put.build())?).build());
        }
        for key in before.difference(&claimed) {
            let delete = Delete::builder()
                .table_name(&self.table)
                .key("pk", item::text(&item::key(key)))
                .key("sk", item::text("model"))
                .condition_expression("model = :model")
                .expression_attribute_values(":model", item::text(model));
            items.push(TransactWriteItem::builder().delete(built(delete.build())?).build());
        }
        match self.write(items).await {
            Ok(()) => Ok(()),
            Err(WriteError::Failed(failure)) => Err(failure),
            Err(WriteError::Fenced) => Err(self.contested(&policy.model, &claimed).await?),
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

    fn looks_after(&self, policy: &Policy) -> PortResult<TransactWriteItem> {
        let model = policy.model.as_str();
        if policy.reconcile.is_some() {
            return self.put(item::reconciled_models(model));
        }
        let delete = Delete::builder().table_name(&self.table);
        let delete = delete.key("pk", item::text(item::RECONCILED)).key("sk", item::text(model));
        Ok(TransactWriteItem::builder().delete(built(delete.build())?).build())
    }

    /// The failure of a contested policy: another model owns a name, or another operator applied at the same time.
    async fn contested(&self, model: &ModelName, claimed: &BTreeSet<Key>) -> PortResult<Failure> {
        for key in claimed {
            if let Some(holder) = self.model_of(key).await?.filter(|holder| holder != model) {
                let cause = format!("{key} in the policy of {model} belongs to another model already: {holder}");
                return Ok(Failure::permanent("ledger:apply", cause));
            }
        }
        Ok(Failure::transient("ledger:apply", "another operator was applying policies at the same time"))
    }
}

/// The scope of a pause or of a history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// One model.
    Model(ModelName),
    /// All models, and everything that belongs to no model.
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

fn unfenced(error: WriteError) -> Failure {
    match error {
        WriteError::Failed(failure) => failure,
        WriteError::Fenced => Failure::transient("ledger:write", "another transaction was writing at the same time"),
    }
}

fn built<T, E: std::fmt::Display>(built: Result<T, E>) -> PortResult<T> {
    built.map_err(|error| Failure::transient("ledger:apply", error.to_string()))
}
