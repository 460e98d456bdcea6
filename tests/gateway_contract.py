"""Drives the gateway with boto3: botocore must parse every answer, and each answer must have what
its output shape requires. Where moto implements a call, the same steps run against moto too.

Usage: contract.py GATEWAY_URL MOTO_URL
"""

import json
import sys
import time
import urllib.request

import boto3
import botocore.config
from botocore.exceptions import ClientError
from botocore.validate import ParamValidator

GATEWAY, MOTO = sys.argv[1:]
ROLE = "arn:aws:iam::123456789012:role/contract"
# The services that the gateway plays; the others' answers are MiniStack's.
PLAYED = ("sagemaker", "codebuild", "codecommit", "codepipeline", "mwaa", "cloudformation")
# There is no host `env.` before the gateway's.
CONFIG = botocore.config.Config(retries={"total_max_attempts": 1}, inject_host_prefix=False)


class Services:
    """Clients that hold every answer against its output shape, and count them."""

    def __init__(self, name, url):
        # moto stands behind the gateway too: each side makes things under a name of its own.
        self.own, self.url, self.checked = name, url, 0

    def __getattr__(self, name):
        client = boto3.client(
            name.replace("_", "-"),
            endpoint_url=self.url,
            region_name="eu-west-1",
            aws_access_key_id="contract",
            aws_secret_access_key="contract",
            config=CONFIG,
        )
        client.meta.events.register("after-call", self._check)
        setattr(self, name, client)
        return client

    def _check(self, http_response, parsed, model, **_):
        # moto's answers are measured against, not measured: some lack what their shape requires.
        if http_response.status_code >= 300 or model.output_shape is None or self.url == MOTO:
            return
        if model.service_model.service_name not in PLAYED:
            return
        answer = {name: value for name, value in parsed.items() if name != "ResponseMetadata"}
        report = ParamValidator().validate(answer, model.output_shape).generate_report()
        # Lengths bind requests; AWS itself answers with empty lists.
        faults = [line for line in report.splitlines() if line and not line.startswith("Invalid length")]
        assert not faults, f"{model.name}: {faults}\n{answer}"
        self.checked += 1


def refused(call, code, words="", **arguments):
    try:
        call(**arguments)
    except ClientError as error:
        said = error.response["Error"]
        assert said["Code"] == code, said
        assert words in said["Message"], said
    else:
        raise AssertionError(f"{call.__name__} was not refused")


def until(look, wanted, patience=20):
    since = time.monotonic()
    while (found := look()) != wanted:
        assert time.monotonic() - since < patience, f"{found}, not {wanted}"
        time.sleep(0.05)


# ---- What moto has too: the same steps, the same answers.


def a_job(name, **more):
    return dict(
        TrainingJobName=name,
        RoleArn=ROLE,
        AlgorithmSpecification={"TrainingImage": "image", "TrainingInputMode": "File"},
        OutputDataConfig={"S3OutputPath": "s3://bucket/out"},
        ResourceConfig={"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 10},
        StoppingCondition={"MaxRuntimeInSeconds": 60},
        **more,
    )


def training_jobs(aws):
    sagemaker = aws.sagemaker
    name = f"{aws.own}-job"
    arn = sagemaker.create_training_job(**a_job(name, Tags=[{"Key": "owner", "Value": "o"}]))["TrainingJobArn"]
    assert arn.endswith(f":training-job/{name}"), arn
    found = sagemaker.describe_training_job(TrainingJobName=name)
    assert (found["TrainingJobArn"], found["ResourceConfig"]["InstanceType"]) == (arn, "ml.m5.large"), found
    assert found["AlgorithmSpecification"]["TrainingImage"] == "image", found
    assert sagemaker.list_tags(ResourceArn=arn)["Tags"] == [{"Key": "owner", "Value": "o"}]
    sagemaker.add_tags(ResourceArn=arn, Tags=[{"Key": "model", "Value": "m"}])
    assert [tag["Key"] for tag in sagemaker.list_tags(ResourceArn=arn)["Tags"]] == ["owner", "model"]
    refused(sagemaker.describe_training_job, "ValidationException", "ot f", TrainingJobName="none")


def pipelines(aws):
    sagemaker = aws.sagemaker
    definition = json.dumps({"Version": "2020-12-01", "Parameters": [], "Steps": []})
    made = sagemaker.create_pipeline(
        PipelineName=aws.own, PipelineDefinition=definition, RoleArn=ROLE, ClientRequestToken="t" * 32
    )
    assert made["PipelineArn"].endswith(f":pipeline/{aws.own}"), made
    found = sagemaker.describe_pipeline(PipelineName=aws.own)
    assert (found["PipelineName"], json.loads(found["PipelineDefinition"])) == (aws.own, json.loads(definition))
    other = json.dumps({"Version": "2020-12-01", "Parameters": [], "Steps": [], "Metadata": {"Commit": "a"}})
    mark = "Defined by commit " + "a" * 40
    updated = sagemaker.update_pipeline(PipelineName=aws.own, PipelineDefinition=other, PipelineDescription=mark)
    assert updated["PipelineArn"] == made["PipelineArn"], updated
    found = sagemaker.describe_pipeline(PipelineName=aws.own)
    assert (json.loads(found["PipelineDefinition"]), found["PipelineDescription"]) == (json.loads(other), mark), found
    assert found["RoleArn"] == ROLE, "what an update leaves out stays as it is"
    started = sagemaker.start_pipeline_execution(
        PipelineName=aws.own, PipelineExecutionDisplayName="first", ClientRequestToken="a" * 32
    )["PipelineExecutionArn"]
    assert f":pipeline/{aws.own}/execution/" in started
    look = lambda: sagemaker.describe_pipeline_execution(PipelineExecutionArn=started)["PipelineExecutionStatus"]
    until(look, "Succeeded")
    listed = sagemaker.list_pipeline_executions(PipelineName=aws.own)["PipelineExecutionSummaries"]
    assert [run["PipelineExecutionDisplayName"] for run in listed] == ["first"], listed
    sagemaker.delete_pipeline(PipelineName=aws.own, ClientRequestToken="d" * 32)


def serve(aws, name, version):
    """A model and an endpoint configuration of the same name."""
    container = {"Image": f"123456789012.dkr.ecr.eu-west-1.amazonaws.com/serving:{version}"}
    aws.sagemaker.create_model(ModelName=name, ExecutionRoleArn=ROLE, PrimaryContainer=container)
    variant = {
        "VariantName": "AllTraffic", "ModelName": name, "InstanceType": "ml.m5.large", "InitialInstanceCount": 1,
        "InitialVariantWeight": 1.0,
    }
    aws.sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[variant])


