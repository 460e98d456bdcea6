//! What is integrated besides a push that CodeBuild builds: an image, a pipeline that builds, a merge.

use aws_sdk_codecommit::primitives::Blob;
use aws_sdk_codecommit::types::PutFileEntry;
use aws_sdk_codepipeline::types::{
    ActionCategory, ActionDeclaration, ActionOwner, ActionTypeId, PipelineDeclaration, PipelineType,
    PipelineVariableDeclaration, StageDeclaration,
};
use serde_json::{Value, json};
use trimtab_cloud::{ACCOUNT, REGION};
use trimtab_core::plan::Decision;

use crate::chapters::ended_run;
use crate::code::{comments, commit, merge, propose, reviewed};
use crate::people;
use crate::stage::ROLE;
use crate::story::{Story, StoryError, service};

pub(crate) async fn everything(story: &mut Story) -> Result<(), StoryError> {
    let chat = people::subscribe(story).await?;
    let image = image(story).await?;
    merged(story, &image).await?;
    piped(story).await?;
    people::digest(story).await?;
    people::chat(story, &chat).await
}

/// Somebody pushes an image under this tag; gives its digest.
async fn put(story: &Story, content: &str, tag: &str) -> Result<String, StoryError> {
    let manifest = json!({"schemaVersion": 2, "mediaType": "application/vnd.docker.distribution.manifest.v2+json",
        "config": {"digest": content}});
    let call = story.aws.ecr.put_image().repository_name("churn-training").image_manifest(manifest.to_string());
    let image = call.image_tag(tag).send().await.map_err(service)?.image;
    let id = image.and_then(|image| image.image_id).and_then(|id| id.image_digest);
    id.ok_or_else(|| StoryError::Service("PutImage gave no digest".to_owned()))
}

/// An image is pushed: the next run gets it, by its digest.
async fn image(story: &mut Story) -> Result<String, StoryError> {
    story.begin("Somebody pushes a training image under a tag that nobody watches, and then as latest");
    story.aws.ecr.create_repository().repository_name("churn-training").send().await.map_err(service)?;
    put(story, "nightly", "nightly").await?;
    let left = async |story: &Story| story.recorded("integrate", Decision::Skipped, "does not watch this tag").await;
    story.until("integrate's record: the tag is not watched", left).await?;
    Story::expect("runs so far:", &story.runs().await?.len(), &0)?;
    let digest = put(story, "first", "latest").await?;
    let run = ended_run(story, "churn-image-").await?;
    let uri = format!("{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/churn-training@{digest}");
    Story::expect("the run's parameter Image:", &parameter(story, &run, "Image").await?, &Some(uri.clone()))?;
    Story::expect("runs so far:", &story.runs().await?.len(), &1)?;
    story.told("Training Succeeded", "incident/churn-image-").await?;
    story.saw(format!("one run of churn-training was given {uri}")).await?;
    Ok(uri)
}

async fn parameter(story: &Story, run: &str, name: &str) -> Result<Option<String>, StoryError> {
    let call = story.aws.sagemaker.list_pipeline_parameters_for_execution().pipeline_execution_arn(run);
    let given = call.send().await.map_err(service)?.pipeline_parameters.unwrap_or_default();
    let found = given.iter().find(|parameter| parameter.name() == Some(name));
    Ok(found.and_then(|parameter| parameter.value().map(str::to_owned)))
}

/// A pull request is merged: the merge is built and trained with the image, and the pull request reads of it.
async fn merged(story: &mut Story, image: &str) -> Result<(), StoryError> {
    story.begin("A pull request is merged");
    commit(story, "main").await?;
    ended_run(story, "churn-build-").await?;
    let proposed = commit(story, "wider-bins").await?;
    let id = propose(story, "wider-bins", "Wider bins").await?;
    reviewed(story, &id, &proposed).await?;
    let before = story.runs().await?.len();
    let commit = merge(story, &id).await?;
    let said = reviewed(story, &id, &commit).await?;
    Story::expect("the pull request says:", &said.contains("its build succeeded"), &true)?;
    Story::expect("builds of the merge:", &story.builds(&commit).await?.len(), &1)?;
    let trained = async |story: &Story| {
        let runs = story.runs().await?;
        Ok(runs.first().filter(|_| runs.len() > before).and_then(|run| run.pipeline_execution_arn.clone()))
    };
    let run = story.until("a run of the merge", trained).await?;
    Story::expect("the run's parameter Commit:", &parameter(story, &run, "Commit").await?, &Some(commit))?;
    Story::expect("the run's parameter Image:", &parameter(story, &run, "Image").await?, &Some(image.to_owned()))?;
    Story::expect("comments on the pull request:", &comments(story, &id).await?.len(), &2)?;
    story.saw(format!("pull request {id} says: {said} The merge is trained, with the image that was pushed")).await
}

