# Two commands do everything: `make demo` and `make test`. They need Python 3.11 or newer and git, nothing else.

.DEFAULT_GOAL := help
.PHONY: help demo test lint format index picture tutorial docs docs-serve browser parity probing precision speed latency vscode clean

# The first Python that is new enough; `make PYTHON=/path/to/python …` picks another.
PYTHON ?= $(shell for python in python3.11 python3.12 python3.13 python3 python; do \
	"$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo "$$python" && break; done)

# Paths are relative, so that a checkout may lie in a directory with spaces in its name.
VENV := .venv
RUN := $(VENV)/bin/python -m
INSTALL := $(RUN) pip install --disable-pip-version-check --quiet --constraint constraints.txt --editable
WORKERS ?= auto

# What `make demo` runs: every program that the project grew from, and some bugs that users have reported.
DEMO := fixtures/seeds $(addprefix fixtures/reports/, dropout_off_in_train_step.py earlystopping_without_validation.py \
	metrics_never_reset.py no_shuffle_custom_vs_fit.py reduction_none_in_manual_step.py) \
	$(addprefix fixtures/broken/, forward_outside_tape_step_function.py update_mismatch_gan_class.py)

help:
	@echo 'make demo       lint broken programs from fixtures/ and run each for a few steps'
	@echo 'make test       run the tests and every gate: ruff, mypy, import-linter, the wheel'
	@echo 'make lint       run only ruff and mypy'
	@echo 'make format     let ruff format and fix the code'
	@echo 'make index      write again what is made of the code: the index of the rules, the keys of the configuration, the commands'
	@echo 'make picture    draw the pictures of the README again'
	@echo 'make tutorial   type the tutorial'\''s commands again and write down what they print'
	@echo 'make docs       build the documentation site in site/ (make docs-serve: and show it at http://localhost:8000)'
	@echo 'make browser    look at pages of the HTML report and of the site with a real browser, which must be there (chromium)'
	@echo 'make parity     run many small training programs under the probe: does it know where they differ from fit?'
	@echo 'make probing    time `tapelint check --probe` on 20 scripts beside their steps and two imports of TensorFlow'
	@echo 'make precision  lint other people'\''s packages (downloads them) and compare with what readers judged'
	@echo 'make speed      time tapelint and flake8 on the same files of other people'\''s packages (downloads them)'
	@echo 'make vscode     build the VS Code extension, editors/vscode/tapelint.vsix (needs node)'
	@echo 'make latency    time the language server: how long after a change its findings are there'
	@echo 'make clean      remove the virtual environment and the caches'

demo: $(VENV)/with-probe
	$(VENV)/bin/tapelint check --probe --allow-unconfined --exit-zero $(DEMO)

test: $(VENV)/with-tests
	$(RUN) pytest --numprocesses $(WORKERS) --dist loadgroup

lint: $(VENV)/with-tests
	$(RUN) ruff check .
	$(RUN) ruff format --check .
	$(RUN) mypy

format: $(VENV)/with-tests
	$(RUN) ruff check --fix .
	$(RUN) ruff format .

index: $(VENV)/with-tests
	$(RUN) docs.index
	$(RUN) docs.keys
	$(RUN) docs.options

picture: $(VENV)/with-tests
	$(VENV)/bin/python docs/picture.py

tutorial: $(VENV)/with-tests
	$(RUN) docs.session

docs: $(VENV)/with-docs
	$(RUN) sphinx --quiet --fresh-env --fail-on-warning --conf-dir docs/site --doctree-dir build/doctrees . site

docs-serve: docs
	$(RUN) http.server --bind localhost --directory site 8000

browser: $(VENV)/with-tests docs
	$(RUN) tests.report.browser
	$(RUN) tests.report.browser $(addprefix site/, index.html tutorial.html rules/gradients-not-applied.html)

parity: $(VENV)/with-probe
	$(RUN) benchmarks.parity

probing: $(VENV)/with-probe
	$(RUN) benchmarks.probing

precision: $(VENV)/bin/tapelint
	$(RUN) benchmarks.precision

speed: $(VENV)/bin/tapelint
	$(RUN) benchmarks.speed
	$(RUN) benchmarks.speed --growth --rounds 1

latency: $(VENV)/with-tests
	$(RUN) benchmarks.latency

vscode:
	cd editors/vscode && npm ci && npm run package

clean:
	rm -rf $(VENV) build dist site .tapelint_cache .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache
	rm -rf editors/vscode/node_modules editors/vscode/dist editors/vscode/out editors/vscode/tapelint.vsix
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# What the tests need includes the probe, so that one installation serves both commands.
$(VENV)/with-tests: pyproject.toml constraints.txt | $(VENV)/bin/python
	@echo 'Installing tapelint with its probe and its tests (a few minutes, once) …'
	$(INSTALL) '.[dev]'
	@touch $(VENV)/with-probe $(VENV)/with-docs $@

# What builds the site needs no TensorFlow.
$(VENV)/with-docs: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(INSTALL) '.[docs]'
	@touch $@

# Only the linter, for what needs neither TensorFlow nor the tests.
$(VENV)/bin/tapelint: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(INSTALL) .
	@touch $@

$(VENV)/with-probe: pyproject.toml constraints.txt | $(VENV)/bin/python
	@echo 'Installing tapelint with its probe (a few minutes, once) …'
	$(INSTALL) '.[probe]'
	@touch $@

$(VENV)/bin/python:
	@'$(PYTHON)' -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	echo "tapelint needs Python 3.11 or newer (PYTHON is '$(PYTHON)'): make PYTHON=/path/to/python3.11 …" >&2; exit 1; }
	@'$(PYTHON)' -m venv $(VENV) || { rm -rf $(VENV); exit 1; }