def endpoints(aws):
    sagemaker = aws.sagemaker
    serve(aws, f"{aws.own}-1", 1)
    made = sagemaker.create_endpoint(EndpointName=aws.own, EndpointConfigName=f"{aws.own}-1")
    assert made["EndpointArn"].endswith(f":endpoint/{aws.own}"), made
    until(lambda: sagemaker.describe_endpoint(EndpointName=aws.own)["EndpointStatus"], "InService")
    found = sagemaker.describe_endpoint(EndpointName=aws.own)
    assert found["EndpointConfigName"] == f"{aws.own}-1"
    assert [variant["VariantName"] for variant in found["ProductionVariants"]] == ["AllTraffic"]
    refused(sagemaker.describe_endpoint, "ValidationException", "Could not find endpoint", EndpointName="none")
    assert aws.own in [one["EndpointName"] for one in sagemaker.list_endpoints()["Endpoints"]]
    sagemaker.delete_endpoint(EndpointName=aws.own)


def registry(aws):
    sagemaker = aws.sagemaker
    sagemaker.create_model_package_group(ModelPackageGroupName=aws.own)
    container = {"Image": "123456789012.dkr.ecr.eu-west-1.amazonaws.com/serving:1", "ModelDataUrl": "s3://b/m.tar.gz"}
    specification = {"Containers": [container], "SupportedContentTypes": ["text/csv"]}
    arn = sagemaker.create_model_package(
        ModelPackageGroupName=aws.own,
        InferenceSpecification={**specification, "SupportedResponseMIMETypes": ["text/csv"]},
        ModelApprovalStatus="PendingManualApproval",
    )["ModelPackageArn"]
    assert arn.endswith(f":model-package/{aws.own}/1"), arn
    sagemaker.update_model_package(ModelPackageArn=arn, ModelApprovalStatus="Approved")
    found = sagemaker.describe_model_package(ModelPackageName=arn)
    assert (found["ModelApprovalStatus"], found["ModelPackageStatus"]) == ("Approved", "Completed")


PROJECT = {
    "source": {"type": "CODECOMMIT", "location": "https://git-codecommit.eu-west-1.amazonaws.com/v1/repos/any"},
    "artifacts": {"type": "NO_ARTIFACTS"},
    "environment": {"type": "LINUX_CONTAINER", "image": "aws/codebuild/standard:7.0", "computeType": "BUILD_GENERAL1_SMALL"},
    "serviceRole": ROLE,
}


def builds(aws):
    codebuild = aws.codebuild
    assert codebuild.create_project(name=aws.own, **PROJECT)["project"]["name"] == aws.own
    assert [one["name"] for one in codebuild.batch_get_projects(names=[aws.own])["projects"]] == [aws.own]
    build = codebuild.start_build(projectName=aws.own, sourceVersion="c" * 40)["build"]
    assert (build["projectName"], build["sourceVersion"], build["buildStatus"]) == (aws.own, "c" * 40, "IN_PROGRESS")
    until(lambda: codebuild.batch_get_builds(ids=[build["id"]])["builds"][0]["buildStatus"], "SUCCEEDED")
    assert codebuild.list_builds_for_project(projectName=aws.own)["ids"] == [build["id"]]
    refused(codebuild.start_build, "ResourceNotFoundException", "Project cannot be found", projectName="none")


def repositories(aws):
    codecommit = aws.codecommit
    made = codecommit.create_repository(repositoryName=aws.own, repositoryDescription="d")["repositoryMetadata"]
    assert (made["repositoryName"], made["repositoryDescription"]) == (aws.own, "d")
    assert codecommit.get_repository(repositoryName=aws.own)["repositoryMetadata"]["Arn"].endswith(f":{aws.own}")
    refused(codecommit.get_repository, "RepositoryDoesNotExistException", repositoryName="none")
    refused(codecommit.create_repository, "RepositoryNameExistsException", repositoryName=aws.own)


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


def images(aws):
    """The suite reads these, whoever keeps them: MiniStack behind the gateway, or moto."""
    ecr = aws.ecr
    ecr.create_repository(repositoryName=f"{aws.own}-training")
    manifest = lambda text: json.dumps(
        {"schemaVersion": 2, "mediaType": "application/vnd.docker.distribution.manifest.v2+json", "config": {"digest": text}}
    )
    put = lambda text: ecr.put_image(
        repositoryName=f"{aws.own}-training", imageManifest=manifest(text), imageTag="latest"
    )["image"]["imageId"]["imageDigest"]
    there = lambda: ecr.describe_images(repositoryName=f"{aws.own}-training", imageIds=[{"imageTag": "latest"}])
    for text in ("one", "two"):
        digest = put(text)
        (image,) = there()["imageDetails"]
        assert (image["imageDigest"], image["registryId"]) == (digest, "123456789012"), image
        assert len(digest) == len("sha256:") + 64, digest
    refused(ecr.describe_images, "RepositoryNotFoundException", repositoryName="none")


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


