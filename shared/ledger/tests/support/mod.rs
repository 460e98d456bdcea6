//! AWS in memory: the SDK's clients call a function instead of the network.

#![allow(dead_code, unused_imports, reason = "each test uses a part of it")]

mod expression;
pub mod table;
#[path = "../../../runtime/tests/support/wire.rs"]
pub mod wire;

use std::fmt;
use std::sync::Arc;

use aws_config::retry::RetryConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_runtime_api::client::http::{HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_types::body::SdkBody;
use jiff::{SignedDuration, Timestamp};
use trimtab_core::plan::Decision;
use trimtab_core::port::HistoryEntry;
use trimtab_ledger::DynamoLedger;

pub use table::Table;
use wire::{Call, Service};

/// The configuration of clients that call this service, without the SDK's retries.
pub fn config(service: Service) -> SdkConfig {
    let client = http_client_fn(move |_, _| SharedHttpConnector::new(Played(service.clone())));
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .region(Region::new("eu-west-1"))
        .endpoint_url("http://played.test")
        .credentials_provider(SharedCredentialsProvider::new(Credentials::new("id", "secret", None, None, "played")))
        .retry_config(RetryConfig::disabled())
        .http_client(client)
        .build()
}

struct Played(Service);

impl fmt::Debug for Played {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Played")
    }
}

impl HttpConnector for Played {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let call = Call {
            method: request.method().to_owned(),
            path: request.uri().trim_start_matches("http://played.test").to_owned(),
            operation: Call::operation_of(request.headers().get("x-amz-target").unwrap_or_default()),
            body: request.body().bytes().unwrap_or_default().to_vec(),
        };
        let answer = (self.0)(&call);
        let mut response = HttpResponse::new(answer.status.try_into().unwrap(), SdkBody::from(answer.body));
        for (name, value) in answer.headers {
            response.headers_mut().insert(name, value);
        }
        HttpConnectorFuture::ready(Ok(response))
    }
}

/// The ledger on this table.
pub fn ledger(table: &Table) -> DynamoLedger {
    let table = table.clone();
    DynamoLedger::new(&config(Arc::new(move |call| table.answer(call))), table::NAME.to_owned())
}

/// Noon of a day.
pub fn noon() -> Timestamp {
    "2026-11-20T12:00:00Z".parse().unwrap()
}

/// The terminal record of this event.
pub fn entry(owner: &str, event: &str, decision: Decision) -> HistoryEntry {
    HistoryEntry {
        at: noon(),
        event_time: noon() - SignedDuration::from_secs(2),
        function: "retrain".into(),
        owner: owner.into(),
        event_id: event.into(),
        source: "aws.cloudwatch".into(),
        detail_type: "CloudWatch Alarm State Change".into(),
        decision,
        reasons: vec!["because".into()],
        actions: vec![serde_json::json!({"action": "StartPipelineExecution"})],
    }
}
