# The Grid: everything that can be done here. `make` alone prints the list.
SHELL := /bin/sh
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

BIN := .venv/bin
TOOLS := .build/generators/bin

# Settings of `make up`, handed on to `grid up` where given: make up HTTP_PORT=9000 DATA=elsewhere
DATA ?= data
HTTP_PORT ?=
GRPC_PORT ?=
UPSTREAM ?=
MODEL ?=
# Arguments for pytest in `make quick` and `make test`: make quick PYTEST="tests/engine -x"
PYTEST ?= tests
# Arguments for `make bench` and `make soak`.
ARGS ?=

CHECKS := format lint types imports contract fresh tidy

.PHONY: help env up test quick check bench soak proto released fix lock clean generators $(CHECKS)

help: ## print this list
	@printf 'The Grid. What can be done here:\n\n'
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' Makefile
	@printf '\nBegin with: make up\n'

env: ## prepare .venv with everything, from requirements.lock
	@.ci/env .venv requirements.lock editable

up: env ## run exchange and gateway here (DATA, HTTP_PORT, GRPC_PORT, UPSTREAM, MODEL)
	@exec $(BIN)/grid up --data "$(DATA)" \
		$(if $(HTTP_PORT),--http-port "$(HTTP_PORT)") $(if $(GRPC_PORT),--grpc-port "$(GRPC_PORT)") \
		$(if $(UPSTREAM),--upstream "$(UPSTREAM)") $(if $(MODEL),--model "$(MODEL)")

test: check ## every check and every test; what continuous integration runs
	@$(BIN)/pytest $(PYTEST) --ignore=tests/tidy

quick: env ## the tests that take seconds (PYTEST="tests/engine -x" to choose)
	@$(BIN)/pytest $(PYTEST) -q -m "not slow"

check: $(CHECKS) ## style, types, imports, contract, freshness, docs

format: env
	@echo "== format"
	@$(BIN)/ruff format --check --quiet . || \
		{ $(BIN)/ruff format --check .; echo "what to do: make fix" >&2; exit 1; }

lint: env
	@echo "== lint"
	@$(BIN)/ruff check --quiet . || \
		{ echo "what to do: make fix mends the simple ones, the others by hand" >&2; exit 1; }

types: env
	@echo "== types"
	@$(BIN)/mypy --no-error-summary || \
		{ echo "what to do: mend the types above; mypy runs strict" >&2; exit 1; }

imports: env
	@echo "== imports"
	@$(BIN)/lint-imports --no-logo >.build/imports.log 2>&1 || { cat .build/imports.log; echo \
		"what to do: a room imports only what stands below it; see pyproject.toml" >&2; exit 1; }

contract: fresh
	@echo "== contract"
	@$(BIN)/buf lint || { echo "what to do: mend proto/thegrid/v1 as said above" >&2; exit 1; }
	@$(BIN)/buf format --diff --exit-code --path proto/thegrid || \
		{ echo "what to do: make fix" >&2; exit 1; }
	@if [ -f proto/released.binpb ]; then \
		$(BIN)/buf build --path proto/thegrid -o .build/contract.binpb && \
		$(BIN)/buf breaking .build/contract.binpb --against proto/released.binpb --exclude-imports \
		|| { echo "what to do: keep what was released and add beside it" >&2; exit 1; }; fi

fresh: generators
	@echo "== fresh"
	@$(TOOLS)/python sdk/generate.py --check

tidy: generators
	@echo "== tidy"
	@$(BIN)/pytest -q tests/tidy

bench: env ## measure; figures go to tests/bench (ARGS to choose)
	@$(BIN)/python -m tests.bench $(ARGS)

soak: env ## run the whole house for long under load (ARGS to choose)
	@$(BIN)/python -m tests.bench.soak $(ARGS)

proto: generators ## generate code and descriptors for every SDK, and the page of endings
	@$(TOOLS)/python sdk/generate.py
	@$(BIN)/python -m tests.flows.endings_page

released: generators ## record the contract as released: from then on it may only grow
	@$(TOOLS)/python sdk/generate.py
	@$(BIN)/buf build --path proto/thegrid --exclude-source-info -o proto/released.binpb

fix: generators ## format, and mend what the linter can mend
	@$(BIN)/ruff check --fix --quiet . || true
	@$(BIN)/ruff format .
	@$(BIN)/buf format -w --path proto/thegrid

lock: ## pin the newest fitting dependencies anew (needs the network)
	@.ci/lock

clean: ## remove environments, caches and builds; data stays
	@rm -rf .venv .build dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	@rm -rf sdk/typescript/node_modules sdk/typescript/dist sdk/java/target sdk/rust/target
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

generators: env
	@.ci/env .build/generators sdk/generators.lock
	@.ci/node
