//! Recipients by policy on a real SNS API: each receives exactly the messages that the policies define. MiniStack and moto
//! both apply the filters; moto validates them too.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

use serde_json::Value;
use trimtab_cli::audience::SnsSubscriptions;
use trimtab_cli::policies::PolicySet;
use trimtab_cli::recipients;
use trimtab_cloud::{ACCOUNT, Cloud, REGION, root};
use trimtab_core::audience;
use trimtab_core::fact::{Fact, FactKind, FactSubject, Severity, Token};
use trimtab_core::name::{ModelName, TopicArn};
use trimtab_core::policy::{OrganizationPolicy, Policy};
use trimtab_core::port::Topic;
use trimtab_sns::SnsTopic;

/// A topic and its subscribers.
struct Environment {
    sqs: aws_sdk_sqs::Client,
    topic: SnsTopic,
    subscriptions: SnsSubscriptions,
}

impl Environment {
    async fn start(endpoint: &str) -> Self {
        let config = trimtab_stories::config(endpoint);
        let (sns, sqs) = (aws_sdk_sns::Client::new(&config), aws_sdk_sqs::Client::new(&config));
        let arn = sns.create_topic().name("notices").send().await.unwrap().topic_arn.unwrap();
        for queue in ["oncall", "team", "platform", "by-hand"] {
            sqs.create_queue().queue_name(queue).send().await.unwrap();
        }
        let by_hand = sns.subscribe().topic_arn(&arn).protocol("sqs").endpoint(queue("by-hand"));
        by_hand.send().await.unwrap();
        let subscriptions = SnsSubscriptions::new(&config, TopicArn::parse(&arn).unwrap());
        Self { sqs, topic: SnsTopic::new(&config, arn), subscriptions }
    }

    async fn apply(&self, models: &PolicySet) -> String {
        let plan = recipients::planned(Some(&self.subscriptions), models).await.unwrap();
        let mut changed = Vec::new();
        recipients::carry_out(&self.subscriptions, &plan, &mut changed).await.unwrap();
        changed.iter().map(ToString::to_string).collect()
    }

    /// Publishes one message of each severity for each of two models, one without a model, and a digest of demand.
    async fn publish(&self) {
        let kinds = [FactKind::TrainingStarted, FactKind::TrainingSkipped, FactKind::TrainingFailed];
        for model in ["churn", "demand"] {
            for kind in kinds {
                self.tell(&fact(kind, ModelName::parse(model).ok())).await;
            }
        }
        self.tell(&fact(FactKind::FindingReported, None)).await;
        let mut digest =
            notify::templates::message(&fact(kinds[0], None), &notify::console_links::ConsoleLinks::default()).unwrap();
        let word = audience::of(ModelName::parse("demand").ok().as_ref(), &[Severity::Info, Severity::Warning].into());
        digest.attributes.insert(audience::ATTRIBUTE.into(), word);
        self.topic.publish(&digest).await.unwrap();
    }

    async fn tell(&self, fact: &Fact) {
        let message = notify::templates::message(fact, &notify::console_links::ConsoleLinks::default()).unwrap();
        self.topic.publish(&message).await.unwrap();
    }

    /// The audiences of the received messages, sorted. SNS has delivered all published messages at this point.
    async fn received(&self, queue: &str) -> Vec<String> {
        let url = self.sqs.get_queue_url().queue_name(queue).send().await.unwrap().queue_url.unwrap();
        let mut all = Vec::new();
        loop {
            let call = self.sqs.receive_message().queue_url(&url).max_number_of_messages(10).wait_time_seconds(1);
            let messages = call.send().await.unwrap().messages.unwrap_or_default();
            if messages.is_empty() {
                all.sort();
                return all;
            }
            for message in messages {
                let body: Value = serde_json::from_str(message.body().unwrap()).unwrap();
                all.push(body["MessageAttributes"]["audience"]["Value"].as_str().unwrap().to_owned());
                let handle = message.receipt_handle().unwrap();
                self.sqs.delete_message().queue_url(&url).receipt_handle(handle).send().await.unwrap();
            }
        }
    }
}

fn queue(name: &str) -> String {
    format!("arn:aws:sqs:{REGION}:{ACCOUNT}:{name}")
}

