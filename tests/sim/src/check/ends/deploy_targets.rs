//! Rollouts to a stack, to batch transform jobs and by CodePipeline.

use super::End;
use crate::flow::Flow;

pub(super) fn check(end: &mut End<'_>) {
    match end.flow {
        Flow::StackCreation if !end.skipped("tariffs", 201) => stack_creation(end),
        Flow::StackRollbackFails if !end.skipped("tariffs", 201) => stack_rollback_fails(end),
        Flow::BatchTransform if !end.skipped("leads", 401) => batch_transform(end),
        Flow::BatchTransformFails if !end.skipped("leads", 401) => batch_transform_fails(end),
        Flow::CodePipelineExecution => codepipeline_execution(end),
        Flow::DeliveryFails => delivery_fails(end),
        _ => {}
    }
}

fn stack_creation(end: &mut End<'_>) {
    end.must(end.services.stack.holds() == Some(202), "the stack does not hold version 202");
    end.must_report("Rollout Rolled Back on rollout/tariffs/201");
    end.must_report("Rollout Succeeded on rollout/tariffs/202");
}

fn stack_rollback_fails(end: &mut End<'_>) {
    let stack = &end.services.stack;
    end.must(stack.holds() == Some(201), "the stack does not hold version 201");
    // If version 201 arrived second, there was no update.
    end.must(stack.continues == stack.updates, "the failed rollback was not continued");
    end.must_report("Rollout Rolled Back on rollout/tariffs/202");
}

fn batch_transform(end: &mut End<'_>) {
    end.must(end.services.batch.newest_output == Some(401), "the newest output is not that of version 401");
    end.must_report("Package Rejected on rollout/leads/402");
}

fn batch_transform_fails(end: &mut End<'_>) {
    end.must(end.services.batch.newest_output == Some(401), "version 401 has no output");
    end.must(end.services.batch.started.contains(&402), "no job was started for version 402");
    end.must_report("Rollout Failed on rollout/leads/402");
}

fn codepipeline_execution(end: &mut End<'_>) {
    end.must(end.services.deliveries.len() == 1, "CodePipeline did not deliver the version");
    end.must_report("Rollout Succeeded on rollout/segments/101");
}

fn delivery_fails(end: &mut End<'_>) {
    end.must(end.services.deliveries.len() == 1, "no CodePipeline execution was started");
    end.must_report("Rollout Failed on rollout/segments/101");
}
