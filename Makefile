# Two commands: `make up` runs Revocast, `make test` tests it. Both build .venv from the lock first.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
UV     := $(BIN)/uv
READY  := $(VENV)/.ready

# Releases younger than a week have not been looked at by many: the lock ends on this day.
LOCK_DATE := 2026-11-16

OFFLINE := signer.txt pkcs11.txt jobs.txt
ROOMS   := signer postgresql publisher responder registrar redis s3 pkcs11 awskms jobs embedded
COMPILE  = $(UV) --no-config pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	--no-emit-find-links --exclude-newer $(LOCK_DATE) --custom-compile-command "make lock" $(ARGS)

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help up setup test test-long check bench e2e chaos fuzz offline-bundle lock clean

help: ## This list
	@awk -F ':.*## ' '/^[a-z0-9]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

up: setup ## Run everything on this machine: make up [PKI=/path/to/easy-rsa/pki] [ARGS="--once"]
	@exec $(BIN)/revocast up $(if $(PKI),--pki "$(PKI)") $(ARGS)

setup: $(READY) ## Build .venv from the lock, and do no more

test: check ## Lint, types, import contracts, then the tests but the long ones: make test [TESTS=tests/responder]
	$(BIN)/pytest -n 3 --dist loadfile --no-loadscope-reorder -m "not long" $(TESTS)

test-long: setup ## The tests that take long, which make test leaves out: make test-long [TESTS=tests/whole]
	$(BIN)/pytest -n 3 --dist loadfile --no-loadscope-reorder -m long $(TESTS)

check: setup ## Lint, types and import contracts alone
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: setup ## Every benchmark, one after the other: make bench [BENCH=crl-reissue] [ARGS="--entries 100000 --json"]
	$(BIN)/python -m tests.bench $(or $(BENCH),all) $(ARGS)

e2e: setup ## The split site with 10,000 certificates, as processes: make e2e [ARGS="--certificates 1000 --keep"]
	@$(BIN)/python -m tests.e2e run $(ARGS)

chaos: setup ## The same while things go wrong: make chaos [SECONDS=600] [SEED=7] [ARGS=--keep]
	@$(BIN)/python -m tests.e2e chaos --seconds $(or $(SECONDS),600) $(if $(SEED),--seed $(SEED)) $(ARGS)

fuzz: setup ## Fuzz what reads octets of others, an hour in all: make fuzz [SECONDS=60] [ARGS="post response"]
	$(BIN)/python -m tests.fuzz --seconds $(or $(SECONDS),3600) $(ARGS)

offline-bundle: setup ## One archive with all that an offline signer needs, for the Python and platform of this machine
	rm -rf build/revocast-offline && mkdir -p build/revocast-offline/wheels dist
	$(BIN)/python -m pip wheel --quiet --disable-pip-version-check --no-deps --no-build-isolation --wheel-dir build/revocast-offline/wheels .
	$(BIN)/python -m pip download --quiet --disable-pip-version-check --require-hashes --only-binary :all: --dest build/revocast-offline/wheels $(addprefix -r requirements/,$(OFFLINE))
	cat $(addprefix requirements/,$(OFFLINE)) > build/revocast-offline/requirements.txt
	cd build/revocast-offline && find . -type f ! -name SHA256SUMS | LC_ALL=C sort | xargs sha256sum > SHA256SUMS
	tar --create --file dist/revocast-offline.tar --sort=name --owner=0 --group=0 --numeric-owner --directory build revocast-offline
	@sha256sum dist/revocast-offline.tar

lock: $(UV) ## Fit requirements/ to pyproject.toml; newest versions up to LOCK_DATE: make lock ARGS=--upgrade
	$(COMPILE) pyproject.toml --extra embedded --extra postgresql --extra s3 --extra pkcs11 --extra awskms --group build --group test -o requirements/dev.txt
	for room in $(ROOMS); do \
		$(COMPILE) pyproject.toml --extra $$room --constraint requirements/dev.txt -o requirements/$$room.txt || exit; done
	$(COMPILE) --group lock -o requirements/uv.txt

clean: ## Remove what was built; the data of `make up` stays
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .fuzz

$(UV): requirements/uv.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "error: Python 3.11 or newer is needed, and this is $$($(PYTHON) -V 2>&1): make PYTHON=python3.12" >&2; exit 2; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || \
		{ echo "error: $(PYTHON) has no venv: apt-get install python3-venv" >&2; exit 2; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all: -r requirements/uv.txt
	@touch $@

$(READY): $(UV) requirements/dev.txt pyproject.toml
	$(UV) pip sync --quiet --python $(BIN)/python --require-hashes --compile-bytecode requirements/dev.txt
	$(UV) pip install --quiet --python $(BIN)/python --offline --no-deps --no-build-isolation --editable .
	@touch $@
