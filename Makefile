# The commands for developers. Each installs what it needs; only Python 3.11 or later is required.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

export PATH := $(CURDIR)/.venv/bin:$(PATH)
export SAM_CLI_TELEMETRY := 0

ARGS ?=
# The tests of a file stay together, since they share what is slow to set up. The long files come first, as they are
# collected: no worker is left with one of them at the end.
WORKERS := -n auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder --durations 10
SET ?=
# Exactly as typed: make would expand a dollar sign, and many regular expressions end with one.
export DEPLOY_SET := $(value SET)

.PHONY: help run test smoke trial test-oldest lint audit build deploy package bench chaos fuzz soak coverage mutants reference picture lock clean set-up

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-11s %s\n", $$1, $$2 }' Makefile

run: set-up ## run the whole stack on this machine: logs that arrive, an outage, and replay (all logs: ARGS=--all-logs)
	@python -m local.demo $(ARGS)

test: set-up ## run all tests (some: make test ARGS="tests/unit -k levels")
	@python -m pytest $(WORKERS) $(ARGS)

smoke: set-up ## rehearse the smoke test in an emulated account (in a real AWS account: ARGS="--account ID")
	@python -m smoke $(ARGS)

trial: set-up ## run the tests that take minutes each: a broken stack, the package, an upgrade, make run, make smoke, backfill
	@python -m pytest $(WORKERS) -m trial tests/e2e $(ARGS)

test-oldest: set-up ## run the unit tests on Python 3.11, if it is installed and .venv has a newer one
	@local/test-oldest $(ARGS)

lint: set-up ## check style, types, the template and the workflows
	@ruff check
	@ruff format --check
	@mypy
	@zizmor --offline --quiet --no-progress .github
	@cfn-lint template.yaml organization/*.yaml

audit: set-up ## look for known vulnerabilities of the packages in use, in the index of advisories
	@pip-audit --strict --disable-pip --require-hashes -r layers/dependencies/requirements.txt
	@pip-audit --strict --disable-pip --require-hashes -r requirements/dev.txt

build: set-up ## build functions and layers for AWS Lambda
	@mkdir -p .build
	@echo 'Building functions and layers (.build/sam-build.log)'
	@sources=$$(python -m shipctl.deploy.sources); \
		sam build >.build/sam-build.log 2>&1 || { cat .build/sam-build.log; exit 1; }; \
		sed -n '/^Without bytecode/{p;q;}' .build/sam-build.log; \
		echo "$$sources" >.aws-sam/build/sources.sha256

deploy: build ## build, and deploy the stack to the AWS account of your credentials (one setting: SET='Redact=email'; ARGS="--dry-run")
	@shipctl deploy $${DEPLOY_SET:+--set "$$DEPLOY_SET"} $(ARGS)

package: set-up ## make everything that is released, in dist: wheel, stack, checksums, licences
	@python -m release.package --check
	@LAYER_BYTECODE=required PYTHON_FOR_LAYERS="$$(command -v python)" $(MAKE) build
	@python -m release.package $(ARGS)

bench: set-up ## measure processor time, latency, memory, cold start and cost (one: make bench ARGS=latency)
	@python -m benchmarks $(ARGS)

chaos: set-up ## run a thousand schedules of failures of each kind, and check that no log is lost (fewer: ARGS="--schedules 50")
	@python -m tests.chaos $(ARGS)

fuzz: set-up ## look for hostile input that breaks the shipper (longer: make fuzz ARGS="--seconds 600")
	@python -m tests.fuzz $(ARGS)

soak: set-up ## ship for ten minutes with failures, and check that nothing grows (shorter: make soak ARGS="--minutes 2")
	@python -m tests.soak $(ARGS)

coverage: set-up ## find the branches of the shipper that no unit or integration test takes
	@python -m pytest --cov=loginformant_shipper --cov-branch --cov-report=term-missing:skip-covered \
		--ignore=tests/unit/levels/test_hostile_input.py -k "not linear and not proportion" \
		tests/unit tests/integration $(ARGS)

mutants: set-up ## make small changes to the modules that must not lose logs, and list those that no test notices
	@mkdir -p .build/mutants
	@rm -rf .build/mutants/loginformant_shipper .build/mutants/tests .build/mutants/local
	@cp -R layers/shipping/loginformant_shipper tests local pyproject.toml .build/mutants/
	@uv venv --quiet --allow-existing .build/mutants/.venv
	@uv pip sync --quiet --require-hashes --python .build/mutants/.venv requirements/mutants.txt
	@cd .build/mutants && .venv/bin/mutmut run $(ARGS) && .venv/bin/mutmut results

reference: set-up ## write docs/cli.md, the reference of shipctl, from the program
	@python -m local.cli_reference

picture: set-up ## draw what `make run` prints: docs/make-run.svg, and a block of README.md
	@python -m local.picture

# The layer's lock file is in the folder of the layer, since `sam build` copies only that folder to where it builds.
PIN := uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --custom-compile-command "make lock"
AS_IN_THE_LAYER := -c layers/dependencies/requirements.txt

lock: set-up ## pin all packages with their hashes (newer ones: make lock ARGS=--upgrade)
	@cd layers/dependencies && $(PIN) $(ARGS) requirements.in -o requirements.txt
	@$(PIN) $(ARGS) --group dev $(AS_IN_THE_LAYER) -o requirements/dev.txt
	@$(PIN) $(ARGS) --group mutants $(AS_IN_THE_LAYER) -o requirements/mutants.txt

clean: ## remove what was built (.venv stays)
	@rm -rf .aws-sam .build dist .coverage .hypothesis .mypy_cache .pytest_cache .ruff_cache
	@find . -path ./.venv -prune -o -name __pycache__ -type d -exec rm -rf {} +

set-up:
	@local/set-up
