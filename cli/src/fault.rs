//! Errors of the command, with the exit code and the hint of each.

use trimtab_core::event::EventError;
use trimtab_core::failure::Failure;
use trimtab_core::name::NameError;
use trimtab_core::policy::PolicyError;

/// An error, printed as one line after `error: `.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// A file or folder cannot be read.
    #[error("{path}: {cause}")]
    File {
        /// The file.
        path: String,
        /// Why not.
        cause: std::io::Error,
    },
    /// A file is not JSON.
    #[error("{path}: not JSON: {cause}")]
    Json {
        /// The file.
        path: String,
        /// Where and why not.
        cause: serde_json::Error,
    },
    /// A file is JSON, but no event.
    #[error("{path}: {cause}")]
    Event {
        /// The file.
        path: String,
        /// Where and why not.
        cause: EventError,
    },
    /// A policy has a fault.
    #[error(transparent)]
    Policy(#[from] PolicyError),
    /// A folder holds no policy.
    #[error("{0}: no policy here: expected at least one .toml file")]
    NoPolicies(String),
    /// An argument is not the name it should be.
    #[error(transparent)]
    Name(#[from] NameError),
    /// Recipients cannot be told as the policies say, and what to do about it.
    #[error("{0}")]
    Recipients(String),
    /// SNS refused some of them; what was done and what was not, in lines.
    #[error("not all that the policies say was done:\n{0}")]
    NotSubscribed(String),
    /// The template that is built in cannot be read.
    #[error("infra/template.yaml: {0}")]
    Template(String),
    /// AWS was not reached, or is busy.
    #[error(transparent)]
    Unreached(Failure),
    /// It was refused.
    #[error(transparent)]
    Refused(Failure),
}

impl Fault {
    /// What the caller can do about it, where that is known.
    #[must_use]
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Unreached(_) => Some("check the region (AWS_REGION), the credentials and --table"),
            Self::NoPolicies(_) => Some("--policies names a directory such as policies/ of this repository"),
            _ => None,
        }
    }

    /// 2 for what the caller brought, 1 for what the world answered.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        if matches!(self, Self::Unreached(_) | Self::Refused(_) | Self::NotSubscribed(_)) { 1 } else { 2 }
    }
}

impl From<Failure> for Fault {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Transient { .. } => Self::Unreached(failure),
            Failure::Permanent { .. } => Self::Refused(failure),
        }
    }
}
