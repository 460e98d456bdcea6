//! The response of S3: an object's bytes, a missing object, or an error in XML.

use std::fmt;

use aws_smithy_runtime_api::client::orchestrator::{HttpResponse, OrchestratorError};
use aws_smithy_types::error::metadata::{ErrorMetadata, ProvideErrorMetadata};

/// An error of S3.
#[derive(Debug)]
pub(crate) struct Refused(ErrorMetadata);

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "S3 refused: {}", self.0)
    }
}

impl std::error::Error for Refused {}

impl ProvideErrorMetadata for Refused {
    fn meta(&self) -> &ErrorMetadata {
        &self.0
    }
}

/// The bytes of a 200 or 206; `None` for a missing or empty object.
pub(crate) fn read(response: &HttpResponse) -> Result<Option<Vec<u8>>, OrchestratorError<Refused>> {
    let body = response.body().bytes().unwrap_or_default();
    match response.status().as_u16() {
        200 | 206 => Ok(Some(body.to_vec())),
        // 416: the first bytes of an empty object.
        404 | 416 => Ok(None),
        status => {
            let text = String::from_utf8_lossy(body);
            let code = element(&text, "Code").map_or_else(|| status.to_string(), str::to_owned);
            let said = ErrorMetadata::builder().code(code).message(element(&text, "Message").unwrap_or_default());
            Err(OrchestratorError::operation(Refused(said.build())))
        }
    }
}

/// The text of the first element with this name; an error of S3 has each once, without nesting.
fn element<'a>(xml: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = xml.split_once(&format!("<{name}>"))?;
    rest.split_once('<').map(|(text, _)| text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, body: &'static str) -> Result<Option<Vec<u8>>, String> {
        let response = HttpResponse::new(status.try_into().unwrap(), body.into());
        read(&response).map_err(|error| {
            let refused = error.as_operation_error().unwrap();
            format!("{}: {}", refused.code().unwrap(), refused.message().unwrap())
        })
    }

    #[test]
    fn object_is_read_in_part_and_may_be_missing() {
        assert_eq!(answer(206, "{}"), Ok(Some(b"{}".to_vec())));
        assert_eq!(answer(404, "<Error><Code>NoSuchKey</Code></Error>"), Ok(None));
        assert_eq!(answer(416, ""), Ok(None));
    }

    #[test]
    fn refusal_has_its_code() {
        let xml = "<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>";
        assert_eq!(answer(403, xml), Err("AccessDenied: Access Denied".to_owned()));
        assert_eq!(answer(503, "busy"), Err("503: ".to_owned()));
    }
}
