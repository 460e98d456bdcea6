//! [`Subscriptions`] over SNS: all pages of the list, and one more call for each confirmed subscription, because the
//! list lacks the filters.

use aws_config::SdkConfig;
use aws_sdk_sns::Client;
use serde_json::Value;
use trimtab_core::audience::{Standing, Subscription, Subscriptions};
use trimtab_core::name::TopicArn;
use trimtab_core::policy::Address;
use trimtab_core::port::PortResult;
use trimtab_runtime::sdk;

const FILTER: &str = "FilterPolicy";
const SCOPE: &str = "FilterPolicyScope";

/// The text in place of the ARN for some days after a subscription was deleted.
const ENDED: &str = "Deleted";

/// The subscriptions of one topic.
#[derive(Debug, Clone)]
pub struct SnsSubscriptions {
    client: Client,
    topic: TopicArn,
}

impl SnsSubscriptions {
    /// Creates a client for the subscriptions of this topic.
    #[must_use]
    pub fn new(config: &SdkConfig, topic: TopicArn) -> Self {
        Self { client: Client::new(config), topic }
    }

    /// The filters of a subscription; `None` if it was deleted, because the list is eventually consistent.
    async fn standing(&self, arn: &str) -> PortResult<Option<Standing>> {
        // An unconfirmed subscription has a text in place of its ARN.
        if !arn.starts_with("arn:") {
            return Ok((arn != ENDED).then_some(Standing::Pending));
        }
        let call = self.client.get_subscription_attributes().subscription_arn(arn);
        let found = match call.send().await {
            Ok(found) => found,
            Err(error) if sdk::code(&error) == Some("NotFound") => return Ok(None),
            Err(error) => return Err(sdk::failure("sns:GetSubscriptionAttributes", &error)),
        };
        let attributes = found.attributes.unwrap_or_default();
        let text = |name: &str| attributes.get(name).map(String::as_str).filter(|text| !text.is_empty());
        if text("PendingConfirmation") == Some("true") {
            return Ok(Some(Standing::Pending));
        }
        // A filter that cannot be parsed still counts as a filter.
        let filter = text(FILTER).map(|policy| serde_json::from_str(policy).unwrap_or(Value::Null));
        Ok(Some(Standing::Confirmed { arn: arn.to_owned(), filter, by_body: text(SCOPE) == Some("MessageBody") }))
    }

    async fn set(&self, arn: &str, name: &str, value: &str) -> PortResult<()> {
        let call = self.client.set_subscription_attributes().subscription_arn(arn);
        let set = call.attribute_name(name).attribute_value(value).send().await;
        set.map(drop).map_err(|error| sdk::failure("sns:SetSubscriptionAttributes", &error))
    }
}

impl Subscriptions for SnsSubscriptions {
    async fn list(&self) -> PortResult<Vec<Subscription>> {
        let mut found = Vec::new();
        let mut next = None;
        loop {
            let call = self.client.list_subscriptions_by_topic().topic_arn(self.topic.as_str()).set_next_token(next);
            let page = call.send().await.map_err(|error| sdk::failure("sns:ListSubscriptionsByTopic", &error))?;
            for listed in page.subscriptions.unwrap_or_default() {
                let arn = listed.subscription_arn.unwrap_or_default();
                let others = listed.owner.is_some_and(|owner| owner != self.topic.account());
                let standing = if others { Some(Standing::Others) } else { self.standing(&arn).await? };
                let (protocol, endpoint) = (listed.protocol.unwrap_or_default(), listed.endpoint.unwrap_or_default());
                found.extend(standing.map(|standing| Subscription { protocol, endpoint, standing }));
            }
            next = page.next_token.filter(|token| !token.is_empty());
            if next.is_none() {
                return Ok(found);
            }
        }
    }

    async fn subscribe(&self, address: &Address, filter: &Value) -> PortResult<bool> {
        let call = self.client.subscribe().topic_arn(self.topic.as_str()).protocol(address.protocol().as_str());
        let call = call.endpoint(address.endpoint()).attributes(FILTER, filter.to_string());
        let made = call.send().await.map_err(|error| sdk::failure("sns:Subscribe", &error))?;
        Ok(made.subscription_arn.is_some_and(|arn| arn.starts_with("arn:")))
    }

    async fn set_filter(&self, arn: &str, filter: &Value) -> PortResult<()> {
        self.set(arn, FILTER, &filter.to_string()).await?;
        self.set(arn, SCOPE, "MessageAttributes").await
    }

    async fn unsubscribe(&self, arn: &str) -> PortResult<()> {
        let gone = self.client.unsubscribe().subscription_arn(arn).send().await;
        gone.map(drop).map_err(|error| sdk::failure("sns:Unsubscribe", &error))
    }
}
