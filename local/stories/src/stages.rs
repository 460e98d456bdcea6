//! The story `stages`: dev, staging in another account, production after manual promotion, and rollbacks.

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_sagemaker::Client;
use aws_sdk_sagemaker::types::ModelApprovalStatus;
use jiff::Timestamp;
use serde_json::{Value, json};
use trimtab_cli::commands::{promote, rollback};
use trimtab_core::plan::Decision;
use trimtab_eventbridge::EventBus;

use crate::lost_events::tick;
use crate::queries::version;
use crate::setup::register;
use crate::story::{Story, StoryError, service};

/// The account of the staging stage.
const STAGING: &str = "210987654321";

/// SageMaker clients of both accounts, and the bus for operator requests.
struct Accounts {
    hub: Client,
    staging: Client,
    bus: EventBus,
}

impl Accounts {
    fn of(story: &Story) -> Self {
        let config = crate::aws::config(&story.endpoint);
        let keys = SharedCredentialsProvider::new(Credentials::from_keys(STAGING, STAGING, None));
        let staging = Client::new(&config.to_builder().credentials_provider(keys).build());
        Self { hub: story.aws.sagemaker.clone(), staging, bus: EventBus::new(&config, "trimtab") }
    }

    fn client(&self, account: &str) -> &Client {
        if account == STAGING { &self.staging } else { &self.hub }
    }
}

/// Promotes versions through all stages and rolls them back.
pub(crate) async fn all(story: &mut Story) -> Result<(), StoryError> {
    let accounts = Accounts::of(story);
    to_staging(story, &accounts).await?;
    to_production(story, &accounts).await?;
    fails_its_smoke_test(story, &accounts).await?;
    operator_rollback(story, &accounts).await?;
    rollback_of_failed_endpoint(story, &accounts).await
}

fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

/// The version that an endpoint serves while it is InService.
async fn serves(client: &Client, endpoint: &str) -> Result<Option<u32>, StoryError> {
    let found = match client.describe_endpoint().endpoint_name(endpoint).send().await {
        Ok(found) => found,
        Err(error) if format!("{error:?}").contains("Could not find endpoint") => return Ok(None),
        Err(error) => return Err(service(error)),
    };
    let status = found.endpoint_status().map(|status| status.as_str().to_owned());
    let Some(config) = found.endpoint_config_name.filter(|_| status.as_deref() == Some("InService")) else {
        return Ok(None);
    };
    // The model has the same name as its configuration.
    let model = client.describe_model().model_name(config).send().await.map_err(service)?;
    Ok(model.containers().first().and_then(|container| container.model_package_name()).map(version))
}

fn serving(
    client: &Client,
    endpoint: &'static str,
    number: u32,
) -> impl AsyncFn(&Story) -> Result<Option<()>, StoryError> {
    async move |_: &Story| Ok((serves(client, endpoint).await? == Some(number)).then_some(()))
}

async fn approve(story: &Story) -> Result<String, StoryError> {
    let package = register(story, "loans").await?;
    story.judge(&package, ModelApprovalStatus::Approved).await?;
    Ok(package)
}

async fn to_staging(story: &mut Story, accounts: &Accounts) -> Result<(), StoryError> {
    story.section("A version of loans is approved: dev in this account, then staging in another account");
    approve(story).await?;
    story.until("loans-dev serves version 1", serving(&accounts.hub, "loans-dev", 1)).await?;
    story.received("Rollout Succeeded", "rollout/loans/dev/1/1").await?;
    story
        .observed("the non-production endpoint loans-dev is InService with version 1, without a manual promotion")
        .await?;
    story.until("endpoint loans in staging serves version 1", serving(accounts.client(STAGING), "loans", 1)).await?;
    story.received("Rollout Succeeded", "rollout/loans/staging/1/1").await?;
    Story::expect("version in production:", &serves(&accounts.hub, "loans").await?, &None)?;
    let assumed = story.requests("AssumeRole").await?;
    let first = assumed.first().cloned().unwrap_or_default();
    let request =
        ["RoleArn", "ExternalId", "RoleSessionName"].map(|field| text(&first, &format!("/{field}")).to_owned());
    let role = format!("arn:aws:iam::{STAGING}:role/trimtab-stage-loans");
    let expected = [role, "loans-7d1f".to_owned(), "trimtab-loans-staging".to_owned()];
    Story::expect("AssumeRole request:", &request, &expected)?;
    let of_account = async |story: &Story| {
        let events = story.events("SageMaker Endpoint State Change").await?;
        let arn = format!("arn:aws:sagemaker:eu-west-1:{STAGING}:endpoint/loans");
        Ok(events.into_iter().find(|event| text(event, "/resources/0") == arn))
    };
    story.until("an event of the staging account", of_account).await?;
    Story::expect("successful smoke tests:", &story.calls("InvokeEndpoint").await?, &1)?;
    story
        .observed(format!(
            "account {STAGING}, accessed by a role with an external id, serves version 1; the smoke test passed"
        ))
        .await
}

