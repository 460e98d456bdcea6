"""What delivers: CodePipeline's executions and CloudFormation's stacks."""

import json

from client import ROLE, control, refused, until


def delivery(name):
    action = lambda category, provider: {
        "name": provider, "actionTypeId": {"category": category, "owner": "AWS", "provider": provider, "version": "1"},
    }
    return {
        "name": name, "roleArn": ROLE, "pipelineType": "V2", "variables": [{"name": "ModelPackageArn"}],
        "artifactStore": {"type": "S3", "location": "artifacts"},
        "stages": [
            {"name": "Source", "actions": [action("Source", "S3")]},
            {"name": "Production", "actions": [action("Deploy", "CloudFormation")]},
        ],
    }


def deliveries(aws):
    codepipeline = aws.codepipeline
    trust = {"Effect": "Allow", "Principal": {"Service": "codepipeline.amazonaws.com"}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    aws.iam.create_role(RoleName="contract", AssumeRolePolicyDocument=document)
    made = codepipeline.create_pipeline(pipeline=delivery(aws.own))["pipeline"]
    assert (made["name"], made["version"]) == (aws.own, 1), made
    found = codepipeline.get_pipeline(name=aws.own)
    assert [stage["name"] for stage in found["pipeline"]["stages"]] == ["Source", "Production"]
    assert found["metadata"]["pipelineArn"].endswith(f":{aws.own}")
    assert [one["name"] for one in codepipeline.list_pipelines()["pipelines"]] == [aws.own]


def executions_of_codepipeline(aws):
    codepipeline = aws.codepipeline
    made = codepipeline.create_pipeline(pipeline=delivery("own"))["pipeline"]
    assert made["variables"] == [{"name": "ModelPackageArn"}], made
    assert codepipeline.get_pipeline(name="own")["pipeline"]["name"] == "own"
    assert [one["name"] for one in codepipeline.list_pipelines()["pipelines"]] == [aws.own, "own"]
    refused(codepipeline.create_pipeline, "PipelineNameInUseException", pipeline=delivery("own"))
    refused(codepipeline.start_pipeline_execution, "PipelineNotFoundException", name="none")
    given = [{"name": "ModelPackageArn", "value": "arn"}]
    refused(
        codepipeline.start_pipeline_execution, "ValidationException", "Other",
        name="own", variables=[{"name": "Other", "value": "x"}],
    )
    run = codepipeline.start_pipeline_execution(name="own", variables=given)["pipelineExecutionId"]
    look = lambda: codepipeline.get_pipeline_execution(pipelineName="own", pipelineExecutionId=run)["pipelineExecution"]
    assert look()["variables"] == [{"name": "ModelPackageArn", "resolvedValue": "arn"}]
    until(lambda: look()["status"], "Succeeded")
    refused(
        codepipeline.get_pipeline_execution, "PipelineExecutionNotFoundException",
        pipelineName="own", pipelineExecutionId="00000000-0000-0000-0000-000000000000",
    )
    listed = codepipeline.list_pipeline_executions(pipelineName="own")["pipelineExecutionSummaries"]
    assert [one["pipelineExecutionId"] for one in listed] == [run]
    revision = dict(actionName="S3", revisionType="COMMIT_ID", revisionValue="c" * 40)
    refused(
        codepipeline.start_pipeline_execution, "ValidationException", "no source action",
        name="own", sourceRevisions=[dict(revision, actionName="CloudFormation")],
    )
    exact = codepipeline.start_pipeline_execution(name="own", variables=given, sourceRevisions=[revision])
    (newest, *_) = codepipeline.list_pipeline_executions(pipelineName="own")["pipelineExecutionSummaries"]
    assert newest["pipelineExecutionId"] == exact["pipelineExecutionId"]
    assert newest["sourceRevisions"] == [{"actionName": "S3", "revisionId": "c" * 40}], newest
    stopped = codepipeline.start_pipeline_execution(name="own")["pipelineExecutionId"]
    codepipeline.stop_pipeline_execution(pipelineName="own", pipelineExecutionId=stopped)
    status = lambda: codepipeline.list_pipeline_executions(pipelineName="own")["pipelineExecutionSummaries"][0]["status"]
    until(status, "Stopped")


def stacks_of_the_emulator(aws):
    cloudformation = aws.cloudformation
    fate = lambda end: control("fate", {"phase": "stacks", "end": end})
    control("pace", {"stacks": 100})
    given = lambda value: [{"ParameterKey": "ModelPackageArn", "ParameterValue": value}]
    call = dict(StackName="own", TemplateURL="https://b.s3.amazonaws.com/t.yaml", RoleARN=ROLE)
    refused(cloudformation.describe_stacks, "ValidationError", "does not exist", StackName="own")
    made = cloudformation.create_stack(**call, Parameters=given("arn:1 & 2"), ClientRequestToken="t-1")["StackId"]
    assert ":stack/own/" in made, made
    refused(cloudformation.create_stack, "AlreadyExistsException", **call, Parameters=given("a"))
    look = lambda: cloudformation.describe_stacks(StackName="own")["Stacks"][0]
    status = lambda: look()["StackStatus"]
    refused(cloudformation.update_stack, "ValidationError", "is in CREATE_IN_PROGRESS state", **call, Parameters=given("b"))
    until(status, "CREATE_COMPLETE")
    assert (look()["Parameters"], look()["RoleARN"], look()["StackId"]) == (given("arn:1 & 2"), ROLE, made), look()
    refused(cloudformation.update_stack, "ValidationError", "No updates are to be performed", **call, Parameters=given("arn:1 & 2"))
    refused(cloudformation.update_stack, "TokenAlreadyExistsException", **call, Parameters=given("b"), ClientRequestToken="t-1")
    cloudformation.update_stack(**call, Parameters=given("b"), ClientRequestToken="t-2")
    until(status, "UPDATE_COMPLETE")
    assert (look()["Parameters"], look()["LastUpdatedTime"] > look()["CreationTime"]) == (given("b"), True), look()
    fate("UPDATE_ROLLBACK_COMPLETE")
    cloudformation.update_stack(**call, Parameters=given("c"))
    until(status, "UPDATE_ROLLBACK_COMPLETE")
    assert look()["Parameters"] == given("b"), "what it was before"
    refused(cloudformation.continue_update_rollback, "ValidationError", "can not continue", StackName="own")
    fate("UPDATE_ROLLBACK_FAILED")
    cloudformation.update_stack(**call, Parameters=given("d"))
    until(status, "UPDATE_ROLLBACK_FAILED")
    refused(cloudformation.update_stack, "ValidationError", "UPDATE_ROLLBACK_FAILED state", **call, Parameters=given("e"))
    cloudformation.continue_update_rollback(StackName="own", RoleARN=ROLE, ClientRequestToken="t-3")
    until(status, "UPDATE_ROLLBACK_COMPLETE")
    cloudformation.delete_stack(StackName="own", RoleARN=ROLE)
    gone = lambda: refused(cloudformation.describe_stacks, "ValidationError", "does not exist", StackName="own")
    def is_gone():
        try:
            return gone() is None
        except AssertionError:
            return False
    until(is_gone, True)