# ---- What only the gateway has.


def runs_of_the_gateway(aws):
    sagemaker = aws.sagemaker
    definition = {"Version": "2020-12-01", "Parameters": [{"Name": "Commit", "Type": "String", "DefaultValue": "-"}], "Steps": []}
    start = dict(PipelineName="own", PipelineExecutionDisplayName="one", ClientRequestToken="a" * 40)
    refused(sagemaker.start_pipeline_execution, "ResourceNotFound", "does not exist", **start)
    sagemaker.create_pipeline(
        PipelineName="own", PipelineDefinition=json.dumps(definition), RoleArn=ROLE, ClientRequestToken="t" * 32
    )
    given = [{"Name": "Commit", "Value": "c" * 40}]
    first = sagemaker.start_pipeline_execution(**start, PipelineParameters=given)["PipelineExecutionArn"]
    again = sagemaker.start_pipeline_execution(**start, PipelineParameters=given)["PipelineExecutionArn"]
    assert first == again, "the same token is the same run"
    parameters = sagemaker.list_pipeline_parameters_for_execution(PipelineExecutionArn=first)["PipelineParameters"]
    assert parameters == given, parameters
    unknown = [{"Name": "Branch", "Value": "x"}]
    other = dict(start, ClientRequestToken="b" * 40, PipelineParameters=unknown)
    refused(sagemaker.start_pipeline_execution, "ValidationException", "Branch", **other)
    second = sagemaker.start_pipeline_execution(PipelineName="own", ClientRequestToken="c" * 40)["PipelineExecutionArn"]
    sagemaker.stop_pipeline_execution(PipelineExecutionArn=second, ClientRequestToken="s" * 32)
    status = lambda arn: sagemaker.describe_pipeline_execution(PipelineExecutionArn=arn)["PipelineExecutionStatus"]
    until(lambda: status(second), "Stopped")
    until(lambda: status(first), "Succeeded")
    listed = sagemaker.list_pipeline_executions(PipelineName="own", MaxResults=1)
    assert [run["PipelineExecutionArn"] for run in listed["PipelineExecutionSummaries"]] == [second], "newest first"
    rest = sagemaker.list_pipeline_executions(PipelineName="own", MaxResults=1, NextToken=listed["NextToken"])
    assert [run["PipelineExecutionArn"] for run in rest["PipelineExecutionSummaries"]] == [first]
    assert "NextToken" not in rest


CANARY = {
    "BlueGreenUpdatePolicy": {
        "TrafficRoutingConfiguration": {
            "Type": "CANARY", "CanarySize": {"Type": "CAPACITY_PERCENT", "Value": 10}, "WaitIntervalInSeconds": 600,
        },
    },
    "AutoRollbackConfiguration": {"Alarms": [{"AlarmName": "canary"}]},
}


