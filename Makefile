# The commands of this repository. `make` alone lists them.
SHELL := /bin/bash
export PATH := $(CURDIR)/node_modules/.bin:$(PATH)
PORT ?= 3000

.PHONY: help install build dev test e2e bench lint clean
help: ## list the commands
	@grep -E '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z0-9-]+):.*## /  make \1	/' | expand -t 18

install: node_modules/.installed ## install the npm packages (Node 24 is one of them)
# Not `npm ci`: it refuses a lock file made where the registry offers only this platform's optional packages.
node_modules/.installed: package.json package-lock.json $(wildcard */package.json examples/*/package.json)
	@echo "Installing the npm packages; the first time takes a minute or so …"
	@npm install --no-audit --no-fund --no-update-notifier --loglevel=error
	@touch $@

build: install ## compile the workspaces and the page
	@node tools/build.mjs

dev: build ## the whole system with the example, on http://localhost:3000 (PORT=…)
	@cd examples/weather && node ../../cli/bin/dagsterctl.js dev -w workspace.yaml -p $(PORT)

test: build ## lint, types and every test that needs no cluster
	@biome check .
	@npm run --silent typecheck -w ui
	@tsc -p examples/weather
	@tsc -p examples/features
	@tsc -p e2e
	@node tools/run-tests.mjs $(T)

e2e: build ## every test that needs a cluster; without KUBECONFIG it brings one up and takes it down (T=path for some)
	@node tools/run-e2e.mjs $(T)

bench: build ## measure beside the peers and write bench/RESULTS.md (B=name for one)
	@node bench/src/main.ts $(B)

lint: install ## check, and mend what can be mended
	@biome check --write .

clean: ## remove what was built
	@rm -rf */dist */*.tsbuildinfo node_modules/.installed
