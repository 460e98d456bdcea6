//! The operator's access to AWS, and the options that name Trimtab's resources there.

use aws_config::{BehaviorVersion, SdkConfig};
use trimtab_core::name::ModelName;
use trimtab_eventbridge::EventBus;
use trimtab_ledger::{DynamoLedger, Scope};

use crate::fault::Fault;

/// The configuration from the operator's own credentials.
pub async fn config() -> SdkConfig {
    aws_config::defaults(BehaviorVersion::v2026_01_12()).http_client(trimtab_runtime::http_client()).load().await
}

/// The ledger.
#[derive(Debug, Clone, clap::Args)]
pub struct LedgerOptions {
    /// DynamoDB table of the ledger
    #[arg(long, env = "TRIMTAB_TABLE", default_value = "trimtab-ledger", hide_env_values = true)]
    pub table: String,
}

impl LedgerOptions {
    /// The ledger, with a configuration of its own.
    pub async fn open(self) -> DynamoLedger {
        DynamoLedger::new(&config().await, self.table)
    }
}

/// The event bus.
#[derive(Debug, Clone, clap::Args)]
pub struct BusOptions {
    /// Trimtab's event bus
    #[arg(long, env = "TRIMTAB_BUS", default_value = "trimtab", hide_env_values = true)]
    pub bus: String,
}

impl BusOptions {
    /// The bus.
    pub async fn open(self) -> EventBus {
        EventBus::new(&config().await, self.bus)
    }
}

/// The SNS topic.
#[derive(Debug, Clone, clap::Args)]
pub struct TopicOptions {
    /// SNS topic, the stack's output `TopicArn`; if omitted, subscriptions are left unchanged
    #[arg(long, env = "TRIMTAB_TOPIC_ARN", value_name = "ARN", hide_env_values = true)]
    pub topic: Option<String>,
}

/// The operator.
#[derive(Debug, Clone, clap::Args)]
pub struct OperatorOptions {
    /// Operator's name, part of the recorded reason [default: $USER]
    #[arg(long, value_name = "NAME")]
    by: Option<String>,
}

impl OperatorOptions {
    /// The name of the operator.
    ///
    /// # Errors
    /// No name is given, and the environment has none.
    pub fn name(self) -> Result<String, Fault> {
        let name = self.by.or_else(|| std::env::var("USER").ok()).filter(|name| !name.trim().is_empty());
        name.ok_or(Fault::NoOperator)
    }
}

/// One model, or all of them.
///
/// # Errors
/// The text is not a model's name.
pub fn scope(model: Option<&str>) -> Result<Scope, Fault> {
    Ok(match model {
        Some(name) => Scope::Model(ModelName::parse(name)?),
        None => Scope::Platform,
    })
}
