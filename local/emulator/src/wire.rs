//! AWS's JSON and query protocols, as far as the emulated services use them.

use axum::body::Body;
use axum::http::{HeaderValue, Response, StatusCode, header};
use jiff::Timestamp;
use serde_json::{Map, Value, json};

/// An API error in the format of AWS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ApiError {
    /// The error's code, such as `ValidationException`.
    pub(crate) code: String,
    /// The message.
    pub(crate) message: String,
    /// Further fields of the error.
    more: Map<String, Value>,
}

/// The result of a call: the response body or an error.
pub(crate) type ApiResult = Result<Value, ApiError>;

impl ApiError {
    pub(crate) fn new(code: &str, message: impl Into<String>) -> Self {
        Self { code: code.to_owned(), message: message.into(), more: Map::new() }
    }

    /// Adds further fields to the error.
    pub(crate) fn with(self, more: &Value) -> Self {
        Self { more: more.as_object().cloned().unwrap_or_default(), ..self }
    }

    pub(crate) fn validation(message: impl Into<String>) -> Self {
        Self::new("ValidationException", message)
    }

    /// An internal error of the emulator.
    pub(crate) fn internal(message: impl Into<String>) -> Self {
        Self::new("InternalFailure", message)
    }

    fn status(&self) -> StatusCode {
        if self.code == "InternalFailure" { StatusCode::INTERNAL_SERVER_ERROR } else { StatusCode::BAD_REQUEST }
    }
}

/// The status and body of a result.
pub(crate) fn render(result: &ApiResult) -> (StatusCode, Value) {
    match result {
        Ok(value) => (StatusCode::OK, value.clone()),
        Err(error) => {
            let mut body = error.more.clone();
            body.insert("__type".to_owned(), json!(error.code));
            body.insert("message".to_owned(), json!(error.message));
            (error.status(), Value::Object(body))
        }
    }
}

/// The HTTP response with the JSON protocol.
pub(crate) fn respond(result: &ApiResult) -> Response<Body> {
    let (status, body) = render(result);
    let mut response = Response::new(Body::from(body.to_string()));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/x-amz-json-1.1"));
    if let Err(error) = result
        && let Ok(code) = HeaderValue::from_str(&error.code)
    {
        headers.insert("x-amzn-errortype", code);
    }
    response
}

/// A time in the JSON protocol: seconds since 1970.
pub(crate) fn time(at: Timestamp) -> Value {
    json!(at.as_millisecond() as f64 / 1000.0)
}

/// The input of a call.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Input<'a>(pub(crate) &'a Value);

impl<'a> Input<'a> {
    /// A required, non-empty text.
    pub(crate) fn need(self, name: &str) -> Result<&'a str, ApiError> {
        self.text(name).filter(|text| !text.is_empty()).ok_or_else(|| {
            ApiError::validation(format!(
                "1 validation error detected: Value null at '{name}' failed to satisfy constraint: Member must not be null"
            ))
        })
    }

    /// An optional text.
    pub(crate) fn text(self, name: &str) -> Option<&'a str> {
        self.0.get(name).and_then(Value::as_str)
    }

    /// An optional value.
    pub(crate) fn get(self, name: &str) -> Option<&'a Value> {
        self.0.get(name).filter(|value| !value.is_null())
    }

    /// The members of a list; none if it is missing.
    pub(crate) fn list(self, name: &str) -> impl Iterator<Item = Input<'a>> {
        self.0.get(name).and_then(Value::as_array).into_iter().flatten().map(Input)
    }

    /// An optional time in the format of the SDKs.
    pub(crate) fn time(self, name: &str) -> Option<Timestamp> {
        let seconds = self.0.get(name)?.as_f64()?;
        Timestamp::from_millisecond((seconds * 1000.0) as i64).ok()
    }
}

