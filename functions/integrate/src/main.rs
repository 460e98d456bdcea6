//! Wires `integrate` to AWS.

use integrate::Reaction;
use trimtab_codebuild::CodeBuild;
use trimtab_codecommit::CodeCommit;
use trimtab_codepipeline::CodePipeline;
use trimtab_ecr::Ecr;
use trimtab_eventbridge::EventBus;
use trimtab_ledger::DynamoLedger;
use trimtab_runtime::{SystemClock, World};
use trimtab_sagemaker::SageMaker;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), trimtab_runtime::Exit> {
    let (settings, aws) = trimtab_runtime::start()?;
    let bus = EventBus::new(&aws, settings.bus);
    let ledger = DynamoLedger::new(&aws, settings.table);
    let code = CodeCommit::new(&aws);
    let reaction = Reaction {
        repositories: code.clone(),
        pulls: code,
        builds: CodeBuild::new(&aws),
        pipelines: CodePipeline::new(&aws),
        images: Ecr::new(&aws),
        definitions: SageMaker::new(&aws),
        bus: bus.clone(),
        ledger: ledger.clone(),
    };
    let world = World { ledger, bus, clock: SystemClock };
    trimtab_runtime::serve(reaction, world).await
}
