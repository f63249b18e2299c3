# Two commands do all the set-up: `make run` and `make test`.

CARGO      ?= cargo
TARGET_DIR := $(if $(CARGO_TARGET_DIR),$(CARGO_TARGET_DIR),target)
WASM       := $(TARGET_DIR)/wasm32-wasip1/release
# Wasmtime takes minutes to compile: everything but the measurements uses the one that the tests are built with, and
# `make run` none at all.
HOST       := $(TARGET_DIR)/debug/policy-host
RUN_HOST   := $(TARGET_DIR)/judge/policy-host
BENCH_HOST := $(TARGET_DIR)/host/policy-host
PSP        := $(TARGET_DIR)/debug/kubectl-psp
SOURCES    := Cargo.toml Cargo.lock .cargo/config.toml $(shell find src -name '*.rs')
HOST_FILES := host/Cargo.toml Cargo.toml Cargo.lock $(shell find host -name '*.rs')
PSP_FILES  := cli/Cargo.toml $(SOURCES) $(shell find cli/src -name '*.rs')
# The same packages and features each time, or dependencies would be compiled once more for each combination.
WORKSPACE  := --workspace --exclude floor --exclude registry --features pod-security-policy/guest
SIZE_LIMIT := 450
WEB_FILES  := $(SOURCES) $(shell find cli/src web/functions -name '*.rs' -o -name Cargo.toml)
PAGE_FILES := $(shell find web/page examples -type f) web/build.mjs questions-ui.yml

# kwctl where it is installed, else what does the same here.
KWCTL      ?= kwctl
ANNOTATOR  := $(or $(shell command -v $(KWCTL)),$(HOST))
# The module's version: one for the whole workspace.
VERSION    := $(shell sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)

