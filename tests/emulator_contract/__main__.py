"""Calls the emulator with boto3: botocore must parse every response, and each response must have the required members
of its output shape. If moto implements a call, the same steps run against moto.

Usage: emulator_contract EMULATOR_URL MOTO_URL
"""

import sys

from client import EMULATOR, MOTO, Services
from deliveries import deliveries, executions_of_codepipeline, stacks_of_the_emulator
from endpoints import (
    accounts_of_the_emulator, endpoints, faults_of_the_emulator, invocations_of_the_emulator, schedules, shapes_of_the_emulator,
    updates_of_the_emulator,
)
from jobs import (
    ends_of_processing_jobs, ends_of_transform_jobs, processing_jobs, stops_of_training_jobs, training_jobs, transform_jobs,
)
from monitoring import definitions, schedules_of_the_emulator
from registry import life_cycles_of_the_emulator, lineage_of_the_emulator, registry, registry_of_the_emulator
from runs import airflow_behind_mwaa, pipelines, runs_of_the_emulator
from sources import branches_of_codecommit, builds, images, repositories, tokens_of_codebuild

# Calls that moto has too: the same steps lead to the same responses.
SHARED = [
    training_jobs, pipelines, endpoints, registry, builds, repositories, images, deliveries, definitions, processing_jobs, transform_jobs,
    schedules,
]
# Calls that only the emulator has.
OWN = [
    runs_of_the_emulator, updates_of_the_emulator, registry_of_the_emulator, tokens_of_codebuild, branches_of_codecommit,
    executions_of_codepipeline, stops_of_training_jobs, lineage_of_the_emulator,
    ends_of_processing_jobs, ends_of_transform_jobs, schedules_of_the_emulator, airflow_behind_mwaa, shapes_of_the_emulator,
    stacks_of_the_emulator, accounts_of_the_emulator, faults_of_the_emulator, invocations_of_the_emulator, life_cycles_of_the_emulator,
]

for name, url, steps in (("moto", MOTO, SHARED), ("emulator", EMULATOR, SHARED + OWN)):
    services = Services(name, url)
    for step in steps:
        try:
            step(services)
        except Exception:
            print(f"{name}: {step.__name__}", file=sys.stderr)
            raise
    print(f"{name}: all steps passed; {services.checked} responses validated against their shapes")