/// CodePipeline builds another model's commits, and its end asks for training.
async fn piped(story: &mut Story) -> Result<(), StoryError> {
    story.begin("Somebody pushes to the repository of demand, which CodePipeline builds");
    make(story).await?;
    let file = PutFileEntry::builder().file_path("demand.py").file_content(Blob::new("horizon = 14\n"));
    let call = story.aws.codecommit.create_commit().repository_name("demand-model").branch_name("main");
    let made = call.put_files(file.build().map_err(service)?).send().await.map_err(service)?;
    let commit = made.commit_id.unwrap_or_default();
    let runs = async |story: &Story| {
        let call = story.aws.sagemaker.list_pipeline_executions().pipeline_name("demand-training");
        let runs = call.send().await.map_err(service)?.pipeline_execution_summaries.unwrap_or_default();
        Ok(runs.into_iter().next().and_then(|run| run.pipeline_execution_arn))
    };
    let run = story.until("a run of demand-training", runs).await?;
    Story::expect("the run's parameter Commit:", &parameter(story, &run, "Commit").await?, &Some(commit.clone()))?;
    let call = story.aws.codepipeline.list_pipeline_executions().pipeline_name("demand-integration");
    let executions = call.send().await.map_err(service)?.pipeline_execution_summaries.unwrap_or_default();
    let built: Vec<Option<&str>> = executions
        .iter()
        .flat_map(|execution| execution.source_revisions())
        .map(|revision| revision.revision_id())
        .collect();
    Story::expect("the revisions that were built:", &built, &vec![Some(commit.as_str())])?;
    let ended = async |story: &Story| {
        let ended = story.events("CodePipeline Pipeline Execution State Change").await?;
        Ok(ended.into_iter().find(|event| event.pointer("/detail/state") == Some(&json!("SUCCEEDED"))))
    };
    let ended: Value = story.until("the execution's end", ended).await?;
    let kept = story.ledger.dead_letters().await?;
    let of_end = kept
        .iter()
        .filter(|kept| ended.get("detail-type").is_some_and(|kind| *kind == *kept.entry.detail_type))
        .count();
    Story::expect("events of the execution that were rejected:", &of_end, &0)?;
    story
        .saw(format!("one execution of demand-integration built exactly {commit}, and its run carries the commit"))
        .await
}

/// What the team of demand has made.
async fn make(story: &Story) -> Result<(), StoryError> {
    let aws = &story.aws;
    aws.codecommit.create_repository().repository_name("demand-model").send().await.map_err(service)?;
    let parameter = json!({"Name": "Commit", "Type": "String", "DefaultValue": "none"});
    let definition = json!({"Version": "2020-12-01", "Parameters": [parameter], "Steps": []});
    let call = aws.sagemaker.create_pipeline().pipeline_name("demand-training").role_arn(ROLE);
    let call = call.client_request_token("demand-has-one-pipeline-made-once-for-it");
    call.pipeline_definition(definition.to_string()).send().await.map_err(service)?;
    let action = |category, provider: &str, name: &str| {
        let kind = ActionTypeId::builder().category(category).owner(ActionOwner::Aws).provider(provider).version("1");
        let kind = kind.build().map_err(service)?;
        ActionDeclaration::builder().name(name).action_type_id(kind).build().map_err(service)
    };
    let stage = |name: &str, action| StageDeclaration::builder().name(name).actions(action).build().map_err(service);
    let variable = PipelineVariableDeclaration::builder().name("Commit").default_value("none").build();
    let pipeline = PipelineDeclaration::builder()
        .name("demand-integration")
        .role_arn("arn:aws:iam::123456789012:role/demand-integration")
        .pipeline_type(PipelineType::V2)
        .variables(variable.map_err(service)?)
        .stages(stage("Source", action(ActionCategory::Source, "CodeCommit", "Source")?)?)
        .stages(stage("Build", action(ActionCategory::Build, "CodeBuild", "Test")?)?)
        .build()
        .map_err(service)?;
    aws.codepipeline.create_pipeline().pipeline(pipeline).send().await.map_err(service)?;
    Ok(())
}