async fn to_production(story: &mut Story, accounts: &Accounts) -> Result<(), StoryError> {
    story.section("Production waits for a manual promotion");
    story.received("Promotion Pending", "rollout/loans/prod/1/1").await?;
    let message = story.message("Promotion Pending", "rollout/loans/prod/1/1");
    let command = "trimtab promote loans 1 --to prod --by";
    Story::expect(&format!("the message contains {command:?}:"), &message.contains(command), &true)?;
    Story::expect("version in production:", &serves(&accounts.hub, "loans").await?, &None)?;
    story.observed("the message contains the command, and production has no endpoint yet").await?;
    for _ in 0..2 {
        promote::promote(&accounts.bus, "loans", 1, "prod", "maya", Timestamp::now()).await?;
    }
    story.until("loans serves version 1", serving(&accounts.hub, "loans", 1)).await?;
    story.received("Rollout Succeeded", "rollout/loans/prod/1/1").await?;
    Story::expect("endpoints created in total:", &story.calls("CreateEndpoint").await?, &3)?;
    story
        .observed("maya ran the command twice; production serves version 1, and three endpoints were created in total")
        .await
}

async fn fails_its_smoke_test(story: &mut Story, accounts: &Accounts) -> Result<(), StoryError> {
    story.section("Version 2 fails its smoke test in staging");
    story.control("fate", json!({"phase": "invocations", "end": "500"})).await?;
    approve(story).await?;
    story.received("Smoke Test Failed", "rollout/loans/staging/2/1").await?;
    story.until("endpoint loans in staging serves version 1 again", serving(&accounts.staging, "loans", 1)).await?;
    story.received("Rollout Succeeded", "rollout/loans/staging/1/2").await?;
    Story::expect("version in dev:", &serves(&accounts.hub, "loans-dev").await?, &Some(2))?;
    Story::expect("version in production:", &serves(&accounts.hub, "loans").await?, &Some(1))?;
    promote::promote(&accounts.bus, "loans", 2, "prod", "maya", Timestamp::now()).await?;
    let refused =
        async |story: &Story| story.recorded("deploy", Decision::Failed, "is not live in the stage before").await;
    story.until("deploy's record that version 2 cannot be promoted to production", refused).await?;
    let message = story.message("Smoke Test Failed", "rollout/loans/staging/2/1");
    Story::expect("the message contains the cause:", &message.contains("could not convert string to float"), &true)?;
    story
        .observed(
            "staging is rolled back to version 1; version 2 stays in dev, and its promotion to production was refused",
        )
        .await
}

async fn operator_rollback(story: &mut Story, accounts: &Accounts) -> Result<(), StoryError> {
    story.section("Version 3 is promoted to production, and maya rolls production back");
    approve(story).await?;
    story.received("Promotion Pending", "rollout/loans/prod/3/1").await?;
    promote::promote(&accounts.bus, "loans", 3, "prod", "maya", Timestamp::now()).await?;
    story.until("loans serves version 3", serving(&accounts.hub, "loans", 3)).await?;
    story.received("Rollout Succeeded", "rollout/loans/prod/3/1").await?;
    rollback::rollback(&accounts.bus, "loans", None, None, "maya", Timestamp::now()).await?;
    story.until("loans serves version 1 again", serving(&accounts.hub, "loans", 1)).await?;
    story.received("Rollout Succeeded", "rollout/loans/prod/1/2").await?;
    Story::expect("version in staging:", &serves(&accounts.staging, "loans").await?, &Some(3))?;
    story
        .observed(
            "trimtab rollback: production serves version 1, the previous live version; staging still serves version 3",
        )
        .await
}

/// A failed endpoint can only be deleted, so the rollback recreates it.
async fn rollback_of_failed_endpoint(story: &mut Story, accounts: &Accounts) -> Result<(), StoryError> {
    story.section("Production's endpoint fails, and maya rolls it back to the last live version");
    story.control("endpoint", json!({"name": "loans", "status": "Failed"})).await?;
    let before = story.calls("CreateEndpoint").await?;
    rollback::rollback(&accounts.bus, "loans", Some("prod"), None, "maya", Timestamp::now()).await?;
    let gone = async |story: &Story| {
        let removed = story.calls("DeleteEndpoint").await? == 1;
        let found = accounts.hub.describe_endpoint().endpoint_name("loans").send().await;
        Ok((removed && found.is_err()).then_some(()))
    };
    story.until("the deletion of the failed endpoint", gone).await?;
    tick(story).await?;
    story.until("loans serves version 1", serving(&accounts.hub, "loans", 1)).await?;
    story.received("Rollout Succeeded", "rollout/loans/prod/1/3").await?;
    Story::expect("endpoints created:", &(story.calls("CreateEndpoint").await? - before), &1)?;
    story
        .observed(
            "the failed endpoint was deleted once and recreated by the next reconcile; production serves version 1",
        )
        .await
}

impl Story {
    /// The successful requests of this action in the emulator's journal, oldest first.
    pub(crate) async fn requests(&self, action: &str) -> Result<Vec<Value>, StoryError> {
        let (entries, _) = self.journal(0, 0).await?;
        let of = |entry: &Value| text(entry, "/action") == action && entry.get("status") == Some(&json!(200));
        Ok(entries.into_iter().filter(of).filter_map(|entry| entry.get("request").cloned()).collect())
    }
}
