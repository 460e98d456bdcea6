//! SNS.

use trimtab_core::port::{Message, PortResult, Topic};

use crate::services::Services;

impl Topic for Services {
    async fn publish(&self, message: &Message) -> PortResult<String> {
        self.effect("topic.publish", &message.subject, || {
            let mut sent = self.sent();
            sent.push(message.clone());
            format!("message-{}", sent.len())
        })
    }
}
