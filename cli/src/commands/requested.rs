//! The result of a command that requests something of a function.

use std::collections::BTreeMap;
use std::fmt;

use jiff::Timestamp;
use serde::Serialize;
use trimtab_core::fact::Fact;
use trimtab_core::port::Bus;

use crate::fault::Fault;

/// A request that was published on Trimtab's event bus. Its outcome is in the history of the model.
///
/// JSON: `{"request": "Rollback Requested", "model": "churn", "dedup_key": "…", "at": "…", "details": {…}}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Requested {
    /// The request, such as `Rollback Requested`.
    pub request: &'static str,
    /// The model.
    pub model: String,
    /// The request's identity: requests with the same key are one request.
    pub dedup_key: String,
    /// The time of the request.
    pub at: Timestamp,
    /// The parameters of the request.
    pub details: BTreeMap<String, String>,
    #[serde(skip)]
    what: String,
}

impl Requested {
    /// Publishes the request; `what` names it for operators, such as `a rollback of stage prod`.
    ///
    /// # Errors
    /// The bus did not accept the request.
    pub async fn publish<B: Bus + Sync>(bus: &B, fact: &Fact, what: String) -> Result<Self, Fault> {
        bus.publish(fact).await?;
        Ok(Self {
            request: fact.kind.as_str(),
            model: fact.model.as_ref().map(ToString::to_string).unwrap_or_default(),
            dedup_key: fact.dedup_key(),
            at: fact.at,
            details: fact.details.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
            what,
        })
    }
}

impl fmt::Display for Requested {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "requested {}: `trimtab history {}` shows the outcome", self.what, self.model)
    }
}
