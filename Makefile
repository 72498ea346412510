# make help tells what there is. The work is done by scripts/, which run by themselves too.

.PHONY: help build test lint console bench hostile fuzz generate setup

help: ## show this
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

build: ## build bin/magpie
	go build -trimpath -o bin/magpie ./cmd/magpie

test: ## everything that must hold: lint, then all tests on both engines; installs PostgreSQL if it is missing
	@scripts/test

lint: ## formatting, go vet, staticcheck, and known vulnerabilities where their database can be reached
	@scripts/lint

console: ## build the web console anew from web/src into web/dist, which is committed
	cd web && npm ci --no-audit --no-fund --ignore-scripts && npm run build

bench: ## measure; see docs/operating.md
	@scripts/bench

hostile: ## read every file that was made to hurt, and print what it took; for a machine that does nothing else
	@scripts/hostile

fuzz: ## fuzz every reader of files, FUZZTIME=1h each
	@scripts/fuzz

generate: ## rewrite what is generated from api/macie2.json and from the code
	go generate ./...

setup: ## install what the tests need: PostgreSQL (Debian and Ubuntu)
	@scripts/setup