/// The fields of a form in the query protocol, flat: `Parameters.member.1.ParameterKey`.
pub(crate) fn form(body: &[u8]) -> Value {
    let plain = |text: &str| -> String {
        let mut bytes = Vec::new();
        let mut rest = text.bytes();
        while let Some(byte) = rest.next() {
            let code = (byte == b'%').then(|| rest.clone().take(2).collect::<Vec<u8>>());
            let code = code.and_then(|two| u8::from_str_radix(std::str::from_utf8(&two).ok()?, 16).ok());
            match (byte, code) {
                (b'%', Some(code)) => {
                    bytes.push(code);
                    let _ = (rest.next(), rest.next());
                }
                (b'+', _) => bytes.push(b' '),
                _ => bytes.push(byte),
            }
        }
        String::from_utf8_lossy(&bytes).into_owned()
    };
    let text = String::from_utf8_lossy(body);
    let pairs = text.split('&').filter_map(|pair| pair.split_once('='));
    Value::Object(pairs.map(|(name, value)| (plain(name), json!(plain(value)))).collect())
}

/// The HTTP response with the query protocol.
pub(crate) fn respond_in_xml(action: &str, result: &ApiResult) -> Response<Body> {
    let (status, body) = match result {
        Ok(value) => {
            let inner = xml(value);
            let result = format!("<{action}Result>{inner}</{action}Result>");
            let about = "<ResponseMetadata><RequestId>local</RequestId></ResponseMetadata>";
            (StatusCode::OK, format!("<{action}Response>{result}{about}</{action}Response>"))
        }
        Err(ApiError { code, message, .. }) => {
            let (code, message) = (escaped(code), escaped(message));
            let error = format!("<Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error>");
            (StatusCode::BAD_REQUEST, format!("<ErrorResponse>{error}<RequestId>local</RequestId></ErrorResponse>"))
        }
    };
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/xml"));
    response
}

fn xml(value: &Value) -> String {
    match value {
        Value::Object(fields) => {
            fields.iter().map(|(name, value)| format!("<{name}>{}</{name}>", xml(value))).collect()
        }
        Value::Array(members) => members.iter().map(|member| format!("<member>{}</member>", xml(member))).collect(),
        Value::String(text) => escaped(text),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// One page of a list. The token is the number of skipped members.
pub(crate) fn page<T>(
    all: Vec<T>,
    input: Input<'_>,
    limit: &str,
    token: &str,
) -> Result<(Vec<T>, Option<String>), ApiError> {
    let skip: usize = match input.text(token) {
        Some(text) => text.parse().map_err(|_| ApiError::validation("Invalid pagination token"))?,
        None => 0,
    };
    let size = input.get(limit).and_then(Value::as_u64).map_or(100, |size| size as usize);
    let next = (all.len() > skip + size).then(|| (skip + size).to_string());
    Ok((all.into_iter().skip(skip).take(size).collect(), next))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_have_no_gap_or_overlap() {
        let all = vec![1, 2, 3];
        let input = json!({"MaxResults": 2});
        let (first, next) = page(all.clone(), Input(&input), "MaxResults", "NextToken").unwrap();
        let input = json!({"MaxResults": 2, "NextToken": next});
        let (second, end) = page(all, Input(&input), "MaxResults", "NextToken").unwrap();
        assert_eq!((first, second, end), (vec![1, 2], vec![3], None));
    }

    #[test]
    fn query_protocol_reads_form_and_writes_xml() {
        let read = form(b"Action=CreateStack&Parameters.member.1.ParameterValue=arn%3Aaws%3A1+2");
        assert_eq!(read, json!({"Action": "CreateStack", "Parameters.member.1.ParameterValue": "arn:aws:1 2"}));
        assert_eq!(
            xml(&json!({"Stacks": [{"StackName": "a&b"}]})),
            "<Stacks><member><StackName>a&amp;b</StackName></member></Stacks>"
        );
    }

    #[test]
    fn empty_name_counts_as_missing() {
        assert_eq!(Input(&json!({"A": ""})).need("A").unwrap_err().code, "ValidationException");
    }
}