ORACLE     := conformance/oracle/oracle
PSS_ORACLE := conformance/pss-oracle/pss-oracle
YAML_ORACLE := conformance/yaml-oracle/yaml-oracle
CLUSTER    := $(TARGET_DIR)/cluster/cluster
CONFORMANCE := $(TARGET_DIR)/debug/conformance
MUTATED    := $(TARGET_DIR)/cluster/mutated.jsonl
# Helm and kustomize, at the versions of charts/tools/go.mod.
TOOLS      := $(TARGET_DIR)/tools
SEED       ?= 1
CASES      ?= 20000
MINUTES    ?= 5
FAULTS     ?= src/rules/**

.PHONY: all run test world cluster cluster-tests cluster-tests-full chart chart-test recipes registry-test release-tests lint fmt deny docs bench bench-peers bench-server instructions size e2e-tests push reproducible conformance yaml-conformance fuzz mutants toolchain workflows clean web web-serve web-test

all: policy.wasm

# The module that Kubewarden runs. cdylib alone: together with rlib it would lose link-time optimisation.
policy.wasm: $(SOURCES) | toolchain
	@./scripts/timed "Compiling the module for WebAssembly (the first time: 2 to 3 minutes)" \
		./scripts/wasm-cargo rustc --lib --crate-type cdylib --features guest --release $(LOCKED)
	@./scripts/shrink $(WASM)/pod_security_policy.wasm $@ >&2

# The module with its metadata and USAGE.md in it.
annotated-policy.wasm: policy.wasm metadata.yml USAGE.md $(ANNOTATOR)
	$(ANNOTATOR) annotate policy.wasm --metadata-path metadata.yml --usage-path USAGE.md --output-path $@
	@echo "$@: $$(($$(wc -c <$@))) bytes"

# What a call costs before a policy looks at it: the floor of every measurement.
floor.wasm: benches/floor/src/lib.rs Cargo.toml Cargo.lock | toolchain
	./scripts/wasm-cargo rustc --package floor --lib --crate-type cdylib --release
	cp $(WASM)/floor.wasm $@

# As its tests need it: by itself its dependencies would have other features, and be compiled once more.
$(HOST): $(HOST_FILES)
	$(CARGO) test $(WORKSPACE) --no-run --test instances
	touch $@

$(PSP): $(PSP_FILES)
	$(CARGO) test $(WORKSPACE) --no-run --test command_line
	touch $@

$(BENCH_HOST): $(HOST_FILES)
	$(CARGO) build --profile host --package policy-host
	touch $@

# Runs modules in an interpreter, so that there is little to compile.
$(RUN_HOST): $(HOST_FILES)
	@./scripts/timed "Compiling a host that runs it (the first time: 1 to 2 minutes)" \
		$(CARGO) build --profile judge --package policy-host --no-default-features --features interpreter
	@touch $@

# Judges realistic pods with the module itself.
run: policy.wasm $(RUN_HOST)
	@$(RUN_HOST) judge policy.wasm --settings-path examples/baseline.yaml examples/pods

test: policy.wasm floor.wasm
	$(CARGO) test $(WORKSPACE)

# Through a registry and back. Needs Debian's docker-registry.
registry-test: annotated-policy.wasm $(HOST)
	POLICY_HOST=$(abspath $(HOST)) $(CARGO) test --package registry

# Helm and kustomize, from their Go modules: 5 minutes of CPU the first time, then seconds.
$(TOOLS)/helm: charts/tools/go.mod charts/tools/go.sum
	mkdir -p $(TOOLS)
	cd charts/tools && go build -trimpath -o $(abspath $(TOOLS))/ helm.sh/helm/v3/cmd/helm sigs.k8s.io/kustomize/kustomize/v5
	touch $@

# The chart and the examples for GitOps, through Helm, kustomize and a registry; alerts and health checks, as Prometheus and
# Argo CD evaluate them. Needs Go and docker-registry.
chart-test: $(TOOLS)/helm
	CHART_TOOLS=$(abspath $(TOOLS)) $(CARGO) test $(WORKSPACE) --test chart
	cd conformance/operations && go test ./...

$(TOOLS)/cosign: release-tests/go.mod release-tests/go.sum
	@./scripts/timed "Compiling cosign (the first time: 3 to 5 minutes)" \
		go build -C release-tests -trimpath -o $(abspath $@) github.com/sigstore/cosign/v3/cmd/cosign
	@touch $@

# A release on a registry of its own, signed with a stand-in for Sigstore, and what the documents do with it: cosign's commands,
# and kwctl's where it is installed. Needs Go and docker-registry.
release-tests: annotated-policy.wasm $(TOOLS)/cosign
	COSIGN=$(abspath $(TOOLS)/cosign) KWCTL=$(shell command -v $(KWCTL)) go test -C release-tests -count 1 ./...

# The chart as a file: pod-security-policy-VERSION.tgz.
chart: $(TOOLS)/helm
	$(TOOLS)/helm package charts/pod-security-policy

# A control plane in one binary: etcd, the API server, the controllers and kubectl. Needs Go.
$(CLUSTER): $(shell find cluster-tests -name '*.go' -not -name '*_test.go' -o -name 'go.*')
	@./scripts/timed "Compiling a Kubernetes control plane (the first time: 15 to 20 minutes)" \
		go build -C cluster-tests -o $(abspath $@) .

$(CONFORMANCE): $(shell find conformance/src src -name '*.rs')
	$(CARGO) test $(WORKSPACE) --no-run --test mutate
	@touch $@

# Starts it, prints the path of its kubeconfig, and stops it at Ctrl-C.
cluster: $(CLUSTER)
	$(CLUSTER) up

# The policy on a real control plane, and the documents followed on another one. POLICY_SERVER names Kubewarden's own policy
# server, to run it in place of `policy-host serve`; KUBEWARDEN_CRDS a folder with Kubewarden's own definitions; RUN selects
# tests, as in RUN=TestGrants.
SCENARIOS = CLUSTER=$(abspath $(CLUSTER)) POLICY_HOST=$(abspath $(HOST)) MODULE=$(abspath annotated-policy.wasm) \
	KUBECTL_PSP=$(abspath $(PSP)) HELM=$(abspath $(TOOLS)/helm) \
	MUTATED=$(abspath $(MUTATED)) go test -C cluster-tests -count 1 -timeout 60m $(if $(RUN),-run '$(RUN)')

# With 200 generated pods after their mutation, and 500 creations.
cluster-tests: annotated-policy.wasm $(HOST) $(PSP) $(TOOLS)/helm $(CLUSTER) $(CONFORMANCE)
	$(CONFORMANCE) mutate --seed $(SEED) --cases 700 --out $(MUTATED)
	$(SCENARIOS) ./...

# With all recorded pods and 2,000 generated ones, and 10,000 creations.
cluster-tests-full: annotated-policy.wasm $(HOST) $(PSP) $(TOOLS)/helm $(CLUSTER) $(CONFORMANCE)
	$(CONFORMANCE) mutate --seed $(SEED) --cases 2000 --out $(MUTATED) \
		conformance/golden/admission.jsonl.gz conformance/golden/generated.jsonl.gz
	PODS=100000 CREATES=10000 $(SCENARIOS) -v ./...

# Follows the recipes of CONTRIBUTING.md in copies of the code.
recipes:
	./scripts/recipes

lint:
	./scripts/format --check
	./scripts/vocabulary
	$(CARGO) clippy --workspace --all-targets --features pod-security-policy/guest,conformance/module -- --deny warnings
	$(CARGO) clippy --package policy-host --no-default-features --features interpreter -- --deny warnings
	$(CARGO) check --no-default-features

fmt:
	./scripts/format

# The workflows, by the rules of GitHub Actions.
workflows:
	go run github.com/rhysd/actionlint/cmd/actionlint@v1.7.10 .github/workflows/*.yml

# Licences, advisories and sources of all dependencies. Needs cargo-deny.
deny:
	@$(CARGO) deny --version >/dev/null 2>&1 || { echo "deny: cargo-deny is missing: cargo install cargo-deny --version 0.20.2 --locked" >&2; exit 1; }
	$(CARGO) deny --all-features check

# Writes what is generated: tables, the settings reference and its schema, Rancher's form, Artifact Hub's package.
docs: policy.wasm
	$(CARGO) xtask
	UPDATE_DOCS=1 $(CARGO) test $(WORKSPACE) --test docs --test package

bench: policy.wasm floor.wasm $(BENCH_HOST)
	./scripts/bench $(BENCH_HOST)

# This policy and other engines on the same pods, a minute; the first time Go compiles them for some more. Needs Go.
bench-peers: policy.wasm floor.wasm $(BENCH_HOST)
	./scripts/bench-peers $(BENCH_HOST)

# What policies cost within a policy server, about four minutes; POLICY_SERVER names Kubewarden's own.
bench-server: annotated-policy.wasm floor.wasm $(ANNOTATOR)
	$(ANNOTATOR) annotate floor.wasm --metadata-path metadata.yml --usage-path USAGE.md --output-path $(TARGET_DIR)/annotated-floor.wasm
	$(CARGO) bench --profile host --package policy-host --bench server -- \
		$(abspath $(TARGET_DIR)/annotated-floor.wasm) $(abspath annotated-policy.wasm) $(abspath benches/data/settings.yaml)

# Instructions of eight reviews against those in benches/instructions.json; RECORD=1 records today's.
instructions: policy.wasm $(HOST)
	@./scripts/instructions $(HOST) $(if $(RECORD),--record)

size: annotated-policy.wasm
	@./scripts/size $< $(SIZE_LIMIT)

# Through kwctl where it is installed, else through policy-host.
e2e-tests: annotated-policy.wasm $(ANNOTATOR) $(HOST) $(PSP)
	KWCTL=$(shell command -v $(KWCTL)) POLICY_HOST=$(HOST) KUBECTL_PSP=$(PSP) bats --print-output-on-failure e2e-tests

# Publishes the module: `make push REGISTRY=registry.example.com/policies`.
push: annotated-policy.wasm
	$(KWCTL) push $(PUSH_FLAGS) $< registry://$(or $(REGISTRY),$(error say where to: make push REGISTRY=...))/pod-security-policy:v$(VERSION)

# Each build of the module gives the same bytes: compares two builds in folders of different names.
reproducible: | toolchain
	./scripts/reproducible

# The original PodSecurityPolicy code, behind JSON lines.
$(ORACLE): $(shell find conformance/oracle conformance/lines -name '*.go' -o -name 'go.*')
	cd conformance/oracle && go build -o oracle .

# The original Pod Security Standards evaluator.
$(PSS_ORACLE): $(shell find conformance/pss-oracle conformance/lines -name '*.go' -o -name 'go.*')
	cd conformance/pss-oracle && go build -o pss-oracle .

# Fresh cases, answered by the original and by the module: `make conformance SEED=7 CASES=100000`.
conformance: policy.wasm $(ORACLE)
	$(CARGO) build --profile host --package conformance --features module
	$(TARGET_DIR)/host/conformance compare --seed $(SEED) --cases $(CASES) --oracle $(ORACLE) --module policy.wasm

# Every case of a small world, all laws, all short texts: the whole, 51 minutes of one processor. `make world SLICE=3/10` runs a part.
world: $(ORACLE) $(PSS_ORACLE)
	$(CARGO) build --profile host --package conformance
	./scripts/world $(TARGET_DIR)/host/conformance $(SLICE)

# kubectl's decoder of YAML, behind JSON lines.
$(YAML_ORACLE): $(shell find conformance/yaml-oracle conformance/lines -name '*.go' -o -name 'go.*')
	cd conformance/yaml-oracle && go build -o yaml-oracle .

# Fresh texts, read by kubectl's decoder and by the command line's: `make yaml-conformance SEED=7 CASES=200000`. FREEZE=1
# keeps kubectl's answers for `make test`.
yaml-conformance: $(YAML_ORACLE)
	YAML_ORACLE=$(abspath $(YAML_ORACLE)) SEED=$(SEED) CASES=$(CASES) FREEZE=$(FREEZE) \
		$(CARGO) test $(WORKSPACE) -p kubectl-psp --lib -- --ignored --nocapture fresh_yaml

# The page in which the module judges what people paste: one file, which needs nothing else.
web: web/dist/index.html

web/dist/index.html: policy.wasm web/functions.wasm $(PAGE_FILES) web/node_modules/.package-lock.json
	cd web && node build.mjs --functions functions.wasm --policy ../policy.wasm

# The command line's library for the page. Smaller matters more than faster: all of it is loaded before the first verdict.
# Flags in the environment take the place of the module's in .cargo/config.toml, which are for speed.
web/functions.wasm: export RUSTFLAGS = -C target-feature=+simd128 -C link-arg=--compress-relocations \
	--remap-path-prefix=$(or $(CARGO_HOME),$(HOME)/.cargo)=cargo --remap-path-prefix=$(CURDIR)=.
web/functions.wasm: $(WEB_FILES) | toolchain
	./scripts/wasm-cargo build --package web-functions --profile web $(LOCKED)
	WASM_OPT_LEVEL=-Oz ./scripts/shrink $(TARGET_DIR)/wasm32-wasip1/web/web-functions.wasm $@ >&2

web/node_modules/.package-lock.json: web/package-lock.json
	cd web && npm ci --ignore-scripts --no-audit --no-fund
	touch $@

# For a look: `make web-serve PORT=8000`.
web-serve: web
	cd web && PORT=$(or $(PORT),8000) node serve.mjs

# In a real Chromium, and the recorded cases in Node: `make web-test ALL=1` takes all of them.
web-test: web
	cd web && ALL=$(ALL) npm test

# Every target in turn, for so many minutes in all: `make fuzz MINUTES=30`.
fuzz:
	cd fuzz && $(CARGO) run --release -- --minutes $(MINUTES)

# Faults put into the rules, one at a time, to see that a test finds each. Needs cargo-mutants.
mutants:
	./scripts/mutants '$(FAULTS)'

# Makes sure that something here can compile to wasm32-wasip1, and says what.
toolchain:
	@./scripts/toolchain

clean:
	$(CARGO) clean
	rm -f policy.wasm floor.wasm annotated-policy.wasm
