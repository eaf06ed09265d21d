SHELL := bash
.SHELLFLAGS := -o pipefail -c
.DEFAULT_GOAL := help
PYTHON ?= python3
PORT ?= 8080
LAMBDA_PYTHON ?= python3.13
STAGE ?= sandbox
# What is deployed: built anew, or a zip that another job has built and tested.
PACKAGE ?= package
REQUESTS ?= 10000
LLM_SECONDS ?= 2
BIN := .venv/bin
INFRA := .venv-infra/bin
# Tests start hundreds of processes: none of them compiles what has not changed.
unexport PYTHONDONTWRITEBYTECODE
COMPILE = $(BIN)/python -m compileall -q .venv/lib src tests migrations infra >/dev/null || true

.PHONY: help
help: ## Show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sort | awk -F ':.*## ' '{printf "  make %-14s %s\n", $$1, $$2}'

# The environment: made once, and again whenever the lock file changes.
.venv/.installed: requirements-dev.lock
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed; this is " + sys.version.split()[0] + ". Try: make PYTHON=python3.12") if sys.version_info < (3, 11) else None'
	@echo "Installing the locked packages into .venv (once, about a minute) ..."
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --disable-pip-version-check --require-hashes -r requirements-dev.lock \
	  | awk '/^Collecting/ && ++n % 20 == 0 {print "  " n " packages collected"; fflush()} \
	         /^Installing/ {print "  installing " n " packages"; fflush()}'
	@echo "Compiling, so that every start is fast ..."
	@echo "$(CURDIR)/src" > "$$($(BIN)/python -c 'import site; print(site.getsitepackages()[0])')/controlplane.pth"
	@printf '#!/bin/sh\nexec "$$(dirname "$$0")/python" -m controlplane.cli "$$@"\n' > $(BIN)/llm-cp
	@chmod +x $(BIN)/llm-cp
	@$(BIN)/python -m compileall -q .venv/lib src >/dev/null || true
	@touch $@

# What synthesises and checks the infrastructure has an environment of its own: `make run` needs none of it.
.venv-infra/.installed: requirements-infra.lock .venv/.installed
	@echo "Installing the packages of the infrastructure into .venv-infra (once, about half a minute) ..."
	@$(BIN)/uv venv -q --clear --python $(BIN)/python .venv-infra
	@$(BIN)/uv pip sync -q --compile-bytecode --python .venv-infra --require-hashes requirements-infra.lock
	@touch $@

.PHONY: run
run: .venv/.installed ## Start everything on this machine: http://127.0.0.1:8080 (PORT=8081 moves it)
	@$(BIN)/python -m controlplane.local --port $(PORT)

.PHONY: up
up: ## Start the same in containers (needs Docker Compose)
	@PORT=$(PORT) docker compose up --build

.PHONY: lock
lock: .venv/.installed ## Compile the hashed lock files from pyproject.toml
	@$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --custom-compile-command 'make lock' pyproject.toml -o requirements.lock
	@$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --custom-compile-command 'make lock' --extra cli --extra local --extra dev --extra datadog --extra traces -c requirements.lock pyproject.toml -o requirements-dev.lock
	@$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --custom-compile-command 'make lock' --extra server -c requirements-dev.lock pyproject.toml -o requirements-server.lock
	@$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --custom-compile-command 'make lock' --extra cli --extra local --extra dev --extra datadog --extra traces --extra clients -c requirements-dev.lock pyproject.toml -o requirements-clients.lock
	@$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --custom-compile-command 'make lock' --group infra -o requirements-infra.lock
	@$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --custom-compile-command 'make lock' --group aider -o requirements-aider.lock

.PHONY: check
check: .venv/.installed .venv-infra/.installed ## The one gate: format, lint, types, import rules, workflows, unit tests
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@MYPYPATH=src $(INFRA)/mypy --config-file= --strict --explicit-package-bases --cache-dir .mypy_cache/infra infra
	@$(BIN)/lint-imports
	@$(INFRA)/python -m infra.tools.lint_workflows
	@$(BIN)/pytest tests/unit tests/architecture -n auto

.PHONY: format
format: .venv/.installed ## Format and fix what can be fixed
	@$(BIN)/ruff check --fix-only -q .
	@$(BIN)/ruff format .

.PHONY: test
test: .venv/.installed .venv-infra/.installed ## Every test, on real PostgreSQL, Valkey and emulated AWS
	@$(COMPILE)
	@$(BIN)/pytest -n auto

