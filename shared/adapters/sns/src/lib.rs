//! [`Topic`] over SNS. Decides nothing: subject, body and attributes come ready.

use aws_config::SdkConfig;
use aws_sdk_sns::Client;
use aws_sdk_sns::types::MessageAttributeValue;
use trimtab_core::failure::Failure;
use trimtab_core::port::PortResult;
use trimtab_core::port::{Message, Topic};
use trimtab_runtime::sdk;

const PUBLISH: &str = "sns:Publish";

/// One topic.
#[derive(Debug, Clone)]
pub struct SnsTopic {
    client: Client,
    arn: String,
}

impl SnsTopic {
    /// The topic with this ARN.
    #[must_use]
    pub fn new(config: &SdkConfig, arn: impl Into<String>) -> Self {
        Self { client: Client::new(config), arn: arn.into() }
    }
}

impl Topic for SnsTopic {
    async fn publish(&self, message: &Message) -> PortResult<String> {
        let mut call = self.client.publish().topic_arn(&self.arn).subject(&message.subject).message(&message.body);
        // SNS refuses the whole message if one attribute has no value.
        for (name, value) in message.attributes.iter().filter(|(_, value)| !value.is_empty()) {
            let value = MessageAttributeValue::builder().data_type("String").string_value(value).build();
            call = call.message_attributes(name, value.map_err(|e| Failure::permanent(PUBLISH, e.to_string()))?);
        }
        let answer = call.send().await.map_err(|error| sdk::failure(PUBLISH, &error))?;
        Ok(answer.message_id.unwrap_or_default())
    }
}
