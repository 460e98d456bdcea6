//! Calls that the gateway makes itself, to the servers behind it.

use axum::http::StatusCode;
use serde_json::Value;

use crate::wire::{Answer, Refusal};
use crate::world::Config;

/// The servers, and a client for them.
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

    /// moto's SageMaker.
    pub(crate) async fn sagemaker(&self, action: &str, input: &Value) -> Answer {
        self.call(&self.moto, "sagemaker", &format!("SageMaker.{action}"), input).await
    }

    /// MiniStack's EventBridge.
    pub(crate) async fn events(&self, action: &str, input: &Value) -> Answer {
        self.call(&self.ministack, "events", &format!("AWSEvents.{action}"), input).await
    }

    /// MiniStack's CloudWatch.
    pub(crate) async fn cloudwatch(&self, action: &str, input: &Value) -> Answer {
        self.call(&self.ministack, "monitoring", &format!("GraniteServiceVersion20100801.{action}"), input).await
    }

    async fn call(&self, base: &str, service: &str, target: &str, input: &Value) -> Answer {
        // Neither server checks signatures; both read the scope.
        let scope = format!(
            "AWS4-HMAC-SHA256 Credential=gateway/20260101/{}/{service}/aws4_request, SignedHeaders=host, Signature=0",
            self.region
        );
        let request = self
            .http
            .post(base)
            .header("authorization", scope)
            .header("x-amz-target", target)
            .header("content-type", "application/x-amz-json-1.1")
            .body(input.to_string());
        let unreachable = |error: reqwest::Error| Refusal::internal(format!("{target}: {error}"));
        let response = request.send().await.map_err(unreachable)?;
        let status = response.status();
        let bytes = response.bytes().await.map_err(unreachable)?;
        let body: Value = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
        if status == StatusCode::OK { Ok(body) } else { Err(refusal(target, &body)) }
    }
}

fn refusal(target: &str, body: &Value) -> Refusal {
    let text = |names: &[&str]| names.iter().find_map(|name| body.get(name).and_then(Value::as_str));
    let code = text(&["__type", "code"]).map(|code| code.rsplit('#').next().unwrap_or(code));
    match code {
        Some(code) => Refusal::new(code, text(&["message", "Message"]).unwrap_or_default()),
        None => Refusal::internal(format!("{target}: the server behind the gateway failed")),
    }
}
