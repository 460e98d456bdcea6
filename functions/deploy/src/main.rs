//! Wires `deploy` to AWS.

use deploy::Reaction;
use trimtab_accounts::Accounts;
use trimtab_cloudformation::CloudFormation;
use trimtab_codepipeline::CodePipeline;
use trimtab_eventbridge::EventBus;
use trimtab_ledger::DynamoLedger;
use trimtab_runtime::{SystemClock, World};
use trimtab_sagemaker::SageMaker;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), trimtab_runtime::Exit> {
    let (settings, aws) = trimtab_runtime::start()?;
    let world = World::new(DynamoLedger::new(&aws, settings.table), EventBus::new(&aws, settings.bus), SystemClock);
    let reaction = Reaction {
        registry: SageMaker::new(&aws),
        accounts: Accounts::new(&aws),
        pipelines: CodePipeline::new(&aws),
        stacks: CloudFormation::new(&aws),
    };
    trimtab_runtime::serve(reaction, world).await
}
