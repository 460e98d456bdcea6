"""Clients of one side, emulator or moto, and what every step asks of them."""

import json
import sys
import time
import urllib.request

import boto3
import botocore.config
from botocore.exceptions import ClientError
from botocore.validate import ParamValidator

EMULATOR, MOTO = sys.argv[1:]
ROLE = "arn:aws:iam::123456789012:role/contract"
# The services that the emulator plays; the others' answers are MiniStack's.
PLAYED = ("sagemaker", "codebuild", "codecommit", "codepipeline", "mwaa", "cloudformation")
# There is no host `env.` before the emulator's.
CONFIG = botocore.config.Config(retries={"total_max_attempts": 1}, inject_host_prefix=False)


class Services:
    """Clients that hold every answer against its output shape, and count them."""

    def __init__(self, name, url):
        # moto stands behind the emulator too: each side makes things under a name of its own.
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


def control(what, body):
    data = json.dumps(body).encode()
    request = urllib.request.Request(f"{EMULATOR}/_trimtab/{what}", data, {"content-type": "application/json"})
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    return json.loads(opener.open(request).read())
