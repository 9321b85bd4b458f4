# `make help` lists the targets. Everything is built into bin/; nothing is installed outside it but the
# distribution's packages that scripts/setup names.

GO       ?= go
VERSION  := $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)
BIN      := bin/testbed
SOURCES  := $(shell find cmd emulator -name '*.go' -not -name '*_test.go' 2>/dev/null) \
            $(shell find emulator -type f -not -name '*.go' -not -name 'testbed-node*' -not -path '*/testdata/*' 2>/dev/null) go.mod go.sum
# What nodes and the fabric run, built into the controller. Without it, as after a bare `go build ./cmd/testbed`, they
# run the controller, which is larger and starts more slowly.
NODE     := emulator/internal/program/testbed-node.zst
# No server that the programs talk to speaks HTTP/2 alone.
TAGS     := nethttpomithttp2
# Bytes that the controller and the node program may have (`make size`; emulator/README.md says what weighs what).
MOST_BIN  := 33200000
MOST_NODE := 9250000
FUZZTIME ?= 30s
# Tools at fixed versions, fetched as Go modules when a target first needs them.
LINT      := v2.12.2
DEADCODE  := golang.org/x/tools/cmd/deadcode@v0.51.0
VULNCHECK := golang.org/x/vuln/cmd/govulncheck@v1.9.0
BENCHSTAT := golang.org/x/perf/cmd/benchstat@v0.0.0-20260908200009-22c9c6c9d4da
# The benchmarks that need no root, six times each: fewer give benchstat no confidence interval.
BENCHED    ?= ./emulator/predict/transport ./emulator/placement ./emulator/topology/synth ./emulator/campaign/study
BENCHMARKS  = $(GO) test -run '^$$' -bench . -benchmem -benchtime 0.2s -count 6 $(BENCHED)

export CGO_ENABLED = 0

.PHONY: help build demo paper study test check size lint bench bench-baseline bench-compare fidelity fuzz e2e functions cross test-netem image clean

help: ## Show this list
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  %-14s %s\n", $$1, $$2}'

build: $(BIN) ## Build bin/testbed, one static binary with the small one of the nodes in it

$(BIN): $(SOURCES) $(NODE)
	$(GO) build -trimpath -tags nodeprogram,urfave_cli_no_docs,$(TAGS) -ldflags '-s -w -X main.version=$(VERSION)' -o $@ ./cmd/testbed

bin/testbed-node: $(SOURCES)
	$(GO) build -trimpath -tags $(TAGS) -ldflags '-s -w' -o $@ ./cmd/testbed-node

# Packed by a program of this system, for whichever the others are built.
$(NODE): bin/testbed-node scripts/pack/main.go
	@GOOS= GOARCH= $(GO) run ./scripts/pack <bin/testbed-node >$@.new && mv $@.new $@

demo: $(BIN) ## Run the main job: the four models, measured on an emulated IIoT edge and predicted (needs root)
	$(BIN) run scenarios/iiot.yaml

paper: $(BIN) ## The study's simulations: its three figures and its statements, checked, in results/paper (no root)
	$(BIN) simulate --paper -o results/paper

study: $(BIN) ## The study emulated and predicted: its figures and statements by each engine, in results/study (needs root)
	$(BIN) study --into results/study

test: ## Install what the tests need, and run them all
	scripts/setup
	scripts/test

check: ## Formatting, vet, staticcheck, the architecture, sizes, the build for other systems, known vulnerabilities
	@unformatted=$$(gofmt -l cmd emulator scenarios scripts); test -z "$$unformatted" || { echo "not formatted: $$unformatted"; exit 1; }
	$(GO) vet ./...
	$(GO) tool staticcheck ./...
	$(GO) test ./emulator/internal/architecture
	$(MAKE) --no-print-directory size cross
	@scripts/vulncheck $(VULNCHECK)

