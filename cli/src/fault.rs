//! Errors of the command, with the exit code and the hint of each.

use trimtab_core::event::EventError;
use trimtab_core::failure::Failure;
use trimtab_core::name::{ModelName, NameError};
use trimtab_core::policy::{Key, PolicyError};

/// An error, printed as one line after `error: `.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// A file or directory cannot be read.
    #[error("{path}: {cause}")]
    File {
        /// The file.
        path: String,
        /// The operating system's error.
        cause: std::io::Error,
    },
    /// A file is not JSON.
    #[error("{path}: not JSON: {cause}")]
    Json {
        /// The file.
        path: String,
        /// The first syntax error.
        cause: serde_json::Error,
    },
    /// A file is JSON, but not an event.
    #[error("{path}: {cause}")]
    Event {
        /// The file.
        path: String,
        /// The first field that is not as expected.
        cause: EventError,
    },
    /// A policy is invalid.
    #[error(transparent)]
    Policy(#[from] PolicyError),
    /// A directory has no policy.
    #[error("{0}: no policy here: expected at least one .toml file")]
    NoPolicies(String),
    /// An argument is not a valid name.
    #[error(transparent)]
    Name(#[from] NameError),
    /// An argument is too long.
    #[error("{argument}: expected at most {limit} characters")]
    TooLong {
        /// The argument.
        argument: &'static str,
        /// The limit, in characters.
        limit: usize,
    },
    /// It is unknown who requests it.
    #[error("it is unknown who requests this: $USER is not set, and --by is not given")]
    NoOperator,
    /// The policies have recipients, and no topic was given.
    #[error("the policies name recipients, but no SNS topic is given: nothing was written")]
    NoTopic,
    /// A recipient needs a larger filter policy than SNS accepts.
    #[error("{recipient}: its filter policy would have {values} values, and SNS accepts {most}: nothing was written")]
    FilterTooLarge {
        /// The recipient.
        recipient: String,
        /// The number of values that it needs.
        values: usize,
        /// The limit of SNS.
        most: usize,
    },
    /// The embedded template cannot be read.
    #[error("infra/template.yaml: {0}")]
    Template(String),
    /// A key of a policy belongs to another model.
    #[error("{key} in the policy of {model} belongs to another model already: {holder}")]
    KeyTaken {
        /// The key.
        key: Key,
        /// The model whose policy names it.
        model: ModelName,
        /// The model that owns it.
        holder: ModelName,
    },
    /// Models of one directory swap keys, so that no order of application works.
    #[error("{model} and another model swap keys, such as {key}: apply the swap in two steps")]
    KeysExchanged {
        /// The first of the models.
        model: ModelName,
        /// A key that it takes over.
        key: Key,
    },
    /// The model has no applied policy, and no subscription.
    #[error("no policy of {0} is applied, and no subscription of the topic is for it")]
    NotApplied(ModelName),
    /// A model with work in flight is not removed.
    #[error("{model} has work in flight: {}: nothing was removed", work.join(", "))]
    InFlight {
        /// The model.
        model: ModelName,
        /// The work, such as `rollout of version 3`.
        work: Vec<String>,
    },
    /// SNS refused to change some subscriptions. The report has the reason of each.
    #[error("SNS refused {refused} of {all} subscriptions; the policies and the other subscriptions are applied")]
    SubscriptionsRefused {
        /// How many were refused.
        refused: usize,
        /// How many there are.
        all: usize,
    },
    /// Events were not redriven. The report has the reason of each.
    #[error("{remaining} of {all} events remain: see the report of each")]
    NotRedriven {
        /// How many were not.
        remaining: usize,
        /// How many there are.
        all: usize,
    },
    /// AWS is unreachable, or busy.
    #[error(transparent)]
    Unreachable(Failure),
    /// AWS refused a call.
    #[error(transparent)]
    Refused(Failure),
}

impl Fault {
    /// The next step of the operator, where it is known.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Unreachable(_) => "check the region (AWS_REGION), the credentials, and --table or --bus".to_owned(),
            Self::NoPolicies(_) => "--policies names a directory such as policies/ of this repository".to_owned(),
            Self::NoTopic => "pass the stack's output TopicArn as --topic or in TRIMTAB_TOPIC_ARN".to_owned(),
            Self::FilterTooLarge { .. } => {
                "let the recipient receive all severities, or name it for all models in organization.toml".to_owned()
            }
            Self::KeyTaken { holder, .. } => {
                format!(
                    "remove the key from the policy of {holder} and apply that first, or run `trimtab remove {holder}`"
                )
            }
            Self::KeysExchanged { model, .. } => {
                format!("remove the key from the policy of {model}, apply, add the new key, and apply again")
            }
            Self::InFlight { model, .. } => {
                format!("wait until it ends (`trimtab history {model}`), or pass --force")
            }
            Self::NotRedriven { .. } => "correct the cause that is reported for each, and redrive again".to_owned(),
            _ => return None,
        })
    }

    /// 1 if AWS or the state of Trimtab is the cause, 2 if the arguments, policies or files are.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Unreachable(_)
            | Self::Refused(_)
            | Self::KeyTaken { .. }
            | Self::KeysExchanged { .. }
            | Self::NotApplied(_)
            | Self::InFlight { .. }
            | Self::SubscriptionsRefused { .. }
            | Self::NotRedriven { .. } => 1,
            Self::File { .. }
            | Self::Json { .. }
            | Self::Event { .. }
            | Self::Policy(_)
            | Self::NoPolicies(_)
            | Self::Name(_)
            | Self::TooLong { .. }
            | Self::NoOperator
            | Self::NoTopic
            | Self::FilterTooLarge { .. }
            | Self::Template(_) => 2,
        }
    }
}

impl From<Failure> for Fault {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Transient { .. } => Self::Unreachable(failure),
            Failure::Permanent { .. } => Self::Refused(failure),
        }
    }
}