fn fact(kind: FactKind, model: Option<ModelName>) -> Fact {
    let at = "2026-11-20T12:00:00Z".parse().unwrap();
    let subject = FactSubject::Incident { incident: Token::of("x") };
    Fact { model, ..Fact::new(kind, subject, at) }
}

/// A list of recipients with one queue.
fn recipient(list: &str, name: &str, severities: &str) -> String {
    format!("[[notify.{list}]]\nprotocol = \"sqs\"\nendpoint = \"{}\"\nseverities = [{severities}]\n", queue(name))
}

fn policy(model: &str, recipients: &str) -> Policy {
    let text = format!("version = 1\nmodel = \"{model}\"\nowner = \"team\"\npackage_group = \"{model}\"\n{recipients}");
    Policy::parse("policy.toml", &text).unwrap()
}

fn models(churn: &str, demand: &str, suite: &str) -> PolicySet {
    let suite = OrganizationPolicy::parse("organization.toml", &format!("version = 1\n{suite}")).unwrap();
    PolicySet { policies: vec![policy("churn", churn), policy("demand", demand)], organization: Some(suite) }
}

const ALL: &str = "\"info\", \"warning\", \"critical\"";
const CRITICAL: &str = "\"critical\"";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn recipients_receive_exactly_their_messages() {
    let cloud = Cloud::start(&root().join("target/tests/recipients"), ([127, 0, 0, 1], 0).into()).await.unwrap();
    for endpoint in [cloud.ministack(), cloud.moto()] {
        let env = Environment::start(&endpoint).await;
        they_are_subscribed(&env).await;
        they_change(&env).await;
    }
    who_has_not_confirmed_is_said(&Environment::start(&cloud.ministack()).await).await;
    cloud.stop().await;
}

async fn they_are_subscribed(env: &Environment) {
    let churn = format!("{}{}", recipient("recipients", "oncall", CRITICAL), recipient("recipients", "team", ALL));
    let demand = recipient("recipients", "oncall", "\"warning\"");
    let models = models(&churn, &demand, &recipient("all", "platform", CRITICAL));
    let said = env.apply(&models).await;
    assert!(
        said.contains(&format!("sqs {}: subscribed to churn (critical), demand (warning)\n", queue("oncall"))),
        "{said}"
    );
    let again = env.apply(&models).await;
    assert_eq!(again.matches("as before").count(), 3, "{again}");
    env.publish().await;
    assert_eq!(env.received("oncall").await, ["churn/critical", "demand/info+warning", "demand/warning"]);
    assert_eq!(env.received("team").await, ["churn/critical", "churn/info", "churn/warning"]);
    assert_eq!(env.received("platform").await, ["churn/critical", "demand/critical"]);
    assert_eq!(env.received("by-hand").await.len(), 8, "a subscription without a filter receives every message");
}

async fn they_change(env: &Environment) {
    let suite =
        format!("{}{}", recipient("platform", "platform", "\"warning\""), recipient("all", "by-hand", CRITICAL));
    let said = env.apply(&models("", &recipient("recipients", "oncall", CRITICAL), &suite)).await;
    assert!(said.contains(&format!("sqs {}: unsubscribed", queue("team"))), "{said}");
    assert!(said.contains(&format!("sqs {}: is subscribed without a filter", queue("by-hand"))), "{said}");
    env.publish().await;
    assert_eq!(env.received("oncall").await, ["demand/critical"]);
    assert_eq!(
        env.received("team").await,
        Vec::<String>::new(),
        "a recipient that no policy names receives no message"
    );
    assert_eq!(env.received("platform").await, ["-/warning"]);
    assert_eq!(env.received("by-hand").await.len(), 8);
}

/// moto confirms every subscription.
async fn who_has_not_confirmed_is_said(env: &Environment) {
    let hook = "[[notify.recipients]]\nprotocol = \"https\"\nendpoint = \"https://127.0.0.1:9/hook\"\n";
    let asked = models(hook, "", "[[notify.all]]\nprotocol = \"email\"\nendpoint = \"a@example.com\"\n");
    for words in
        ["subscribed to churn (all); receives nothing until", "receives nothing until the recipient confirms it"]
    {
        let said = env.apply(&asked).await;
        assert!(said.contains(&format!("https https://127.0.0.1:9/hook: {words}")), "{said}");
    }
}
