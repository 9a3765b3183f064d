# make run    the app on http://localhost:8501 (PORT=8600 for another port)
# make test   the whole suite, with linters and a headless browser
# make lavis  LAVIS in an environment of its own (.venv-lavis, 2.3 GB), for --captioner lavis
# They install what is missing first; a second run starts in seconds.

PORT ?= 8501
PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check

# Idle OpenMP threads that spin instead of sleeping make two busy processes on one machine ten times slower.
export OMP_WAIT_POLICY := passive

.PHONY: run test lint bench lavis

run: .venv/run-ready
	@$(BIN)/python -m core import --demo
	@$(BIN)/python -m core fetch || echo "The app starts without its embedded teacher; 'python -m core doctor' says more."
	@$(BIN)/python -m streamlit run app/main.py --server.port $(PORT)

test: .venv/test-ready
	@$(BIN)/python -m core fetch smollm2-135m
	@$(MAKE) --no-print-directory lint
	@$(BIN)/python -m pytest

lint: .venv/test-ready
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

bench: .venv/test-ready
	@$(BIN)/python -m bench.case_study
	@$(BIN)/python -m bench.page
	@$(BIN)/python -m bench.counterfactual

# LAVIS pins a transformers of 2023, which works on Python 3.11; LAVIS_PYTHON names another one.
LAVIS_PYTHON ?= python3.11

lavis: .venv-lavis/ready

.venv-lavis/ready: requirements-lavis.txt
	@$(LAVIS_PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' || \
		{ echo "LAVIS needs Python 3.11; name yours with LAVIS_PYTHON=/path/to/python3.11"; exit 1; }
	@$(LAVIS_PYTHON) -m venv .venv-lavis
	@echo "Installing LAVIS into .venv-lavis: a few minutes, 2.3 GB."
	@.venv-lavis/bin/python -m pip install --quiet --disable-pip-version-check -r requirements-lavis.txt
	@touch $@

.venv/run-ready: requirements.txt requirements-embedded.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or newer is needed; name yours with PYTHON=python3.12"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@echo "Installing the app's packages into .venv: a few minutes the first time."
	@$(PIP) -r requirements.txt
	@$(PIP) --no-deps -r requirements-embedded.txt
	@touch $@

.venv/test-ready: .venv/run-ready $(wildcard requirements-*.txt) tests/install_browser.sh
	@$(PIP) -r requirements-test.txt
	@sh tests/install_browser.sh
	@touch $@
