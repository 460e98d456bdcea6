//! The SDKs' shared configuration from Lambda's environment.
//!
//! `aws-config`'s default chain is not used: a function's credentials are in its environment only, and the chain's
//! other sources (instance metadata, containers, web identity, profiles) are code to load at each cold start.

use std::time::Duration;

use aws_config::environment::EnvironmentVariableCredentialsProvider;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_runtime_api::client::http::SharedHttpClient;

/// The time-out of one attempt; a control-plane call that takes longer will not respond.
const ATTEMPT: Duration = Duration::from_secs(4);

/// The time-out of a call with its retries: a reaction makes about five calls, and the function has 30 s.
const OPERATION: Duration = Duration::from_secs(8);

/// Region (`AWS_REGION`) and credentials as Lambda sets them. `AWS_ENDPOINT_URL` points every
/// service at the local cloud.
#[must_use]
pub fn config() -> SdkConfig {
    let variable = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
    let timeouts = TimeoutConfig::builder().operation_attempt_timeout(ATTEMPT).operation_timeout(OPERATION).build();
    let mut config = SdkConfig::builder()
        .http_client(http_client())
        .behavior_version(BehaviorVersion::v2026_01_12())
        .credentials_provider(SharedCredentialsProvider::new(EnvironmentVariableCredentialsProvider::new()))
        .retry_config(RetryConfig::standard().with_max_attempts(3))
        .timeout_config(timeouts);
    config.set_region(variable("AWS_REGION").or_else(|| variable("AWS_DEFAULT_REGION")).map(Region::new));
    config.set_endpoint_url(variable("AWS_ENDPOINT_URL"));
    config.build()
}

/// HTTPS with the machine's own root certificates.
#[must_use]
pub fn http_client() -> SharedHttpClient {
    aws_smithy_http_client::Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring)).build_https()
}
