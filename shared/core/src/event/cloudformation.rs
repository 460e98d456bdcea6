//! Events of CloudFormation.

use std::fmt;

use serde::Deserialize;
use serde_json::Value;

use super::{EventError, name, read};
use crate::name::StackName;

/// A stack changed its status.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stack {
    /// The stack's id, an ARN.
    pub id: String,
    /// Its name.
    pub name: StackName,
    /// Its status.
    pub status: StackStatus,
}

/// A stack's status, such as `UPDATE_COMPLETE`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct StackStatus(String);

/// What a stack's status means to whoever updates it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StackRest {
    /// It is on its way to somewhere, and takes no update.
    Moving,
    /// It is as it was asked to be.
    Complete,
    /// It is as it was before the last update.
    RolledBack,
    /// It could neither move on nor back: `ContinueUpdateRollback` may help.
    RollbackFailed,
    /// It could not be made, and nothing is left of it: it is deleted before it is made again.
    NeverMade,
    /// A person has to see to it.
    Stuck,
}

impl StackStatus {
    /// The status that is written so.
    pub fn new(text: impl AsRef<str>) -> Self {
        Self(crate::text::one_line(text.as_ref(), 64))
    }

    /// What it means.
    #[must_use]
    pub fn rest(&self) -> StackRest {
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
