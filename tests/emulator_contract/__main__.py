"""Drives the gateway with boto3: botocore must parse every answer, and each answer must have what
its output shape requires. Where moto implements a call, the same steps run against moto too.

Usage: emulator_contract GATEWAY_URL MOTO_URL
"""

import sys

from client import GATEWAY, MOTO, Services
from deliveries import deliveries, executions_of_codepipeline, stacks_of_the_gateway
from endpoints import (
    accounts_of_the_gateway, endpoints, faults_of_the_gateway, invocations_of_the_gateway, schedules, shapes_of_the_gateway,
    updates_of_the_gateway,
)
from jobs import (
    ends_of_processing_jobs, ends_of_transform_jobs, processing_jobs, stops_of_training_jobs, training_jobs, transform_jobs,
)
from monitoring import definitions, schedules_of_the_gateway
from registry import life_cycles_of_the_gateway, lineage_of_the_gateway, registry, registry_of_the_gateway
from runs import airflow_behind_mwaa, pipelines, runs_of_the_gateway
from sources import branches_of_codecommit, builds, images, repositories, tokens_of_codebuild

# What moto has too: the same steps, the same answers.
SHARED = [
    training_jobs, pipelines, endpoints, registry, builds, repositories, images, deliveries, definitions, processing_jobs, transform_jobs,
    schedules,
]
# What only the gateway has.
OWN = [
    runs_of_the_gateway, updates_of_the_gateway, registry_of_the_gateway, tokens_of_codebuild, branches_of_codecommit,
    executions_of_codepipeline, stops_of_training_jobs, lineage_of_the_gateway,
    ends_of_processing_jobs, ends_of_transform_jobs, schedules_of_the_gateway, airflow_behind_mwaa, shapes_of_the_gateway,
    stacks_of_the_gateway, accounts_of_the_gateway, faults_of_the_gateway, invocations_of_the_gateway, life_cycles_of_the_gateway,
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
