//! Observation and execution.

use trimtab_core::event::{Body, Event};
use trimtab_core::failure::Failure;
use trimtab_core::policy::Policy;
use trimtab_core::port::{Ledger, PortResult, Topic};
use trimtab_core::reactor::Act;

use crate::action::Action;
use crate::decide::Notify;
use crate::observation::Observed;
use crate::state::State;

/// `notify` over its ports.
#[derive(Debug)]
pub struct Reaction<T, L> {
    /// SNS topic of the subscribers.
    pub topic: T,
    /// SNS topic of the chat channel.
    pub chat: Option<T>,
    /// The ledger, which has the model's policy.
    pub ledger: L,
}

impl<T: Topic + Send + Sync, L: Ledger + Send + Sync> Act for Reaction<T, L> {
    type Decide = Notify;

    async fn observe(&self, event: &Event, _: Option<&Policy>, _: &State) -> PortResult<Observed> {
        let model = match &event.body {
            Body::Fact(fact) => fact.model.as_ref(),
            _ => None,
        };
        let policy = match model {
            Some(model) => self.ledger.policy(model).await?,
            None => None,
        };
        Ok(Observed { policy, chat: self.chat.is_some() })
    }

    async fn act(&self, action: &Action) -> PortResult<String> {
        let (topic, message, on_failure) = match action {
            Action::Publish { message, on_failure } => (Some(&self.topic), message, on_failure),
            Action::PublishToChat { message, on_failure } => (self.chat.as_ref(), message, on_failure),
        };
        let Some(topic) = topic else {
            return Err(Failure::permanent("sns:Publish", "no chat topic is configured"));
        };
        topic.publish(message).await.map_err(|failure| on_failure.failure(&failure))
    }
}
