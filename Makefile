# What people do here. `package.json` scripts do the work.
SHELL := /bin/bash
.DEFAULT_GOAL := help

BOXES ?= 2
PORT ?= 8080
PROFILE ?= wifi
NODE_STAMP := node_modules/.package-lock.json

.PHONY: help setup build jam test check format clean
help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | column -t -s $$'\t'

$(NODE_STAMP): package.json package-lock.json .npmrc
	npm ci --no-audit --no-fund
	@touch $@

setup: $(NODE_STAMP) ## install what the project needs

build: setup ## compile everything
	npx tsc -b
	npx vite build sim/web --logLevel warn

check: setup ## types, lint, dead code
	npx tsc -b
	npx biome check --error-on-warnings .
	npx knip

format: setup ## let Biome tidy
	npx biome check --write .

clean: ## remove what was built
	rm -rf build
