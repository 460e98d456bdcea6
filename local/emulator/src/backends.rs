//! The emulator's own calls to MiniStack and moto.

use axum::http::StatusCode;
use serde_json::Value;

use crate::wire::{ApiError, ApiResult};
use crate::world::Config;

/// The addresses of MiniStack and moto, and an HTTP client.
#[derive(Debug, Clone)]
pub(crate) struct Backends {
    pub(crate) http: reqwest::Client,
    ministack: String,
    moto: String,
    region: String,
}

impl Backends {
    pub(crate) fn new(config: &Config) -> reqwest::Result<Self> {
        let http = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build()?;
        let base = |url: &str| url.trim_end_matches('/').to_owned();
        Ok(Self { http, ministack: base(&config.ministack), moto: base(&config.moto), region: config.region.clone() })
    }

    pub(crate) fn url(&self, backend: crate::route::Backend) -> &str {
        match backend {
            crate::route::Backend::MiniStack => &self.ministack,
            crate::route::Backend::Moto => &self.moto,
        }
    }

    /// Calls SageMaker in moto.
    pub(crate) async fn sagemaker(&self, action: &str, input: &Value) -> ApiResult {
        self.call(&self.moto, "sagemaker", &format!("SageMaker.{action}"), input).await
    }

    /// Calls EventBridge in MiniStack.
    pub(crate) async fn events(&self, action: &str, input: &Value) -> ApiResult {
        self.call(&self.ministack, "events", &format!("AWSEvents.{action}"), input).await
    }

    /// Calls CloudWatch in MiniStack.
    pub(crate) async fn cloudwatch(&self, action: &str, input: &Value) -> ApiResult {
        self.call(&self.ministack, "monitoring", &format!("GraniteServiceVersion20100801.{action}"), input).await
    }

    async fn call(&self, base: &str, service: &str, target: &str, input: &Value) -> ApiResult {
        // Neither server checks signatures, but both route by the scope.
        let scope = format!(
            "AWS4-HMAC-SHA256 Credential=emulator/20260101/{}/{service}/aws4_request, SignedHeaders=host, Signature=0",
            self.region
        );
        let request = self
            .http
            .post(base)
            .header("authorization", scope)
            .header("x-amz-target", target)
            .header("content-type", "application/x-amz-json-1.1")
            .body(input.to_string());
        let unreachable = |error: reqwest::Error| ApiError::internal(format!("{target}: {error}"));
        let response = request.send().await.map_err(unreachable)?;
        let status = response.status();
        let bytes = response.bytes().await.map_err(unreachable)?;
        let body: Value = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
        if status == StatusCode::OK { Ok(body) } else { Err(error_response(target, &body)) }
    }
}

fn error_response(target: &str, body: &Value) -> ApiError {
    let text = |names: &[&str]| names.iter().find_map(|name| body.get(name).and_then(Value::as_str));
    let code = text(&["__type", "code"]).map(|code| code.rsplit('#').next().unwrap_or(code));
    match code {
        Some(code) => ApiError::new(code, text(&["message", "Message"]).unwrap_or_default()),
        None => ApiError::internal(format!("{target}: the server behind the emulator failed")),
    }
}
