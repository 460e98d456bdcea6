"""Model Monitor and Clarify: job definitions and their schedules."""

from botocore.exceptions import ClientError

from client import ROLE, control, refused, until


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


def schedules_of_the_emulator(aws):
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
