//! The reply of Airflow.

use aws_smithy_types::Document;
use trimtab_core::failure::Failure;
use trimtab_runtime::sdk;

/// The reply of Airflow.
#[derive(Debug)]
pub(crate) struct Reply {
    /// Airflow's own HTTP status.
    pub(crate) status: u16,
    body: Option<Document>,
}

impl Reply {
    pub(crate) fn of(status: i32, body: Option<Document>) -> Self {
        Self { status: u16::try_from(status).unwrap_or_default(), body }
    }

    /// A text field of the body.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.body.as_ref()?.as_object()?.get(name)?.as_string()
    }

    /// The reason of a conflict in version 3.
    fn reason(&self) -> Option<&str> {
        self.body.as_ref()?.as_object()?.get("detail")?.as_object()?.get("reason")?.as_string()
    }

    /// The failure of the call.
    pub(crate) fn failure(&self, operation: &'static str) -> Failure {
        let said = self.text("detail").or_else(|| self.reason()).or_else(|| self.text("title"));
        let said = said.unwrap_or("it says no more");
        sdk::refusal(operation, self.status, &format!("Airflow answers {}: {said}", self.status))
    }
}
