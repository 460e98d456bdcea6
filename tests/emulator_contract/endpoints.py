"""Endpoints: created, updated by every policy, scaled on a schedule, invoked, and separated by account."""

import boto3

from client import CONFIG, ROLE, control, refused, until


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


CANARY = {
    "BlueGreenUpdatePolicy": {
        "TrafficRoutingConfiguration": {
            "Type": "CANARY", "CanarySize": {"Type": "CAPACITY_PERCENT", "Value": 10}, "WaitIntervalInSeconds": 600,
        },
    },
    "AutoRollbackConfiguration": {"Alarms": [{"AlarmName": "canary"}]},
}


def updates_of_the_emulator(aws):
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
        for name, weight in (("AllTraffic", 0.8), ("Tested", 0.2))
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


def shapes_of_the_emulator(aws):
    """What configurations hold comes back, and updates go by every policy."""
    sagemaker = aws.sagemaker
    serve(aws, "shape", 1)
    one = [{"VariantName": "AllTraffic", "ModelName": "shape", "InstanceType": "ml.m5.large", "InitialInstanceCount": 1,
            "InitialVariantWeight": 1.0}]
    shadow = [dict(one[0], VariantName="Shadow", InitialVariantWeight=0.5)]
    sagemaker.create_endpoint_config(EndpointConfigName="shadowed", ProductionVariants=one, ShadowProductionVariants=shadow)
    variants = sagemaker.describe_endpoint_config(EndpointConfigName="shadowed")["ShadowProductionVariants"]
    assert [(variant["VariantName"], variant["InitialVariantWeight"]) for variant in variants] == [("Shadow", 0.5)], variants
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
        ("AllTraffic", 0.8), ("Tested", 0.2)], look()
    assert "ShadowProductionVariants" not in look()


def schedules(aws):
    """Scheduled actions are moto's: a put can be repeated, and a deleted action is not found."""
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


def by_a_role(aws, account):
    """SageMaker as a role of this account sees it."""
    role = f"arn:aws:iam::{account}:role/trimtab-stage-contract"
    keys = aws.sts.assume_role(RoleArn=role, RoleSessionName="contract", ExternalId="x-1")["Credentials"]
    return boto3.client(
        "sagemaker", endpoint_url=aws.url, region_name="eu-west-1", aws_access_key_id=keys["AccessKeyId"],
        aws_secret_access_key=keys["SecretAccessKey"], aws_session_token=keys["SessionToken"], config=CONFIG,
    )


def accounts_of_the_emulator(aws):
    """Credentials of a role belong to its account: endpoints of one name are two."""
    there = by_a_role(aws, "210987654321")
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


def faults_of_the_emulator(aws):
    """A fault is injected into AssumeRole, and into the calls with that role."""
    there = by_a_role(aws, "123456789012")
    for call in (lambda **_: by_a_role(aws, "123456789012"), there.describe_endpoint):
        control("fault", {"principal": "contract", "call": 0, "kind": "throttled", "times": 1})
        refused(call, "ThrottlingException", "injected", EndpointName="Own")
        assert call(EndpointName="Own")


def invocations_of_the_emulator(aws):
    asked = dict(Body=b"1,2", ContentType="text/csv")
    answer = aws.sagemaker_runtime.invoke_endpoint(EndpointName="Own", **asked)
    assert (answer["Body"].read(), answer["InvokedProductionVariant"]) == (b"0.27\n", "AllTraffic"), answer
    refused(aws.sagemaker_runtime.invoke_endpoint, "ValidationError", "not found", EndpointName="none", **asked)