def updates_of_the_gateway(aws):
    sagemaker, cloudwatch = aws.sagemaker, aws.cloudwatch
    for version in (1, 2):
        serve(aws, f"own-{version}", version)
    create = dict(EndpointName="Own", EndpointConfigName="own-1")
    refused(sagemaker.update_endpoint, "ValidationException", "Could not find endpoint", **create)
    missing = dict(create, EndpointConfigName="none")
    refused(sagemaker.create_endpoint, "ValidationException", "Could not find endpoint configuration", **missing)
    sagemaker.create_endpoint(**create)
    refused(sagemaker.create_endpoint, "ValidationException", "Cannot create already existing endpoint", **create)
    update = dict(create, EndpointConfigName="own-2")
    refused(sagemaker.update_endpoint, "ValidationException", "Cannot update in-progress endpoint", **update)
    look = lambda: sagemaker.describe_endpoint(EndpointName="Own")
    until(lambda: look()["EndpointStatus"], "InService")

    sagemaker.update_endpoint(**update, DeploymentConfig=CANARY)
    pending = look()
    assert (pending["EndpointStatus"], pending["EndpointConfigName"]) == ("Updating", "own-1"), pending
    assert pending["PendingDeploymentSummary"]["EndpointConfigName"] == "own-2"
    until(lambda: look()["EndpointStatus"], "InService")
    assert look()["EndpointConfigName"] == "own-2"

    sagemaker.update_endpoint(EndpointName="Own", EndpointConfigName="own-1", RetainDeploymentConfig=True)
    assert look()["LastDeploymentConfig"] == CANARY, "retained"
    cloudwatch.put_metric_alarm(
        AlarmName="canary", Namespace="AWS/SageMaker", MetricName="Invocation5XXErrors", Statistic="Sum", Period=60,
        EvaluationPeriods=1, Threshold=0, ComparisonOperator="GreaterThanThreshold",
    )
    cloudwatch.put_metric_data(Namespace="AWS/SageMaker", MetricData=[{"MetricName": "Invocation5XXErrors", "Value": 9}])
    until(lambda: look()["EndpointStatus"], "InService")
    found = look()
    assert (found["EndpointConfigName"], "canary" in found["FailureReason"]) == ("own-2", True), found

    cloudwatch.set_alarm_state(AlarmName="canary", StateValue="OK", StateReason="over")
    sagemaker.update_endpoint(EndpointName="Own", EndpointConfigName="own-1")
    assert "LastDeploymentConfig" not in look(), "neither sent nor retained: dropped"
    until(lambda: look()["EndpointStatus"], "InService")
    for call, arguments in (
        (sagemaker.create_model, dict(ModelName="own-1", ExecutionRoleArn=ROLE)),
        (sagemaker.create_endpoint_config, dict(EndpointConfigName="own-1", ProductionVariants=[
            {"VariantName": "AllTraffic", "ModelName": "own-1", "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}])),
    ):
        refused(call, "ValidationException", "Cannot create already existing", **arguments)


SHAPES = {
    "serverless": [{"VariantName": "AllTraffic", "ServerlessConfig": {"MemorySizeInMB": 2048, "MaxConcurrency": 5}}],
    "two": [
        {"VariantName": name, "InstanceType": "ml.m5.large", "InitialInstanceCount": 1, "InitialVariantWeight": weight}
        for name, weight in (("AllTraffic", 0.8), ("Challenger", 0.2))
    ],
}
LINEAR = {
    "BlueGreenUpdatePolicy": {
        "TrafficRoutingConfiguration": {
            "Type": "LINEAR", "LinearStepSize": {"Type": "CAPACITY_PERCENT", "Value": 50}, "WaitIntervalInSeconds": 300,
        },
    },
}
ROLLING = {"RollingUpdatePolicy": {"MaximumBatchSize": {"Type": "CAPACITY_PERCENT", "Value": 50}, "WaitIntervalInSeconds": 60}}


def shapes_of_the_gateway(aws):
    """What configurations hold comes back, and updates go by every policy."""
    sagemaker = aws.sagemaker
    serve(aws, "shape", 1)
    one = [{"VariantName": "AllTraffic", "ModelName": "shape", "InstanceType": "ml.m5.large", "InitialInstanceCount": 1,
            "InitialVariantWeight": 1.0}]
    shadow = [dict(one[0], VariantName="Shadow", InitialVariantWeight=0.5)]
    sagemaker.create_endpoint_config(EndpointConfigName="shadowed", ProductionVariants=one, ShadowProductionVariants=shadow)
    kept = sagemaker.describe_endpoint_config(EndpointConfigName="shadowed")["ShadowProductionVariants"]
    assert [(variant["VariantName"], variant["InitialVariantWeight"]) for variant in kept] == [("Shadow", 0.5)], kept
    output = {"OutputConfig": {"S3OutputPath": "s3://b/out"}, "ClientConfig": {"MaxConcurrentInvocationsPerInstance": 4}}
    sagemaker.create_endpoint_config(EndpointConfigName="later", ProductionVariants=one, AsyncInferenceConfig=output)
    assert sagemaker.describe_endpoint_config(EndpointConfigName="later")["AsyncInferenceConfig"] == output
    for name, variants in SHAPES.items():
        sagemaker.create_endpoint_config(
            EndpointConfigName=name, ProductionVariants=[dict(variant, ModelName="shape") for variant in variants]
        )
    look = lambda: sagemaker.describe_endpoint(EndpointName="shaped")
    rests = lambda: until(lambda: look()["EndpointStatus"], "InService")
    sagemaker.create_endpoint(EndpointName="shaped", EndpointConfigName="serverless")
    rests()
    assert look()["ProductionVariants"][0]["CurrentServerlessConfig"]["MemorySizeInMB"] == 2048, look()
    for config, policy in (("shape", LINEAR), ("later", ROLLING)):
        sagemaker.update_endpoint(EndpointName="shaped", EndpointConfigName=config, DeploymentConfig=policy)
        assert look()["LastDeploymentConfig"] == policy
        rests()
        assert look()["EndpointConfigName"] == config
    sagemaker.update_endpoint(EndpointName="shaped", EndpointConfigName="shadowed")
    rests()
    assert [variant["VariantName"] for variant in look()["ShadowProductionVariants"]] == ["Shadow"], look()
    two = dict(EndpointName="shaped", EndpointConfigName="two")
    refused(sagemaker.update_endpoint, "ValidationException", "same variant names", **two, DeploymentConfig=CANARY)
    sagemaker.update_endpoint(**two)
    rests()
    assert [(variant["VariantName"], variant["CurrentWeight"]) for variant in look()["ProductionVariants"]] == [
        ("AllTraffic", 0.8), ("Challenger", 0.2)], look()
    assert "ShadowProductionVariants" not in look()


def stacks_of_the_gateway(aws):
    cloudformation = aws.cloudformation
    fate = lambda end: requests("fate", {"phase": "stacks", "end": end})
    requests("pace", {"stacks": 100})
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


def requests(control, body):
    from urllib.request import Request, urlopen

    urlopen(Request(f"{GATEWAY}/_trimtab/{control}", json.dumps(body).encode(), {"content-type": "application/json"}))


def schedules(aws):
    """Scheduled actions are moto's: the suite's puts repeat, and what is gone is not found."""
    scaling = aws.application_autoscaling
    name = f"endpoint/{aws.own}/variant/AllTraffic"
    of = dict(ServiceNamespace="sagemaker", ResourceId=name, ScalableDimension="sagemaker:variant:DesiredInstanceCount")
    limits = {"MinCapacity": 2, "MaxCapacity": 4}
    for _ in range(2):
        scaling.put_scheduled_action(
            **of, ScheduledActionName="trimtab-night", Schedule="cron(0 20 ? * * *)", Timezone="Europe/Paris",
            ScalableTargetAction=limits,
        )
    listed = scaling.describe_scheduled_actions(**of)["ScheduledActions"]
    assert [(one["ScheduledActionName"], one["ScalableTargetAction"]) for one in listed] == [("trimtab-night", limits)], listed
    scaling.delete_scheduled_action(**of, ScheduledActionName="trimtab-night")
    assert scaling.describe_scheduled_actions(**of)["ScheduledActions"] == []


def registry_of_the_gateway(aws):
    arn = "arn:aws:sagemaker:eu-west-1:123456789012:model-package/none/1"
    refused(aws.sagemaker.describe_model_package, "ValidationException", "does not exist", ModelPackageName=arn)
    mine = "arn:aws:sagemaker:eu-west-1:123456789012:model-package/gateway/1"
    aws.sagemaker.update_model_package(ModelPackageArn=mine, CustomerMetadataProperties={"team": "a"})
    found = aws.sagemaker.describe_model_package(ModelPackageName=mine)
    assert found["ModelApprovalStatus"] == "Approved", "what an update leaves out stays as it is"


def tokens_of_codebuild(aws):
    codebuild = aws.codebuild
    codebuild.create_project(name="own", **PROJECT)
    variables = [{"name": "TRIMTAB_MODEL", "value": "churn", "type": "PLAINTEXT"}]
    start = dict(projectName="own", sourceVersion="a" * 40, idempotencyToken="t", environmentVariablesOverride=variables)
    first, again = (codebuild.start_build(**start)["build"] for _ in range(2))
    assert first["id"] == again["id"], "the same token and request are the same build"
    assert first["environment"]["environmentVariables"] == variables
    refused(codebuild.start_build, "InvalidInputException", "token", **dict(start, sourceVersion="b" * 40))
    codebuild.stop_build(id=first["id"])
    until(lambda: codebuild.batch_get_builds(ids=[first["id"]])["builds"][0]["buildStatus"], "STOPPED")
    gone = codebuild.batch_get_builds(ids=["own:none"])
    assert (gone["builds"], gone["buildsNotFound"]) == ([], ["own:none"])


def branches_of_codecommit(aws):
    codecommit = aws.codecommit
    put = lambda text, **more: codecommit.create_commit(
        repositoryName="gateway", branchName="main", putFiles=[{"filePath": "f", "fileContent": text}], **more
    )["commitId"]
    refused(codecommit.get_branch, "BranchDoesNotExistException", repositoryName="gateway", branchName="main")
    first = put(b"1")
    refused(put, "ParentCommitIdRequiredException", text=b"2")
    second = put(b"2", parentCommitId=first)
    refused(put, "ParentCommitIdOutdatedException", text=b"3", parentCommitId=first)
    head = codecommit.get_branch(repositoryName="gateway", branchName="main")["branch"]["commitId"]
    assert (head, len(head)) == (second, 40)
    assert codecommit.get_commit(repositoryName="gateway", commitId=second)["commit"]["parents"] == [first]
    refused(codecommit.get_commit, "CommitIdDoesNotExistException", repositoryName="gateway", commitId="0" * 40)
    file = lambda commit, path: codecommit.get_file(repositoryName="gateway", commitSpecifier=commit, filePath=path)
    assert [file(commit, "f")["fileContent"] for commit in (first, second)] == [b"1", b"2"], "each commit has its own"
    assert (file(first, "f")["commitId"], file(first, "f")["fileSize"]) == (first, 1)
    refused(file, "FileDoesNotExistException", commit=first, path="g")
    refused(file, "CommitDoesNotExistException", commit="0" * 40, path="f")
    codecommit.create_branch(repositoryName="gateway", branchName="b", commitId=first)
    gone = codecommit.delete_branch(repositoryName="gateway", branchName="b")["deletedBranch"]
    assert gone == {"branchName": "b", "commitId": first}
    codecommit.create_branch(repositoryName="gateway", branchName="b", commitId=first)
    target = {"repositoryName": "gateway", "sourceReference": "b", "destinationReference": "main"}
    made = codecommit.create_pull_request(title="t", targets=[target])["pullRequest"]
    own = made["pullRequestId"]
    assert codecommit.get_pull_request(pullRequestId=own)["pullRequest"]["pullRequestTargets"][0]["sourceCommit"] == first
    assert codecommit.list_pull_requests(repositoryName="gateway", pullRequestStatus="OPEN")["pullRequestIds"] == [own]
    refused(codecommit.get_pull_request, "PullRequestDoesNotExistException", pullRequestId="99")
    said = dict(pullRequestId=own, repositoryName="gateway", beforeCommitId=second, afterCommitId=first, content="c")
    once = codecommit.post_comment_for_pull_request(clientRequestToken="1", **said)["comment"]["commentId"]
    assert codecommit.post_comment_for_pull_request(clientRequestToken="1", **said)["comment"]["commentId"] == once
    refused(codecommit.post_comment_for_pull_request, "CommitDoesNotExistException", **{**said, "afterCommitId": "0" * 40})
    there = codecommit.get_comments_for_pull_request(pullRequestId=own)["commentsForPullRequestData"]
    assert [one["comments"][0]["commentId"] for one in there] == [once]
    codecommit.create_branch(repositoryName="gateway", branchName="c", commitId=first)
    other = codecommit.create_pull_request(title="u", targets=[dict(target, sourceReference="c")])["pullRequest"]
    named = dict(pullRequestId=other["pullRequestId"], repositoryName="gateway")
    merged = codecommit.merge_pull_request_by_three_way(**named)["pullRequest"]
    (aim,) = merged["pullRequestTargets"]
    assert (merged["pullRequestStatus"], aim["sourceCommit"], aim["destinationCommit"]) == ("CLOSED", first, second)
    metadata = aim["mergeMetadata"]
    assert (metadata["isMerged"], metadata["mergeOption"]) == (True, "THREE_WAY_MERGE"), metadata
    joined = codecommit.get_commit(repositoryName="gateway", commitId=metadata["mergeCommitId"])["commit"]
    assert joined["parents"] == [second, first], "the destination first"
    main = codecommit.get_branch(repositoryName="gateway", branchName="main")["branch"]["commitId"]
    assert main == metadata["mergeCommitId"]
    refused(codecommit.merge_pull_request_by_fast_forward, "PullRequestAlreadyClosedException", **named)
    shut = codecommit.update_pull_request_status(pullRequestId=own, pullRequestStatus="CLOSED")["pullRequest"]
    assert shut["pullRequestStatus"] == "CLOSED"
    assert codecommit.list_pull_requests(repositoryName="gateway", pullRequestStatus="OPEN")["pullRequestIds"] == []


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


def stops_of_training_jobs(aws):
    sagemaker = aws.sagemaker
    sagemaker.create_training_job(**a_job("to-stop"))
    refused(sagemaker.create_training_job, "ResourceInUse", "already exists", **a_job("to-stop"))
    status = lambda: sagemaker.describe_training_job(TrainingJobName="to-stop")["TrainingJobStatus"]
    assert status() == "InProgress"
    sagemaker.stop_training_job(TrainingJobName="to-stop")
    refused(sagemaker.stop_training_job, "ValidationException", "in status Stop", TrainingJobName="to-stop")
    until(status, "Stopped")
    refused(sagemaker.stop_training_job, "ValidationException", "not found", TrainingJobName="none")


def lineage_of_the_gateway(aws):
    sagemaker = aws.sagemaker
    uri = {"SourceUri": "codecommit://churn-model/" + "c" * 40}
    commit = sagemaker.create_artifact(ArtifactName="own-commit", ArtifactType="Commit", Source=uri)["ArtifactArn"]
    refused(
        sagemaker.create_artifact, "ValidationException", "already exists",
        ArtifactName="own-other", ArtifactType="Commit", Source=uri,
    )
    run = {"SourceUri": "arn:aws:sagemaker:eu-west-1:123456789012:pipeline/own/execution/1"}
    action = sagemaker.create_action(ActionName="own-run", ActionType="TrainingRun", Source=run, Status="InProgress")
    action = action["ActionArn"]
    sagemaker.create_context(ContextName="own-incident", ContextType="Incident", Source={"SourceUri": "trimtab:x"})
    refused(sagemaker.describe_action, "ResourceNotFound", "does not exist", ActionName="none")
    assert sagemaker.describe_context(ContextName="own-incident")["ContextType"] == "Incident"
    found = sagemaker.list_artifacts(SourceUri=uri["SourceUri"], ArtifactType="Commit")["ArtifactSummaries"]
    assert [artifact["ArtifactArn"] for artifact in found] == [commit], found
    link = {"SourceArn": commit, "DestinationArn": action}
    assert sagemaker.list_associations(**link)["AssociationSummaries"] == []
    sagemaker.add_association(**link, AssociationType="ContributedTo")
    refused(sagemaker.add_association, "ValidationException", "already exists", **link)
    refused(sagemaker.add_association, "ResourceNotFound", "does not exist", **{**link, "SourceArn": commit + "0"})
    (there,) = sagemaker.list_associations(**link)["AssociationSummaries"]
    assert (there["AssociationType"], there["DestinationType"]) == ("ContributedTo", "TrainingRun"), there
    sagemaker.update_action(ActionName="own-run", Status="Completed")
    assert sagemaker.describe_action(ActionName="own-run")["Status"] == "Completed"


def a_definition(name, kind, baseline, **specification):
    endpoint = {"EndpointInput": {"EndpointName": "own", "LocalPath": "/opt/ml/processing/input/endpoint"}}
    place = {"S3Output": {"S3Uri": "s3://bucket/reports", "LocalPath": "/opt/ml/processing/output"}}
    cluster = {"InstanceCount": 1, "InstanceType": "ml.m5.xlarge", "VolumeSizeInGB": 30}
    truth = {"GroundTruthS3Input": {"S3Uri": "s3://bucket/labels"}} if kind in ("ModelQuality", "ModelBias") else {}
    return {
        "JobDefinitionName": name, "RoleArn": ROLE, "JobResources": {"ClusterConfig": cluster},
        "StoppingCondition": {"MaxRuntimeInSeconds": 1800},
        f"{kind}BaselineConfig": baseline, f"{kind}AppSpecification": {"ImageUri": "image", **specification},
        f"{kind}JobInput": {**endpoint, **truth}, f"{kind}JobOutputConfig": {"MonitoringOutputs": [place]},
    }


KINDS = {
    "DataQuality": ("data_quality", {}),
    "ModelQuality": ("model_quality", {"ProblemType": "BinaryClassification"}),
    "ModelBias": ("model_bias", {"ConfigUri": "s3://bucket/config.json"}),
    "ModelExplainability": ("model_explainability", {"ConfigUri": "s3://bucket/config.json"}),
}


def definitions(aws):
    for kind, (word, specification) in KINDS.items():
        call = lambda verb: getattr(aws.sagemaker, f"{verb}_{word}_job_definition")
        name, constraints = f"{aws.own}-{word}".replace("_", "-"), {"ConstraintsResource": {"S3Uri": "s3://bucket/c.json"}}
        made = a_definition(name, kind, constraints, **specification)
        assert call("create")(**made)["JobDefinitionArn"].endswith(f"-job-definition/{name}")
        found = call("describe")(JobDefinitionName=name)
        assert found[f"{kind}BaselineConfig"] == constraints, found
        call("delete")(JobDefinitionName=name)
        try:
            call("describe")(JobDefinitionName=name)
        except ClientError:
            continue
        raise AssertionError(f"{name} is still there")


def processing_jobs(aws):
    sagemaker = aws.sagemaker
    cluster = {"InstanceCount": 1, "InstanceType": "ml.m5.xlarge", "VolumeSizeInGB": 30}
    job = dict(
        ProcessingJobName=f"{aws.own}-baseline", RoleArn=ROLE, AppSpecification={"ImageUri": "image"},
        ProcessingResources={"ClusterConfig": cluster}, Environment={"output_path": "/opt/ml/processing/output"},
    )
    arn = sagemaker.create_processing_job(**job)["ProcessingJobArn"]
    look = lambda: sagemaker.describe_processing_job(ProcessingJobName=job["ProcessingJobName"])
    until(lambda: look()["ProcessingJobStatus"], "Completed")
    assert (look()["ProcessingJobArn"], look()["AppSpecification"]["ImageUri"]) == (arn, "image")
    assert job["ProcessingJobName"] in [one["ProcessingJobName"] for one in sagemaker.list_processing_jobs()["ProcessingJobSummaries"]]
    refused(sagemaker.describe_processing_job, "ValidationException", "ot f", ProcessingJobName="none")


def ends_of_processing_jobs(aws):
    sagemaker = aws.sagemaker
    cluster = {"InstanceCount": 1, "InstanceType": "ml.m5.xlarge", "VolumeSizeInGB": 30}
    job = dict(
        ProcessingJobName="to-stop", RoleArn=ROLE, AppSpecification={"ImageUri": "image"},
        ProcessingResources={"ClusterConfig": cluster}, Tags=[{"Key": "owner", "Value": "o"}],
    )
    arn = sagemaker.create_processing_job(**job)["ProcessingJobArn"]
    refused(sagemaker.create_processing_job, "ResourceInUse", "already exists", **job)
    assert sagemaker.list_tags(ResourceArn=arn)["Tags"] == job["Tags"]
    sagemaker.stop_processing_job(ProcessingJobName="to-stop")
    refused(sagemaker.stop_processing_job, "ValidationException", "in status Stop", ProcessingJobName="to-stop")
    until(lambda: sagemaker.describe_processing_job(ProcessingJobName="to-stop")["ProcessingJobStatus"], "Stopped")


def control(what, body):
    data = json.dumps(body).encode()
    request = urllib.request.Request(f"{GATEWAY}/_trimtab/{what}", data, {"content-type": "application/json"})
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    return json.loads(opener.open(request).read())


def schedules_of_the_gateway(aws):
    sagemaker = aws.sagemaker
    look = lambda: sagemaker.describe_monitoring_schedule(MonitoringScheduleName="own-bias")
    refused(sagemaker.describe_monitoring_schedule, "ResourceNotFound", "does not exist", MonitoringScheduleName="none")
    for name in ("own-1", "own-2"):
        constraints = {"ConstraintsResource": {"S3Uri": "s3://bucket/c.json"}}
        made = a_definition(name, "ModelBias", constraints, ConfigUri="s3://bucket/config.json")
        sagemaker.create_model_bias_job_definition(**made)
        refused(sagemaker.create_model_bias_job_definition, "ResourceInUse", "lready exists", **made)
    config = lambda definition: {
        "MonitoringJobDefinitionName": definition, "MonitoringType": "ModelBias",
        "ScheduleConfig": {"ScheduleExpression": "cron(0 * ? * * *)"},
    }
    create = dict(MonitoringScheduleName="own-bias", MonitoringScheduleConfig=config("own-1"))
    missing = dict(create, MonitoringScheduleConfig=config("none"))
    refused(sagemaker.create_monitoring_schedule, "ValidationException", "Could not find", **missing)
    arn = sagemaker.create_monitoring_schedule(**create)["MonitoringScheduleArn"]
    refused(sagemaker.create_monitoring_schedule, "ResourceInUse", "already exists", **create)
    assert (look()["MonitoringScheduleStatus"], look()["EndpointName"]) == ("Pending", "own")
    update = dict(create, MonitoringScheduleConfig=config("own-2"))
    refused(sagemaker.update_monitoring_schedule, "ValidationException", "Pending", **update)
    until(lambda: look()["MonitoringScheduleStatus"], "Scheduled")
    sagemaker.update_monitoring_schedule(**update)
    assert look()["MonitoringScheduleConfig"] == config("own-2"), "at once"
    until(lambda: look()["MonitoringScheduleStatus"], "Scheduled")
    job = control("monitoring", {"schedule": "own-bias", "status": "CompletedWithViolations"})["ProcessingJobName"]
    found = sagemaker.describe_processing_job(ProcessingJobName=job)
    assert (found["MonitoringScheduleArn"], found["ProcessingJobStatus"]) == (arn, "Completed"), found
    assert found["ExitMessage"].startswith("CompletedWithViolations"), found
    assert found["ProcessingOutputConfig"]["Outputs"][0]["S3Output"]["S3Uri"] == "s3://bucket/reports", found
    (run,) = sagemaker.list_monitoring_executions(MonitoringScheduleName="own-bias")["MonitoringExecutionSummaries"]
    assert (run["MonitoringExecutionStatus"], run["ProcessingJobArn"]) == ("CompletedWithViolations", found["ProcessingJobArn"])
    assert look()["LastMonitoringExecutionSummary"]["MonitoringExecutionStatus"] == "CompletedWithViolations"
    assert sagemaker.list_monitoring_executions(StatusEquals="Failed")["MonitoringExecutionSummaries"] == []
    (listed,) = sagemaker.list_monitoring_schedules(EndpointName="own")["MonitoringScheduleSummaries"]
    assert listed["MonitoringScheduleName"] == "own-bias"
    sagemaker.stop_monitoring_schedule(MonitoringScheduleName="own-bias")
    assert look()["MonitoringScheduleStatus"] == "Stopped"
    sagemaker.delete_monitoring_schedule(MonitoringScheduleName="own-bias")
    refused(sagemaker.delete_monitoring_schedule, "ResourceNotFound", "does not exist", MonitoringScheduleName="own-bias")


def airflow_behind_mwaa(aws):
    refused(aws.mwaa.get_environment, "ResourceNotFoundException", Name="none")
    control("airflow", {"environment": "own", "dag": "own_dag"})
    assert aws.mwaa.get_environment(Name="own")["Environment"]["Status"] == "AVAILABLE"
    call = lambda **more: aws.mwaa.invoke_rest_api(Name="own", **more)
    runs = "/dags/own_dag/dagRuns"
    body = {"dag_run_id": "drift-1", "logical_date": "2026-11-20T12:00:00.250Z", "conf": {"incident": "own-drift-1"}}
    made = call(Method="POST", Path=runs, Body=body)
    assert (made["RestApiStatusCode"], made["RestApiResponse"]["conf"]) == (200, body["conf"]), made

    def answers(status, **more):
        try:
            call(**more)
        except aws.mwaa.exceptions.RestApiClientException as error:
            assert error.response["RestApiStatusCode"] == status, error.response
            return error.response["RestApiResponse"]["detail"]
        raise AssertionError(f"{more} was not refused")

    answers(409, Method="POST", Path=runs, Body=body)
    answers(409, Method="POST", Path=runs, Body={**body, "dag_run_id": "drift-2"})
    answers(422, Method="POST", Path=runs, Body={"dag_run_id": "drift-3"})
    assert "not found" in answers(404, Method="POST", Path="/dags/none/dagRuns", Body=body)
    assert "not found" in answers(404, Method="GET", Path=f"{runs}/none")
    refused(call, "ValidationException", "64", Method="GET", Path="/" + "x" * 64)
    refused(aws.mwaa.invoke_rest_api, "ResourceNotFoundException", Name="none", Method="GET", Path=runs)
    until(lambda: call(Method="GET", Path=f"{runs}/drift-1")["RestApiResponse"]["state"], "success")
    assert call(Method="GET", Path=runs)["RestApiResponse"]["total_entries"] == 1


def accounts_of_the_gateway(aws):
    """Credentials of a role belong to its account: endpoints of one name are two."""
    role = "arn:aws:iam::210987654321:role/trimtab-stage-contract"
    keys = aws.sts.assume_role(RoleArn=role, RoleSessionName="contract", ExternalId="x-1")["Credentials"]
    there = boto3.client(
        "sagemaker", endpoint_url=aws.url, region_name="eu-west-1", aws_access_key_id=keys["AccessKeyId"],
        aws_secret_access_key=keys["SecretAccessKey"], aws_session_token=keys["SessionToken"], config=CONFIG,
    )
    create = dict(EndpointName="Own", EndpointConfigName="own-1")
    refused(there.describe_endpoint, "ValidationException", "Could not find endpoint", EndpointName="Own")
    assert there.create_endpoint(**create)["EndpointArn"] == "arn:aws:sagemaker:eu-west-1:210987654321:endpoint/own"
    until(lambda: there.describe_endpoint(EndpointName="Own")["EndpointStatus"], "InService")
    assert "123456789012" in aws.sagemaker.describe_endpoint(EndpointName="Own")["EndpointArn"]
    assert there.list_endpoints()["Endpoints"] != aws.sagemaker.list_endpoints()["Endpoints"]
    there.delete_endpoint(EndpointName="Own")
    assert there.describe_endpoint(EndpointName="Own")["EndpointStatus"] == "Deleting"
    refused(there.create_endpoint, "ValidationException", "Cannot create already existing endpoint", **create)
    until(lambda: [one["EndpointName"] for one in there.list_endpoints()["Endpoints"]], [])


def invocations_of_the_gateway(aws):
    asked = dict(Body=b"1,2", ContentType="text/csv")
    answer = aws.sagemaker_runtime.invoke_endpoint(EndpointName="Own", **asked)
    assert (answer["Body"].read(), answer["InvokedProductionVariant"]) == (b"0.27\n", "AllTraffic"), answer
    refused(aws.sagemaker_runtime.invoke_endpoint, "ValidationError", "not found", EndpointName="none", **asked)


def life_cycles_of_the_gateway(aws):
    mine = "arn:aws:sagemaker:eu-west-1:123456789012:model-package/gateway/1"
    stage = {"Stage": "Staging", "StageStatus": "Approved"}
    aws.sagemaker.update_model_package(ModelPackageArn=mine, ModelLifeCycle=stage)
    found = aws.sagemaker.describe_model_package(ModelPackageName=mine)
    assert (found["ModelLifeCycle"], found["ModelApprovalStatus"]) == (stage, "Approved"), found


SHARED = [
    training_jobs, pipelines, endpoints, registry, builds, repositories, images, deliveries, definitions, processing_jobs, schedules,
]
OWN = [
    runs_of_the_gateway, updates_of_the_gateway, registry_of_the_gateway, tokens_of_codebuild, branches_of_codecommit,
    executions_of_codepipeline, stops_of_training_jobs, lineage_of_the_gateway,
    ends_of_processing_jobs, schedules_of_the_gateway, airflow_behind_mwaa, shapes_of_the_gateway, stacks_of_the_gateway,
    accounts_of_the_gateway, invocations_of_the_gateway, life_cycles_of_the_gateway,
]

for name, url, steps in (("moto", MOTO, SHARED), ("gateway", GATEWAY, SHARED + OWN)):
    services = Services(name, url)
    for step in steps:
        try:
            step(services)
        except Exception:
            print(f"{name}: {step.__name__}", file=sys.stderr)
            raise
    print(f"{name}: all steps hold; {services.checked} answers held against their shapes")