size: $(BIN) bin/testbed-node ## Fail where the controller or the node program is larger than it may be
	@scripts/size $(BIN) $$(wc -c <$(BIN)) $(MOST_BIN)
	@scripts/size bin/testbed-node $$(wc -c <bin/testbed-node) $(MOST_NODE)

lint: bin/golangci-lint ## golangci-lint (.golangci.yml) and deadcode; the first time it builds golangci-lint into bin/
	bin/golangci-lint run ./...
	@dead=$$($(GO) run $(DEADCODE) -test ./...) || exit 1; test -z "$$dead" || { echo "$$dead"; exit 1; }

bin/golangci-lint:
	@echo "building golangci-lint $(LINT) into bin/ (once, a minute or two)"
	@mkdir -p bin
	GOBIN=$(CURDIR)/bin $(GO) install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(LINT)

cross: ## Compile for macOS and Windows (what needs no Linux runs there)
	GOOS=darwin GOARCH=arm64 $(GO) build -o /dev/null ./cmd/testbed
	GOOS=windows GOARCH=amd64 $(GO) build -o /dev/null ./cmd/testbed

bench: $(BIN) ## Benchmarks, and the time and memory of up and down, bare containers beside them (needs root)
	$(GO) test -run '^$$' -bench . -benchmem ./emulator/...
	scripts/bench

bench-baseline: ## Keep today's benchmarks as results/baseline/bench.txt (on a quiet machine)
	@mkdir -p bin
	$(BENCHMARKS) >bin/bench.txt || { cat bin/bench.txt; exit 1; }
	cp bin/bench.txt results/baseline/bench.txt

bench-compare: ## Benchmarks against those in results/baseline/bench.txt, with benchstat (same machine, quiet)
	@mkdir -p bin
	$(BENCHMARKS) >bin/bench.txt || { cat bin/bench.txt; exit 1; }
	$(GO) run $(BENCHSTAT) results/baseline/bench.txt bin/bench.txt

fidelity: $(BIN) ## Hold delays, rates and start-up times against what README states, on a quiet machine (needs root)
	scripts/fidelity
	QUIET_MACHINE=1 $(GO) test -count=1 -run '^TestPace$$' ./emulator/influx
	QUIET_MACHINE=1 REQUIRE_PRIVILEGED=1 $(GO) test -count=1 -run '^TestConformance$$' ./emulator/fabric/spread
	QUIET_MACHINE=1 $(GO) test -count=1 -timeout 30m -run '^Test(FloodsGetEveryOpportunity|TransfersTakeAsLongAsPredicted)$$' \
		./emulator/fabric/userspace
	QUIET_MACHINE=1 $(GO) test -count=1 -timeout 40m -run \
		'^(TestReplaysAgree|TestDispatchHalvesTheTailMeasured|TestUnavailability|TestStartsOfContainersAreInUnavailability|TestHogsOnEachCore|TestFunctionsIn(AllModels|Containers))$$' ./emulator
	QUIET_MACHINE=1 REQUIRE_PRIVILEGED=1 $(GO) test -count=1 -timeout 60m -v -run \
		'^(TestAsOnOneMachine|TestStartsInTheTimeOfAShare)$$' ./emulator/machines/carrier/carriertest

fuzz: ## Fuzz every reader of files and messages, FUZZTIME (30s) each
	scripts/fuzz $(FUZZTIME)

functions: ## Build the examples of functions in Go (scenarios/functions) into bin/functions
	$(GO) build -trimpath -o bin/functions/ ./scenarios/functions/...

e2e: $(BIN) ## The end-to-end scripts against real namespaces (needs root)
	scripts/e2e
	scripts/e2e-network

test-netem: ## Netem links and Docker nodes on kernels that have netem, in user-mode Linux and QEMU (scripts/lab)
	scripts/setup
	scripts/test-netem

image: $(BIN) ## The node image by hand: `testbed up` makes it by itself
	docker build -f images/Dockerfile -t tb-node:by-hand bin

clean: ## Remove what was built
	rm -rf bin $(NODE)
