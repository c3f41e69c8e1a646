# Needs git, make and Python 3.11 or newer; everything else is installed into .venv
# from the lock. Another interpreter: make PYTHON=python3.12 ...

PYTHON ?= python3
BIN = .venv/bin

# The lock's text depends on the version of uv that writes it. For newer versions
# of everything in it: make lock LOCKFLAGS=--upgrade
UV_VERSION = 0.13.9
LOCKFLAGS =

UV_COMPILE = .uv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate \
	--no-emit-index-url --custom-compile-command 'make lock' $(LOCKFLAGS)

PIP_INSTALL = -m pip install --quiet --disable-pip-version-check
CHECK_PYTHON = $(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	|| { echo "meshspec needs Python 3.11 or newer, which '$(PYTHON)' is not: try make PYTHON=python3.12" >&2; exit 1; }

.PHONY: help example test istio-check argocd-check lint format update schema record bench fuzz fuzz-guided lock clean

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "%-12s  %s\n", $$1, $$2 }' Makefile

example: .venv/.installed ## print the manifests of the bookinfo example
	@$(BIN)/cmp generate examples/bookinfo --namespace bookinfo

test: lint ## run all checks: lint and the tests
	$(BIN)/pytest -n auto -q -rs

istio-check: .venv/.installed ## ask Istio's own webhook, analyzers and istiod; needs Go, and minutes the first time
	@echo "Istio's modules are fetched and compiled if they are not yet: 5 minutes and 3 GB or so, once"
	MESHSPEC_BUILD_ISTIO=1 $(BIN)/pytest -q -rs tests/conformance/test_istio.py tests/order/test_istiod.py

argocd-check: .venv/.installed ## ask Argo CD's own server of plugins, and its comparison; needs Go (the server 1.27), and minutes the first time
	@echo "Argo CD's modules are fetched and compiled if they are not yet: 10 minutes and 3 GB or so, once"
	MESHSPEC_BUILD_ARGOCD=1 $(BIN)/pytest -q -rs tests/conformance/test_argo.py
	MESHSPEC_BUILD_ARGOCD=1 $(BIN)/pytest -q -rs tests/contract -k argocd

lint: .venv/.installed ## check style, formatting, types and the layers
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: .venv/.installed ## fix style and formatting in place
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

update: .venv/.installed ## rewrite the golden files of the tests
	$(BIN)/pytest --update

schema: .venv/.installed ## regenerate the generated files
	$(BIN)/python -m tools.generate

record: .venv/.installed ## record what the release in the making promises not to change
	$(BIN)/python -m tools.release_goldens

bench: .venv/.installed ## measure a cold start
	$(BIN)/python benchmarks/cold.py

FUZZFLAGS = --seeds 0:20000
fuzz: .venv/.installed ## render damaged specs, and say what must not happen; FUZZFLAGS="--seeds 0:200000" for more
	$(BIN)/python -m tools.fuzz $(FUZZFLAGS)

GUIDEDFLAGS = --inputs 20000
fuzz-guided: .venv/.installed ## the same with hypothesis, and with atheris, which looks for inputs that reach more of the code
	$(BIN)/python -m tools.fuzz_hypothesis $(GUIDEDFLAGS)
	$(BIN)/python -m tools.fuzz_atheris $(GUIDEDFLAGS)

lock: .uv/bin/uv ## write the locks in requirements/ anew
	$(UV_COMPILE) --output-file requirements/dev.txt pyproject.toml requirements/build.in requirements/dev.in
	$(UV_COMPILE) --constraint requirements/dev.txt --output-file requirements/build.txt requirements/build.in
	$(UV_COMPILE) --constraint requirements/dev.txt --output-file requirements/runtime.txt pyproject.toml

clean: ## remove what make and the tools left behind
	rm -rf .venv .uv .cache build dist .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# All on stderr: the stdout of `make example` is the manifests and nothing else.
.venv/.installed: requirements/dev.txt pyproject.toml
	@{ $(CHECK_PYTHON); } && { \
		echo "Installing into .venv ..." && \
		$(PYTHON) -m venv .venv && \
		$(BIN)/python $(PIP_INSTALL) --require-hashes -r requirements/dev.txt && \
		$(BIN)/python $(PIP_INSTALL) --no-build-isolation --no-deps -e . && \
		touch $@; } >&2

.uv/bin/uv:
	@{ $(CHECK_PYTHON); } && { \
		$(PYTHON) -m venv .uv && \
		.uv/bin/python $(PIP_INSTALL) uv==$(UV_VERSION); } >&2
