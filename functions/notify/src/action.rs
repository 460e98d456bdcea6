//! The calls that `notify` makes.

use serde::Serialize;
use trimtab_core::failure::Failure;
use trimtab_core::port::Message;

/// A message to publish.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "action", remote = "Self")]
pub enum Action {
    /// `Publish` to the topic of the subscribers.
    Publish {
        /// The message.
        #[serde(flatten)]
        message: Message,
        /// Treatment of every failure of SNS.
        #[serde(skip)]
        on_failure: OnFailure,
    },
    /// `Publish` to the topic of the chat.
    PublishToChat {
        /// The message, with a body in the chat's format.
        #[serde(flatten)]
        message: Message,
        /// Treatment of every failure of SNS.
        #[serde(skip)]
        on_failure: OnFailure,
    },
}

impl Action {
    /// The AWS service of the call, as in its endpoint's name.
    #[must_use]
    pub fn service(&self) -> &'static str {
        "sns"
    }
}

trimtab_core::serialize_with_service!();

/// Treatment of a message that SNS does not accept, whatever the cause.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum OnFailure {
    /// The event goes back to Lambda, and finally to a queue with an alarm.
    #[default]
    Retry,
    /// The event is dead-lettered.
    DeadLetter,
}

impl OnFailure {
    /// The failure as the reactor treats it.
    #[must_use]
    pub fn failure(self, cause: &Failure) -> Failure {
        match self {
            Self::Retry => Failure::transient("sns:Publish", cause.to_string()),
            Self::DeadLetter => Failure::permanent("sns:Publish", cause.to_string()),
        }
    }
}
