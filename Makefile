# Two commands do all the set-up: `make run` and `make test`.

CARGO      ?= cargo
TARGET_DIR := $(if $(CARGO_TARGET_DIR),$(CARGO_TARGET_DIR),target)
WASM       := $(TARGET_DIR)/wasm32-wasip1/release
# Wasmtime takes minutes to compile: everything but the measurements uses the one that the tests are built with.
HOST       := $(TARGET_DIR)/debug/policy-host
BENCH_HOST := $(TARGET_DIR)/host/policy-host
PSP        := $(TARGET_DIR)/debug/kubectl-psp
SOURCES    := Cargo.toml Cargo.lock $(shell find src -name '*.rs')
HOST_FILES := host/Cargo.toml Cargo.toml Cargo.lock $(shell find host -name '*.rs')
PSP_FILES  := cli/Cargo.toml $(SOURCES) $(shell find cli/src -name '*.rs')
# The same packages and features each time, or dependencies would be compiled once more for each combination.
WORKSPACE  := --workspace --exclude floor --features pod-security-policy/guest
SIZE_LIMIT := 450

ORACLE     := conformance/oracle/oracle
SEED       ?= 1
CASES      ?= 20000
MINUTES    ?= 5

.PHONY: all run test lint fmt bench size e2e-tests conformance fuzz toolchain clean

all: policy.wasm

# The module that Kubewarden runs. cdylib alone: together with rlib it would lose link-time optimisation.
policy.wasm: $(SOURCES) | toolchain
	./scripts/wasm-cargo rustc --lib --crate-type cdylib --features guest --release
	cp $(WASM)/pod_security_policy.wasm $@

# What a call costs before a policy looks at it: the floor of every measurement.
floor.wasm: benches/floor/src/lib.rs Cargo.toml Cargo.lock | toolchain
	./scripts/wasm-cargo rustc --package floor --lib --crate-type cdylib --release
	cp $(WASM)/floor.wasm $@

$(HOST): $(HOST_FILES)
	$(CARGO) build $(WORKSPACE) --bin policy-host
	touch $@

$(PSP): $(PSP_FILES)
	$(CARGO) build $(WORKSPACE) --bin kubectl-psp
	touch $@

$(BENCH_HOST): $(HOST_FILES)
	$(CARGO) build --profile host --package policy-host
	touch $@

# Judges realistic pods with the module itself.
run: policy.wasm $(HOST)
	$(HOST) judge policy.wasm --settings-path examples/baseline.yaml examples/pods

test: policy.wasm floor.wasm
	$(CARGO) test $(WORKSPACE)

lint:
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets --features pod-security-policy/guest,conformance/module -- --deny warnings
	$(CARGO) check --no-default-features

fmt:
	$(CARGO) fmt --all

bench: policy.wasm floor.wasm $(BENCH_HOST)
	./scripts/bench $(BENCH_HOST)

size: policy.wasm
	@size=$$(stat --format=%s policy.wasm); echo "policy.wasm: $$size bytes, at most $(SIZE_LIMIT) KB"; \
	test $$size -le $$(($(SIZE_LIMIT) * 1000))

# Through kwctl where it is installed, else through policy-host.
e2e-tests: policy.wasm $(HOST) $(PSP)
	POLICY_HOST=$(HOST) KUBECTL_PSP=$(PSP) bats --print-output-on-failure e2e-tests

# The original PodSecurityPolicy code, behind JSON lines.
$(ORACLE): $(shell find conformance/oracle conformance/lines -name '*.go' -o -name 'go.*')
	cd conformance/oracle && go build -o oracle .

# Fresh cases, answered by the original and by the module: `make conformance SEED=7 CASES=100000`.
conformance: policy.wasm $(ORACLE)
	$(CARGO) build --profile host --package conformance --features module
	$(TARGET_DIR)/host/conformance compare --seed $(SEED) --cases $(CASES) --oracle $(ORACLE) --module policy.wasm

# Every target in turn, for so many minutes in all: `make fuzz MINUTES=30`.
fuzz:
	cd fuzz && $(CARGO) run --release -- --minutes $(MINUTES)

# Makes sure that something here can compile to wasm32-wasip1, and says what.
toolchain:
	@./scripts/toolchain

clean:
	$(CARGO) clean
	rm -f policy.wasm floor.wasm annotated-policy.wasm
