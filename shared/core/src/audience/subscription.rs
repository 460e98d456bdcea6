//! The topic's subscriptions. No function touches them, only the operator's `trimtab apply`: so this is none
//! of the [ports](crate::port), which are what functions call.

use std::future::Future;

use serde_json::Value;

use crate::policy::Address;
use crate::port::PortResult;

/// A subscription as SNS lists it.
#[derive(Debug, Clone, PartialEq)]
pub struct Subscription {
    /// SNS's word for how messages get there.
    pub protocol: String,
    /// Where that is. Untrusted text.
    pub endpoint: String,
    /// How it stands.
    pub standing: Standing,
}

/// How a subscription stands.
#[derive(Debug, Clone, PartialEq)]
pub enum Standing {
    /// Whoever is there has not confirmed it: nothing is sent, and SNS gives no handle on it.
    Pending,
    /// It belongs to another account, which alone may read and change it.
    Others,
    /// Messages are sent.
    Confirmed {
        /// Its ARN.
        arn: String,
        /// Its filter policy; `None` where each message gets through.
        filter: Option<Value>,
        /// Whether that is held against the message's body rather than its attributes.
        by_body: bool,
    },
}

/// A topic's subscriptions.
pub trait Subscriptions {
    /// All of them, but for those that have ended.
    fn list(&self) -> impl Future<Output = PortResult<Vec<Subscription>>> + Send;
    /// `Subscribe`, with this filter policy; gives whether messages are sent without a confirmation.
    fn subscribe(&self, address: &Address, filter: &Value) -> impl Future<Output = PortResult<bool>> + Send;
    /// `SetSubscriptionAttributes`: this filter policy instead, held against the attributes.
    fn set_filter(&self, arn: &str, filter: &Value) -> impl Future<Output = PortResult<()>> + Send;
    /// `Unsubscribe`.
    fn unsubscribe(&self, arn: &str) -> impl Future<Output = PortResult<()>> + Send;
}
