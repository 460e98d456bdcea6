# `make help` lists the commands.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

NEXTEST_VERSION := 0.9.143
DENY_VERSION := 0.20.2
MUTANTS_VERSION := 27.1.0
MDBOOK_VERSION := 0.5.4
FUNCTIONS := integrate retrain evaluate deploy notify reconcile guard lineage monitor

# In CI a fresh clone reuses the artifacts of the last one: the SageMaker SDK alone takes minutes.
ifdef CI
CACHE := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/trimtab
export CARGO_TARGET_DIR := $(CACHE)/target
else
CACHE := $(CURDIR)/.trimtab
endif
TOOLS := $(CACHE)/tools
TARGET := $(or $(CARGO_TARGET_DIR),target)
# A change of requirements.txt leads to a new environment.
VENV := $(CACHE)/venv-$(shell sha256sum requirements.txt | cut -c1-12)
export TRIMTAB_VENV := $(VENV)
# Copies of the repository in which mistakes are planted, with their compiled artifacts.
export TRIMTAB_MUTATION := $(CACHE)/mutation
export PATH := $(TOOLS)/bin:$(VENV)/bin:$(PATH)

.PHONY: help setup tools build build-arm64 build-demo package-demo deploy demo local local-down test test-airflow test-kubeflow sim chaos size \
  test-function mutants sabotage mutation-tools docs

help: ## list these commands
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

setup: $(VENV)/.done tools ## install the tools for building and testing

$(VENV)/.done:
	@echo "Installing the local cloud and its tools into $(VENV) (once)"
	@rm -rf $(VENV) && python3 -m venv $(VENV)
	@$(VENV)/bin/pip install --disable-pip-version-check --no-compile --requirement requirements.txt
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
docs: ## build the book of docs/ into target/book
	@mdbook --version 2>/dev/null | grep -qx 'mdbook v$(MDBOOK_VERSION)' || { echo "Installing mdbook (minutes, once)"; \
	  cargo install --quiet --locked --root $(TOOLS) --target-dir $(CACHE)/tools-target --no-default-features \
	  --features search mdbook@$(MDBOOK_VERSION); }
	mdbook build docs

# `--compiler cargo` builds for this machine, without zig.
build: setup ## build the functions for this machine's architecture into target/lambda
	cargo lambda build --release --locked --compiler cargo --lambda-dir target/lambda $(addprefix --package ,$(FUNCTIONS))

build-arm64: setup ## build the functions for AWS into target/lambda: arm64, provided.al2023
	cargo lambda build --release --locked --arm64 --lambda-dir target/lambda $(addprefix --package ,$(FUNCTIONS))

deploy: setup ## deploy the output of build-arm64 to the AWS account of your credentials; EMAIL= subscribes an address
	sam deploy --template-file infra/template.yaml --stack-name trimtab --resolve-s3 --capabilities CAPABILITY_IAM \
	  $(if $(EMAIL),--parameter-overrides AlertEmail=$(EMAIL))

# One invocation of cargo in one profile, so that the SageMaker SDK compiles once for the functions and the runner.
# The packages get a folder of their own: `make deploy` never finds an unoptimized binary in target/lambda. They are
# compressed here once, because each story uploads them to its own local cloud.
DEMO_FUNCTIONS := target/demo/functions
DEMO_STEP := DURATIONS=target/demo/durations.txt local/step
build-demo:
	@$(DEMO_STEP) "setup" $(MAKE) --no-print-directory $(VENV)/.done
	@$(DEMO_STEP) "build" cargo build --profile quick --locked $(addprefix --package ,$(FUNCTIONS) trimtab-stories)
	@$(DEMO_STEP) "package" $(MAKE) --no-print-directory package-demo

package-demo:
	@for function in $(FUNCTIONS); do \
	  mkdir -p $(DEMO_FUNCTIONS)/$$function; cp $(TARGET)/quick/$$function $(DEMO_FUNCTIONS)/$$function/bootstrap; \
	  $(VENV)/bin/python -m zipfile -c $(DEMO_FUNCTIONS)/$$function.zip $(DEMO_FUNCTIONS)/$$function/bootstrap; \
	done

demo: ## play every story on a local cloud and write target/demo/timeline.html; STORY=loop plays one
	@rm -f target/demo/durations.txt
	@$(MAKE) --no-print-directory build-demo
	@$(TARGET)/quick/trimtab-local demo --packages $(DEMO_FUNCTIONS) $(if $(STORY),--story $(STORY))

