//! The topic's subscriptions. Functions never call them, so the trait is not one of core's ports.

use std::future::Future;

use serde_json::Value;

use trimtab_core::policy::Address;
use trimtab_core::port::PortResult;

/// A subscription as SNS lists it.
#[derive(Debug, Clone, PartialEq)]
pub struct Subscription {
    /// The protocol, such as `email`.
    pub protocol: String,
    /// The address or ARN. Untrusted text.
    pub endpoint: String,
    /// Its state.
    pub standing: Standing,
}

/// The state of a subscription.
#[derive(Debug, Clone, PartialEq)]
pub enum Standing {
    /// The recipient has not confirmed it: SNS sends nothing, and returns no ARN to change it by.
    Pending,
    /// It belongs to another account, which alone may read and change it.
    Others,
    /// SNS sends messages.
    Confirmed {
        /// Its ARN.
        arn: String,
        /// Its filter policy; `None` if all messages pass.
        filter: Option<Value>,
        /// Whether the filter is matched against the message's body instead of its attributes.
        by_body: bool,
    },
}

/// A topic's subscriptions.
pub trait Subscriptions {
    /// Lists all subscriptions that have not ended.
    fn list(&self) -> impl Future<Output = PortResult<Vec<Subscription>>> + Send;
    /// `Subscribe` with this filter policy; returns whether SNS sends without a confirmation.
    fn subscribe(&self, address: &Address, filter: &Value) -> impl Future<Output = PortResult<bool>> + Send;
    /// `SetSubscriptionAttributes`: replaces the filter policy, and matches it against the attributes.
    fn set_filter(&self, arn: &str, filter: &Value) -> impl Future<Output = PortResult<()>> + Send;
    /// `Unsubscribe`.
    fn unsubscribe(&self, arn: &str) -> impl Future<Output = PortResult<()>> + Send;
}
