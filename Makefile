# `make help` lists the targets. Everything is built into bin/; nothing is installed outside it but the
# distribution's packages that scripts/setup names.

GO       ?= go
VERSION  := $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)
BIN      := bin/testbed
SOURCES  := $(shell find cmd emulator -name '*.go' -not -name '*_test.go' 2>/dev/null) \
            $(shell find emulator -type f -not -name '*.go' -not -name '*.gz' -not -path '*/testdata/*' 2>/dev/null) go.mod go.sum
# What nodes and the fabric run, built into the controller. Without it, as after a bare `go build ./cmd/testbed`, they
# run the controller, which is larger and starts more slowly.
NODE     := emulator/internal/program/testbed-node.gz
FUZZTIME ?= 30s

export CGO_ENABLED = 0

.PHONY: help build demo paper test check bench fidelity fuzz e2e cross test-netem image clean

help: ## Show this list
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  %-10s %s\n", $$1, $$2}'

build: $(BIN) ## Build bin/testbed, one static binary with the small one of the nodes in it

$(BIN): $(SOURCES) $(NODE)
	$(GO) build -trimpath -tags nodeprogram -ldflags '-s -w -X main.version=$(VERSION)' -o $@ ./cmd/testbed

$(NODE): $(SOURCES)
	@mkdir -p bin
	$(GO) build -trimpath -ldflags '-s -w' -o bin/testbed-node ./cmd/testbed-node
	@gzip -9 -n <bin/testbed-node >$@.new && mv $@.new $@

demo: $(BIN) ## Run the main job: the four models, measured on an emulated IIoT edge and predicted (needs root)
	$(BIN) run scenarios/iiot.yaml

paper: $(BIN) ## The study's simulations: its three figures and its statements, checked, in results/paper (no root)
	$(BIN) simulate --paper -o results/paper

test: ## Install what the tests need, and run them all
	scripts/setup
	scripts/test

check: ## Formatting, vet, staticcheck, the architecture, and the build for other systems
	@unformatted=$$(gofmt -l cmd emulator); test -z "$$unformatted" || { echo "not formatted: $$unformatted"; exit 1; }
	$(GO) vet ./...
	$(GO) tool staticcheck ./...
	$(GO) test ./emulator/internal/architecture
	$(MAKE) --no-print-directory cross

cross: ## Compile for macOS and Windows (what needs no Linux runs there)
	GOOS=darwin GOARCH=arm64 $(GO) build -o /dev/null ./cmd/testbed
	GOOS=windows GOARCH=amd64 $(GO) build -o /dev/null ./cmd/testbed

bench: $(BIN) ## Benchmarks, and the time and memory of up and down, bare containers beside them (needs root)
	$(GO) test -run '^$$' -bench . -benchmem ./emulator/...
	scripts/bench

fidelity: $(BIN) ## Hold delays, rates and start-up times against what README states, on a quiet machine (needs root)
	scripts/fidelity

fuzz: ## Fuzz every reader of files and messages, FUZZTIME (30s) each
	scripts/fuzz $(FUZZTIME)

e2e: $(BIN) ## The end-to-end scripts against real namespaces (needs root)
	scripts/e2e

test-netem: ## Netem links and Docker nodes on kernels that have netem, in user-mode Linux and QEMU (scripts/lab)
	scripts/setup
	scripts/test-netem

image: $(BIN) ## The node image by hand: `testbed up` makes it by itself
	docker build -f images/Dockerfile -t tb-node:by-hand bin

clean: ## Remove what was built
	rm -rf bin $(NODE)
