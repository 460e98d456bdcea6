//! SNS.

use std::collections::BTreeMap;
use std::future::Future;

use serde::{Deserialize, Serialize};

use super::PortResult;

/// A message to subscribers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// Fewer than 100 printable ASCII characters.
    pub subject: String,
    /// Plain text.
    pub body: String,
    /// Message attributes, by which a subscription can filter: severity, model, kind, and the
    /// [audience](crate::audience).
    pub attributes: BTreeMap<String, String>,
}

/// The SNS topic.
pub trait Topic {
    /// Publishes; gives the message id.
    fn publish(&self, message: &Message) -> impl Future<Output = PortResult<String>> + Send;
}
