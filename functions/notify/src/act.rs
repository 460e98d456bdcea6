//! Publishes the message.

use trimtab_core::event::Event;
use trimtab_core::failure::Failure;
use trimtab_core::policy::Policy;
use trimtab_core::port::Answer;
use trimtab_core::port::ml::Topic;
use trimtab_core::react::Act;

use crate::decide::{Action, Notify, State};

/// `notify` over its port.
#[derive(Debug)]
pub struct Reaction<T> {
    /// The SNS topic.
    pub topic: T,
}

impl<T: Topic + Send + Sync> Act for Reaction<T> {
    type Decide = Notify;

    async fn observe(&self, _: &Event, _: Option<&Policy>, _: &State) -> Answer<()> {
        Ok(())
    }

    async fn act(&self, action: &Action) -> Answer<String> {
        let Action::Publish { message, .. } = action;
        // A message that cannot be sent must end in a queue that raises an alert: whatever SNS
        // says, it is given back.
        self.topic.publish(message).await.map_err(|failure| Failure::retry("sns:Publish", failure.to_string()))
    }
}
