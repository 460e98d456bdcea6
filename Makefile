# One command each. `make help` lists them.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

NEXTEST_VERSION := 0.9.143
DENY_VERSION := 0.20.2

# In CI a fresh clone reuses what the last one compiled: the SageMaker SDK alone takes minutes.
ifdef CI
CACHE := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/trimtab
export CARGO_TARGET_DIR := $(CACHE)/target
else
CACHE := $(CURDIR)/.trimtab
endif
TOOLS := $(CACHE)/tools
export PATH := $(TOOLS)/bin:$(PATH)

.PHONY: help setup test

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

setup: ## install what the tests need
	@cargo nextest --version >/dev/null 2>&1 || { echo "installing cargo-nextest (minutes, once)"; \
	  cargo install --quiet --locked --root $(TOOLS) --target-dir $(CACHE)/tools-target cargo-nextest@$(NEXTEST_VERSION); }
	@cargo deny --version >/dev/null 2>&1 || { echo "installing cargo-deny (minutes, once)"; \
	  cargo install --quiet --locked --root $(TOOLS) --target-dir $(CACHE)/tools-target cargo-deny@$(DENY_VERSION); }

test: setup ## everything that CI checks
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --locked -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc --no-deps --workspace --locked --quiet
	cargo deny --log-level error check bans licenses sources
	cargo nextest run --workspace --locked
