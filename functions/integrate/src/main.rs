//! Wires `integrate` to AWS.

use integrate::Reaction;
use trimtab_codebuild::CodeBuild;
use trimtab_codecommit::CodeCommit;
use trimtab_eventbridge::EventBus;
use trimtab_ledger::DynamoLedger;
use trimtab_runtime::{Settings, SystemClock, World};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), trimtab_runtime::Error> {
    let settings = Settings::from_env()?;
    trimtab_runtime::log::init(&settings);
    let aws = trimtab_runtime::aws::config();
    let bus = EventBus::new(&aws, settings.bus);
    let reaction = Reaction { repositories: CodeCommit::new(&aws), builds: CodeBuild::new(&aws), bus: bus.clone() };
    let world = World { ledger: DynamoLedger::new(&aws, settings.table), bus, clock: SystemClock };
    trimtab_runtime::serve(reaction, world).await
}
