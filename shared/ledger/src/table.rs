//! What operators write: policies, and the names by which events find them.

use aws_sdk_dynamodb::types::{Delete, Put, TransactWriteItem};
use trimtab_core::failure::Failure;
use trimtab_core::policy::Policy;
use trimtab_core::port::{Answer, Ledger, WriteError};

use crate::{DynamoLedger, item};

impl DynamoLedger {
    /// Applies a policy in one step: the policy, the names it claims, and the release of those it
    /// no longer claims. A name that another model holds refuses the whole step.
    ///
    /// # Errors
    /// The table did not take it, or a name belongs to another model.
    pub async fn apply(&self, policy: &Policy) -> Answer<()> {
        let model = policy.model.as_str();
        let claimed = policy.keys();
        let before = self.policy(&policy.model).await?.map(|policy| policy.keys()).unwrap_or_default();
        let mut items = vec![self.put(item::policy(model, policy)?)?];
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
            Err(WriteError::Fenced) => Err(Failure::reject(
                "ledger:apply",
                format!("a name in the policy of {model} belongs to another model already"),
            )),
        }
    }
}

fn built<T, E: std::fmt::Display>(built: Result<T, E>) -> Answer<T> {
    built.map_err(|error| Failure::retry("ledger:apply", error.to_string()))
}
