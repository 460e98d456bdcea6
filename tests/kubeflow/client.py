"""Kubeflow's own client against the API that the emulator plays: it must parse every answer, and send
what Trimtab's adapter sends.

Usage: client.py URL CA_FILE TOKEN PIPELINE
"""

import json
import sys
import time

import kfp
import kfp_server_api

URL, CA, TOKEN, PIPELINE = sys.argv[1:]
NAME = "ranking-drift-98d33ea0"

client = kfp.Client(host=URL, existing_token=TOKEN, ssl_ca_cert=CA)
runs = lambda: client.list_runs(
    filter=json.dumps({"predicates": [{"operation": "EQUALS", "key": "display_name", "string_value": NAME}]})
).runs or []
assert runs() == [], "nothing is there yet"

body = kfp_server_api.V2beta1Run(
    display_name=NAME,
    pipeline_version_reference=kfp_server_api.V2beta1PipelineVersionReference(pipeline_id=PIPELINE),
    runtime_config=kfp_server_api.V2beta1RuntimeConfig(parameters={"incident": NAME}),
)
create = getattr(client._run_api, "run_service_create_run", None) or client._run_api.create_run
made = create(body)
assert (made.display_name, made.runtime_config.parameters) == (NAME, {"incident": NAME}), made
assert [run.run_id for run in runs()] == [made.run_id], "found by its name"

since = time.monotonic()
while (state := client.get_run(made.run_id).state) != "SUCCEEDED":
    assert state in ("PENDING", "RUNNING") and time.monotonic() - since < 30, state
    time.sleep(0.2)

for call, status in (
    (lambda: client.get_run("00000000-0000-0000-0000-000000000000"), 404),
    (lambda: create(kfp_server_api.V2beta1Run(display_name="x", pipeline_version_reference={"pipeline_id": "none"})), 404),
):
    try:
        call()
    except kfp_server_api.ApiException as error:
        assert error.status == status, error
        assert json.loads(error.body)["message"], error.body
    else:
        raise AssertionError("it was not refused")
print(f"kfp {kfp.__version__}: every answer is read")