.PHONY: slowest
slowest: .venv/.installed .venv-infra/.installed ## Every test, and the table of the slowest ones in CONTRIBUTING.md anew
	@$(COMPILE)
	@$(BIN)/pytest -n auto --junitxml=dist/tests.xml
	@$(BIN)/python -m tests.slowest dist/tests.xml

.PHONY: soak
soak: .venv/.installed .venv-infra/.installed ## What is proven by repetition: thousands of examples and rounds
	@$(COMPILE)
	@$(BIN)/pytest -n auto -m 'soak or hypothesis' --hypothesis-profile=soak

.PHONY: check-lambda
check-lambda: .venv/.installed ## The unit tests on Lambda's Python (LAMBDA_PYTHON=python3.13)
	@$(BIN)/uv venv -q --clear --python $(LAMBDA_PYTHON) .venv-lambda
	@$(BIN)/uv pip sync -q --python .venv-lambda --require-hashes requirements-dev.lock
	@PYTHONPATH=src .venv-lambda/bin/python -m pytest tests/unit tests/architecture -n auto

.PHONY: package
package: .venv/.installed ## Build dist/lambda.zip for Lambda (arm64) and its bill of materials; checks the licences
	@$(BIN)/python -m infra.package

.PHONY: audit
audit: .venv-infra/.installed ## Known vulnerabilities of the locked packages (asks osv.dev)
	@for lock in requirements.lock requirements-dev.lock requirements-infra.lock; do \
	  $(INFRA)/pip-audit --disable-pip --require-hashes --vulnerability-service osv -r $$lock || exit 1; done

.PHONY: synth
synth: .venv-infra/.installed ## Synthesise all stages into infra/cdk.out/, and into its folder function with that alone
	@ALARM_EMAILS=$${ALARM_EMAILS:-alarms@example.com} COMPUTE=function CDK_OUTDIR=infra/cdk.out/function $(INFRA)/python -m infra.app
	@ALARM_EMAILS=$${ALARM_EMAILS:-alarms@example.com} $(INFRA)/python -m infra.app

.PHONY: cost
cost: synth ## What a stage costs a month (STAGE=sandbox REQUESTS=10000 LLM_SECONDS=2), and docs/COST.md anew
	@$(BIN)/python -m infra.cost.document
	@$(BIN)/python -m infra.cost --stage $(STAGE) --requests $(REQUESTS) --llm-seconds $(LLM_SECONDS)

.PHONY: diff
diff: $(PACKAGE) .venv-infra/.installed ## What a deployment of STAGE would change
	@ONLY_STAGE=$(STAGE) $(INFRA)/python -m infra.tools.node cdk diff llm-cp-$(STAGE)

.PHONY: deploy
deploy: $(PACKAGE) .venv-infra/.installed ## Deploy STAGE with the AWS credentials of the shell
	@$(INFRA)/python -m infra.tools.deploy $(STAGE)

.PHONY: eval
eval: .venv/.installed ## Precision and recall of screening; CORPORA=PATH adds public labelled sets
	@$(BIN)/python -m tests.screening_eval $(if $(CORPORA),--corpora "$(CORPORA)") $(if $(CI),--held-out)

.PHONY: test-clients
test-clients: .venv/.installed ## langchain-openai, the npm client and coding agents against the gateway (needs npm)
	@$(BIN)/uv venv -q --clear --python $(BIN)/python .venv-clients
	@$(BIN)/uv pip sync -q --python .venv-clients --require-hashes requirements-clients.lock
	@# aider pins its own versions of what the other clients use too.
	@$(BIN)/uv venv -q --clear --python $(BIN)/python .venv-aider
	@$(BIN)/uv pip sync -q --python .venv-aider --require-hashes requirements-aider.lock
	@# Not `npm ci`: a mirror may lack the packages of other platforms, which are optional.
	@cd tests/e2e && npm install --no-save --ignore-scripts --silent --no-audit --no-fund
	@PYTHONPATH=src NODE_MODULES=tests/e2e/node_modules AIDER=.venv-aider/bin/aider .venv-clients/bin/python -m pytest \
	  tests/e2e/test_langchain_sdk.py tests/e2e/test_agents_sdk.py tests/e2e/test_node_sdk.py \
	  tests/e2e/test_coding_agents.py

.PHONY: bench
bench: .venv/.installed ## CPU per request and cold start, beside a function that does nothing
	@$(BIN)/python -W ignore -m tests.benchmarks
