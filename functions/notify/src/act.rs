//! Publishes the message.

use trimtab_core::event::{Body, Event};
use trimtab_core::failure::Failure;
use trimtab_core::policy::Policy;
use trimtab_core::port::Topic;
use trimtab_core::port::{Ledger, PortResult};
use trimtab_core::reactor::Act;

use crate::decide::{Action, Notify, Observed, State};

/// `notify` over its ports.
#[derive(Debug)]
pub struct Reaction<T, L> {
    /// The SNS topic that people subscribe to.
    pub topic: T,
    /// The one that a chat channel is fed from.
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
        match (action, &self.chat) {
            // A message that cannot be sent must end in a queue that raises an alert: whatever SNS
            // says, it is given back.
            (Action::Publish { message, .. }, _) => self
                .topic
                .publish(message)
                .await
                .map_err(|failure| Failure::transient("sns:Publish", failure.to_string())),
            // The people's message is out: giving the event back would send that again. So what the
            // chat does not take is kept in the ledger, and sent from there.
            (Action::PublishToChat { message, .. }, Some(chat)) => {
                chat.publish(message).await.map_err(|failure| Failure::permanent("sns:Publish", failure.to_string()))
            }
            (Action::PublishToChat { .. }, None) => {
                Err(Failure::permanent("sns:Publish", "there is no topic for the chat"))
            }
        }
    }
}
