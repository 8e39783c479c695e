# The Grid: everything that can be done here. `make` alone prints the list.
SHELL := /bin/sh
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

BIN := .venv/bin
TOOLS := .build/generators/bin

# Settings of `make up`; each may be given on the command line: make up HTTP_PORT=9000
DATA ?= data
HTTP_PORT ?=
GRPC_PORT ?=
UPSTREAM ?=
MODEL ?=
# More arguments for pytest: make unit PYTEST="tests/engine -x"
PYTEST ?=

.PHONY: help env up test check unit bench soak proto fix lock clean generators

help: ## print this list
	@printf 'The Grid. What can be done here:\n\n'
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@printf '\nBegin with: make up\n'

env: ## prepare .venv with everything, from requirements.lock
	@.ci/env .venv requirements.lock editable

proto: generators ## generate code and descriptors from proto/ for every SDK
	@$(TOOLS)/python sdk/generate.py

generators: env
	@.ci/env .build/generators sdk/generators.lock
