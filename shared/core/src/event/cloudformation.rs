//! Events of CloudFormation.

use std::fmt;

use serde::Deserialize;
use serde_json::Value;

use super::{EventError, name, read};
use crate::name::StackName;

/// A status change of a stack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stack {
    /// The stack's ARN.
    pub id: String,
    /// Its name.
    pub name: StackName,
    /// Its status.
    pub status: StackStatus,
}

/// The status of a stack, such as `UPDATE_COMPLETE`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct StackStatus(String);

/// The meaning of a stack's status for its next update.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StackRest {
    /// An operation is in progress; the stack accepts no update.
    Moving,
    /// The last operation completed.
    Complete,
    /// The last update was rolled back completely.
    RolledBack,
    /// The rollback failed; `ContinueUpdateRollback` may complete it.
    RollbackFailed,
    /// The creation failed and was rolled back: the stack must be deleted before it can be created again.
    NeverMade,
    /// CloudFormation cannot continue; an operator must repair the stack.
    Stuck,
}

impl StackStatus {
    /// The status with this text.
    pub fn new(text: impl AsRef<str>) -> Self {
        Self(crate::text::one_line(text.as_ref(), 64))
    }

    /// The meaning of the status.
    #[must_use]
    pub fn stable_state(&self) -> StackRest {
        match self.0.as_str() {
            "CREATE_COMPLETE" | "UPDATE_COMPLETE" | "IMPORT_COMPLETE" => StackRest::Complete,
            "UPDATE_ROLLBACK_COMPLETE" | "IMPORT_ROLLBACK_COMPLETE" => StackRest::RolledBack,
            "UPDATE_ROLLBACK_FAILED" => StackRest::RollbackFailed,
            "ROLLBACK_COMPLETE" => StackRest::NeverMade,
            other if other.ends_with("_IN_PROGRESS") => StackRest::Moving,
            _ => StackRest::Stuck,
        }
    }
}

impl fmt::Display for StackStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Stack {
    pub(super) fn read(what: &str, detail: &Value) -> Result<Self, EventError> {
        #[derive(Deserialize)]
        #[serde(rename_all = "kebab-case")]
        struct Detail {
            stack_id: String,
            status_details: Status,
        }
        #[derive(Deserialize)]
        struct Status {
            status: String,
        }
        let detail: Detail = read(what, detail)?;
        // arn:aws:cloudformation:REGION:ACCOUNT:stack/NAME/ID
        let of = detail.stack_id.split(':').nth(5).and_then(|resource| resource.split('/').nth(1));
        let name = name(what, "detail.stack-id", of.unwrap_or_default(), StackName::parse)?;
        Ok(Self { id: detail.stack_id, name, status: StackStatus::new(detail.status_details.status) })
    }
}
