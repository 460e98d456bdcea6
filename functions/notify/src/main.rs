//! Wires `notify` to AWS.

use notify::Reaction;
use trimtab_eventbridge::EventBus;
use trimtab_ledger::DynamoLedger;
use trimtab_runtime::{SystemClock, World};
use trimtab_sns::SnsTopic;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), trimtab_runtime::Exit> {
    let (settings, aws) = trimtab_runtime::start()?;
    let topic = SnsTopic::new(&aws, settings.topic()?);
    let chat = settings.chat_topic.map(|arn| SnsTopic::new(&aws, arn));
    let ledger = DynamoLedger::new(&aws, settings.table);
    let world = World::new(ledger.clone(), EventBus::new(&aws, settings.bus), SystemClock);
    trimtab_runtime::serve(Reaction { topic, chat, ledger }, world).await
}
