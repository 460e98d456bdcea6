"""What trains: SageMaker's pipelines and their executions, and Airflow behind MWAA."""

import json

from client import ROLE, control, refused, until


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


def runs_of_the_emulator(aws):
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
