# One command each. `make help` lists them.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

NEXTEST_VERSION := 0.9.143
DENY_VERSION := 0.20.2
MUTANTS_VERSION := 27.1.0
MDBOOK_VERSION := 0.5.4
FUNCTIONS := integrate retrain evaluate deploy notify reconcile guard lineage monitor

# In CI a fresh clone reuses what the last one compiled: the SageMaker SDK alone takes minutes.
ifdef CI
CACHE := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/trimtab
export CARGO_TARGET_DIR := $(CACHE)/target
else
CACHE := $(CURDIR)/.trimtab
endif
TOOLS := $(CACHE)/tools
# Made anew when the pins change.
VENV := $(CACHE)/venv-$(shell sha256sum requirements.txt | cut -c1-12)
export TRIMTAB_VENV := $(VENV)
# Copies of the repository in which mistakes are planted, with what was compiled for them.
export TRIMTAB_MUTATION := $(CACHE)/mutation
export PATH := $(TOOLS)/bin:$(VENV)/bin:$(PATH)

.PHONY: help setup tools build build-arm64 deploy demo local local-down test test-airflow test-kubeflow sim chaos size \
  test-function mutants sabotage mutation-tools docs

help: ## this list
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

setup: $(VENV)/.done tools ## install what building, testing and the demo need

$(VENV)/.done:
	@echo "Installing the local cloud and its tools into $(VENV) (minutes, once)"
	@rm -rf $(VENV) && python3 -m venv $(VENV)
	@$(VENV)/bin/pip install --quiet --disable-pip-version-check --requirement requirements.txt
	@touch $@
	@rm -rf .trimtab/venv && mkdir -p .trimtab && ln -s $(VENV) .trimtab/venv

tools:
	@cargo nextest --version >/dev/null 2>&1 || { echo "Installing cargo-nextest (minutes, once)"; \
	  cargo install --quiet --locked --root $(TOOLS) --target-dir $(CACHE)/tools-target cargo-nextest@$(NEXTEST_VERSION); }
	@cargo deny --version >/dev/null 2>&1 || { echo "Installing cargo-deny (minutes, once)"; \
	  cargo install --quiet --locked --root $(TOOLS) --target-dir $(CACHE)/tools-target cargo-deny@$(DENY_VERSION); }

mutation-tools: tools
	@cargo mutants --version >/dev/null 2>&1 || { echo "Installing cargo-mutants (minutes, once)"; \
	  cargo install --quiet --locked --root $(TOOLS) --target-dir $(CACHE)/tools-target cargo-mutants@$(MUTANTS_VERSION); }

# Offline once mdbook is installed.
docs: ## the book of docs/, into target/book
	@mdbook --version 2>/dev/null | grep -qx 'mdbook v$(MDBOOK_VERSION)' || { echo "Installing mdbook (minutes, once)"; \
	  cargo install --quiet --locked --root $(TOOLS) --target-dir $(CACHE)/tools-target --no-default-features \
	  --features search mdbook@$(MDBOOK_VERSION); }
	mdbook build docs

# `--compiler cargo` builds for this machine, without zig.
build: setup ## the functions for this machine's architecture, into target/lambda
	cargo lambda build --release --locked --compiler cargo --lambda-dir target/lambda $(addprefix --package ,$(FUNCTIONS))

build-arm64: setup ## the functions as AWS runs them: arm64, provided.al2023
	cargo lambda build --release --locked --arm64 --lambda-dir target/lambda $(addprefix --package ,$(FUNCTIONS))

deploy: setup ## what build-arm64 made, to the AWS account of your credentials; EMAIL= subscribes an address
	sam deploy --template-file infra/template.yaml --stack-name trimtab --resolve-s3 --capabilities CAPABILITY_IAM \
	  $(if $(EMAIL),--parameter-overrides AlertEmail=$(EMAIL))

demo: build ## every story through the suite, each on a local cloud of its own; leaves target/demo/timeline.html. STORY=loop plays one
	cargo run --quiet --locked --package trimtab-stories -- demo $(if $(STORY),--story $(STORY))

local: build ## a local cloud with the suite in it, left running on port 4566
	cargo run --quiet --locked --package trimtab-stories -- up

local-down: ## end it
	cargo run --quiet --locked --package trimtab-stories -- down

