//! One call over HTTPS.

use std::time::Duration;

use aws_smithy_runtime_api::client::http::{HttpConnector, SharedHttpConnector};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::byte_stream::ByteStream;
use serde_json::Value;
use trimtab_core::failure::Failure;
use trimtab_core::port::PortResult;

use crate::token::Token;

/// The time-out of a call: a function has thirty seconds, and makes up to three calls with their tokens.
const PATIENCE: Duration = Duration::from_secs(8);

/// The largest response in bytes: a run with all its tasks.
const MOST: usize = 8 * 1024 * 1024;

/// A request.
#[derive(Debug)]
pub(crate) struct Call {
    /// The name of the call in a failure.
    pub(crate) operation: &'static str,
    pub(crate) method: &'static str,
    /// The path and query.
    pub(crate) path: String,
    pub(crate) body: Option<String>,
}

/// A response.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    /// The body; `None` if it is no JSON.
    pub(crate) body: Option<Value>,
}

/// Sends the request once. Redirects are not followed, because the token would be sent along.
pub(crate) async fn send(connector: &SharedHttpConnector, url: &str, token: &Token, call: &Call) -> PortResult<Reply> {
    let operation = call.operation;
    let request = request(url, token, call)
        .ok_or_else(|| Failure::permanent(operation, "the request cannot be made from what the policy says"))?;
    let answer = async {
        let unreachable = "it could not be reached, or its certificate is not one to trust";
        let response = connector.call(request).await.map_err(|_| Failure::transient(operation, unreachable))?;
        let status = response.status().as_u16();
        let body = read(operation, ByteStream::new(response.into_body())).await?;
        Ok(Reply { status, body: serde_json::from_slice(&body).ok() })
    };
    tokio::time::timeout(PATIENCE, answer).await.unwrap_or_else(|_| Err(Failure::transient(operation, "timed out")))
}

fn request(url: &str, token: &Token, call: &Call) -> Option<HttpRequest> {
    let body = call.body.as_deref().map_or_else(SdkBody::empty, SdkBody::from);
    let mut request = HttpRequest::new(body);
    request.set_method(call.method).ok()?;
    request.set_uri(format!("{url}{}", call.path)).ok()?;
    let headers = request.headers_mut();
    headers.try_insert("authorization", token.bearer()).ok()?;
    headers.try_insert("accept", "application/json").ok()?;
    if let Some(body) = &call.body {
        headers.try_insert("content-type", "application/json").ok()?;
        headers.try_insert("content-length", body.len().to_string()).ok()?;
    }
    Some(request)
}

async fn read(operation: &'static str, mut stream: ByteStream) -> PortResult<Vec<u8>> {
    let mut whole = Vec::new();
    while let Some(part) = stream.next().await {
        whole.extend_from_slice(&part.map_err(|_| Failure::transient(operation, "the response ended early"))?);
        if whole.len() > MOST {
            return Err(Failure::permanent(operation, "the response is larger than any run's"));
        }
    }
    Ok(whole)
}

/// Percent-encodes a text for a query.
pub(crate) fn encoded(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
    let one = |byte: u8| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") };
    text.bytes().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn query_text_is_percent_encoded() {
        assert_eq!(encoded(r#"{"a": "b&c"}"#), "%7B%22a%22%3A%20%22b%26c%22%7D");
    }
}
