//! The SDKs' shared configuration.

use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, SdkConfig};

/// One attempt; a control-plane call that takes longer will not answer.
const ATTEMPT: Duration = Duration::from_secs(4);

/// A call with its retries: a reaction makes a handful, and the function has 30 s.
const OPERATION: Duration = Duration::from_secs(8);

/// Region, credentials and endpoints from the environment, as Lambda sets them. `AWS_ENDPOINT_URL`
/// points all of it at the local cloud.
pub async fn config() -> SdkConfig {
    aws_config::defaults(BehaviorVersion::v2026_01_12())
        .retry_config(RetryConfig::standard().with_max_attempts(3))
        .timeout_config(
            TimeoutConfig::builder().operation_attempt_timeout(ATTEMPT).operation_timeout(OPERATION).build(),
        )
        .load()
        .await
}