RUNS ?= 1000000
SEED ?= 1
sim: ## the functions under faults, over simulated services: RUNS= how many at least, SEED= where chance begins
	cargo run --quiet --locked --profile sim --package trimtab-sim -- --runs $(RUNS) --seed $(SEED)

EVERY ?= 4
chaos: build ## the real binaries under faults on the wire, killed at every call; EVERY=1 plays all, four times as long; ONLY=Piped one flow
	EVERY=$(EVERY) ONLY=$(ONLY) cargo nextest run --workspace --locked --run-ignored only --no-capture -E 'test(faults_at_every_call)'

# Without SDKs: what decides, and the simulation.
test-function: tools ## one function's tests with its flows of the simulation, in seconds: FUNCTION=retrain
	@test -n "$(FUNCTION)" || { echo "FUNCTION= names one of: $(FUNCTIONS)"; exit 2; }
	cargo nextest run --locked --package $(FUNCTION) --package trimtab-sim --no-default-features --features trimtab-core/memory \
	  -E 'package($(FUNCTION)) + test(/^$(FUNCTION)::/)'

# SAMPLE=0 means all. FILE= takes a path from the root of the repository, or a glob.
mutants: mutation-tools ## cargo-mutants on a random sample of what decides, records or classifies: SEED=1 SAMPLE=300 MINIMUM=95, or FILE=
	@SEED=$(SEED) SAMPLE=$(or $(SAMPLE),300) FILE=$(FILE) MINIMUM=$(or $(MINIMUM),95) python3 tests/mutation/mutants.py

sabotage: tools ## plants each mistake of tests/sabotage, and runs the test that must catch it; ONLY= a part of the names
	@ONLY=$(ONLY) python3 tests/mutation/sabotage.py

# The real things, where they can be installed: heavy, and in environments of their own.
AIRFLOW_VERSION := 3.3.2
KFP_VERSION := 2.17.0
$(CACHE)/airflow-$(AIRFLOW_VERSION)/.done:
	@echo "Installing Airflow $(AIRFLOW_VERSION) into $(@D) (minutes, once)"
	@rm -rf $(@D) && python3 -m venv $(@D)
	@$(@D)/bin/pip install --quiet --disable-pip-version-check apache-airflow==$(AIRFLOW_VERSION)
	@touch $@

$(CACHE)/kfp-$(KFP_VERSION)/.done:
	@echo "Installing kfp $(KFP_VERSION) into $(@D) (minutes, once)"
	@rm -rf $(@D) && python3 -m venv $(@D)
	@$(@D)/bin/pip install --quiet --disable-pip-version-check kfp==$(KFP_VERSION)
	@touch $@

test-airflow: setup $(CACHE)/airflow-$(AIRFLOW_VERSION)/.done ## the adapter for MWAA against a real Airflow
	TRIMTAB_AIRFLOW_VENV=$(CACHE)/airflow-$(AIRFLOW_VERSION) \
	  cargo nextest run --package trimtab-tests --locked --run-ignored only -E 'test(a_real_airflow_agrees)'

test-kubeflow: setup $(CACHE)/kfp-$(KFP_VERSION)/.done ## Kubeflow as the gateway plays it, against kfp's own client
	TRIMTAB_KUBEFLOW_VENV=$(CACHE)/kfp-$(KFP_VERSION) \
	  cargo nextest run --package trimtab-tests --locked --run-ignored only -E 'test(kubeflows_own_client)'

# Lambda loads what it starts: a function stays under 12 MB. `deploy`, which reaches endpoints, stacks, pipelines and other
# accounts, and `retrain` and `integrate`, which reach every engine and builder, have more SDKs in them than the others.
size: build ## the size of each function's binary; fails from 12 MB on
	@for function in $(FUNCTIONS); do \
	  bytes=$$(wc -c < target/lambda/$$function/bootstrap); printf '%-10s %8d bytes\n' $$function $$bytes; \
	  test $$bytes -lt 12000000; \
	done

test: setup mutation-tools size ## everything that CI checks
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --locked -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc --no-deps --workspace --locked --quiet
	cargo deny --log-level error check bans licenses sources
	cargo nextest run --workspace --locked
	@CHECK=1 python3 tests/mutation/sabotage.py
	@SEED=1 SAMPLE=60 MINIMUM=90 python3 tests/mutation/mutants.py
