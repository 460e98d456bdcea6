//! [`StageAccounts`] over STS: the clients of this account, or of another account by an assumed role. Credentials are
//! cached until shortly before they expire.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::SystemTime;

use aws_config::SdkConfig;
use aws_credential_types::Credentials as Keys;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_sts::Client;
use aws_sdk_sts::types::Credentials;
use jiff::{SignedDuration, Timestamp};
use tokio::sync::Mutex;
use trimtab_autoscaling::AutoScaling;
use trimtab_cloudwatch::CloudWatch;
use trimtab_core::failure::Failure;
use trimtab_core::policy::CrossAccountRole;
use trimtab_core::port::PortResult;
use trimtab_core::port::{StageAccounts, StageClients, StageClientsOf};
use trimtab_runtime::sdk;
use trimtab_sagemaker::SageMaker;
use trimtab_sagemakerruntime::SageMakerRuntime;

const ASSUME: &str = "sts:AssumeRole";

/// The duration of a session: the shortest that STS allows. Role chaining limits it to an hour.
const SESSION_SECONDS: i32 = 900;

/// The time before their expiration at which credentials are renewed: a reaction takes up to 30 s.
const LEFT: SignedDuration = SignedDuration::from_mins(2);

/// The accounts of the stages.
#[derive(Debug, Clone)]
pub struct Accounts {
    here: SdkConfig,
    sts: Client,
    cached: Arc<Mutex<BTreeMap<CrossAccountRole, (SdkConfig, Timestamp)>>>,
}

impl Accounts {
    /// Creates the clients of this account from `here`.
    #[must_use]
    pub fn new(here: &SdkConfig) -> Self {
        Self { here: here.clone(), sts: Client::new(here), cached: Arc::default() }
    }

    async fn config(&self, account: &CrossAccountRole) -> PortResult<SdkConfig> {
        // Held while the role is assumed: two at once would assume it twice.
        let mut cached = self.cached.lock().await;
        match cached.get(account) {
            Some((config, until)) if *until > Timestamp::now() + LEFT => Ok(config.clone()),
            _ => {
                let (config, until) = self.assume(account).await?;
                cached.insert(account.clone(), (config.clone(), until));
                Ok(config)
            }
        }
    }

    async fn assume(&self, account: &CrossAccountRole) -> PortResult<(SdkConfig, Timestamp)> {
        let call = self
            .sts
            .assume_role()
            .role_arn(account.role.as_str())
            .role_session_name(&account.session)
            .duration_seconds(SESSION_SECONDS)
            .set_external_id(account.external_id.clone());
        let answer = call.send().await.map_err(|error| sdk::failure(ASSUME, &error))?;
        let credentials =
            answer.credentials().ok_or_else(|| Failure::transient(ASSUME, "the response has no credentials"))?;
        let until = Timestamp::from_second(credentials.expiration().secs())
            .map_err(|error| Failure::transient(ASSUME, error.to_string()))?;
        let provider = SharedCredentialsProvider::new(keys(credentials));
        Ok((self.here.to_builder().credentials_provider(provider).build(), until))
    }
}

fn keys(credentials: &Credentials) -> Keys {
    Keys::new(
        credentials.access_key_id(),
        credentials.secret_access_key(),
        Some(credentials.session_token().to_owned()),
        SystemTime::try_from(*credentials.expiration()).ok(),
        "sts:AssumeRole",
    )
}

impl StageAccounts for Accounts {
    type Endpoints = SageMaker;
    type Transforms = SageMaker;
    type Scaling = AutoScaling;
    type Alarms = CloudWatch;
    type Invocations = SageMakerRuntime;

    async fn clients_for(&self, account: Option<&CrossAccountRole>) -> PortResult<StageClientsOf<Self>> {
        let config = match account {
            Some(account) => self.config(account).await?,
            None => self.here.clone(),
        };
        Ok(StageClients {
            endpoints: SageMaker::new(&config),
            transforms: SageMaker::new(&config),
            scaling: AutoScaling::new(&config),
            alarms: CloudWatch::new(&config),
            invocations: SageMakerRuntime::new(&config),
        })
    }
}