local: build-demo ## start a local cloud with Trimtab on port 4566 and leave it running
	@$(TARGET)/quick/trimtab-local up --packages $(DEMO_FUNCTIONS)

local-down: ## stop the local cloud that `make local` started
	@$(TARGET)/quick/trimtab-local down

RUNS ?= 1000000
SEED ?= 1
sim: ## run the functions over simulated services with injected faults; RUNS= is the minimum number of runs, SEED= the first seed
	cargo run --quiet --locked --profile sim --package trimtab-sim -- --runs $(RUNS) --seed $(SEED)

EVERY ?= 4
chaos: build ## run the real binaries with faults on the wire and kill them at calls; EVERY=1 runs all cases (four times as long), ONLY=Airflow one flow
	EVERY=$(EVERY) ONLY=$(ONLY) cargo nextest run --workspace --locked --run-ignored only --no-capture -E 'test(faults_at_every_call)'

# Decisions and simulation only, without the AWS SDKs.
test-function: tools ## run one function's tests and its simulation flows in seconds: FUNCTION=retrain
	@test -n "$(FUNCTION)" || { echo "FUNCTION= names one of: $(FUNCTIONS)"; exit 2; }
	cargo nextest run --locked --package $(FUNCTION) --package trimtab-sim --no-default-features --features trimtab-core/memory \
	  -E 'package($(FUNCTION)) + test(/^$(FUNCTION)::/)'

# SAMPLE=0 runs all mutants. FILE= takes a path from the root of the repository, or a glob.
mutants: mutation-tools ## run cargo-mutants on a random sample: SEED=1 SAMPLE=300 MINIMUM=95, or on one file: FILE=
	@SEED=$(SEED) SAMPLE=$(or $(SAMPLE),300) FILE=$(FILE) MINIMUM=$(or $(MINIMUM),95) python3 tests/mutation/mutants.py

sabotage: tools ## plant each mistake of tests/sabotage and run the test that must catch it; ONLY= selects by a part of the name
	@ONLY=$(ONLY) python3 tests/mutation/sabotage.py

# Tests against the real Airflow and kfp, each in its own Python environment.
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

test-airflow: setup $(CACHE)/airflow-$(AIRFLOW_VERSION)/.done ## run the MWAA adapter against a real Airflow
	TRIMTAB_AIRFLOW_VENV=$(CACHE)/airflow-$(AIRFLOW_VERSION) \
	  cargo nextest run --package trimtab-tests --locked --run-ignored only -E 'test(real_airflow_conforms)'

test-kubeflow: setup $(CACHE)/kfp-$(KFP_VERSION)/.done ## run the emulated Kubeflow against kfp's own client
	TRIMTAB_KUBEFLOW_VENV=$(CACHE)/kfp-$(KFP_VERSION) \
	  cargo nextest run --package trimtab-tests --locked --run-ignored only -E 'test(kfp_client)'

# A small binary starts fast, so each function stays under 12 MB. `deploy`, `retrain` and `integrate` contain the most SDKs.
size: build ## print the size of each function's binary; fail at 12 MB or more
	@for function in $(FUNCTIONS); do \
	  bytes=$$(wc -c < target/lambda/$$function/bootstrap); printf '%-10s %8d bytes\n' $$function $$bytes; \
	  test $$bytes -lt 12000000; \
	done

# The SageMaker SDK compiles three times: for the binaries that are deployed (release), for clippy and rustdoc, which share
# its metadata (check), and for the tests (dev). No other step compiles it.
STEP := DURATIONS=target/durations.txt local/step
test: ## run everything that CI checks; the duration of each step goes to target/durations.txt
	@rm -f target/durations.txt
	@$(STEP) "setup" $(MAKE) --no-print-directory setup mutation-tools
	@$(STEP) "format" cargo fmt --all --check
	@$(STEP) "clippy" cargo clippy --workspace --all-targets --locked -- -D warnings
	@RUSTDOCFLAGS="-D warnings" $(STEP) "rustdoc" cargo doc --no-deps --workspace --locked
	@$(STEP) "cargo-deny" cargo deny --log-level error check bans licenses sources
	@$(STEP) "release build and sizes" $(MAKE) --no-print-directory size
	@$(STEP) "test build" cargo nextest run --workspace --locked --no-run
	@$(STEP) "tests" cargo nextest run --workspace --locked
	@CHECK=1 $(STEP) "planted mistakes" python3 tests/mutation/sabotage.py
	@SEED=1 SAMPLE=60 MINIMUM=90 $(STEP) "mutants" python3 tests/mutation/mutants.py
	@echo "Durations:" && cat target/durations.txt
