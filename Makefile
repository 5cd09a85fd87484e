# The commands of the workstation; `make help` lists them. Nothing has to be run before any of them.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:

# PYTHON=/path/to/python3.12 picks another interpreter to make .venv with.
PYTHON ?=
VENV := .venv
RUN := $(VENV)/bin/python -m
, := ,
READY := $(VENV)/.ready
QUICK_OPTION := $(if $(filter-out 0,$(QUICK)),--quick)
DATA_OPTION := $(if $(DATA),--data $(DATA))

ifneq ($(and $(ARGS),$(word 2,$(MAKECMDGOALS))),)
$(error ARGS are options of one command, and $(MAKECMDGOALS) are several; run them one after another)
endif

.PHONY: help train convert test test-long lint bench demo install uninstall clean

help: ## this list
	@echo "make TARGET, with"
	@sed -nE 's/^([a-z-]+):[^#]*## (.*)/  \1\t\2/p' $(firstword $(MAKEFILE_LIST)) | expand -t 12
	@echo "options: QUICK=1 (the whole way in minutes, into build/quick), DATA=\"real DIR\" (--data, for train), ARGS=\"…\" (more of the command's options)"

train: $(READY) ## real digits → runs/*.keras, float32
	$(RUN) train $(QUICK_OPTION) $(DATA_OPTION) $(ARGS)

convert: $(READY) ## runs/*.keras → models/*.tflite and *.onnx in int8, with their cards
	$(RUN) convert $(QUICK_OPTION) $(ARGS)

test: lint ## lint, types and all tests; ARGS="tests/edge -k wheel" for some
	$(RUN) pytest $(ARGS)

test-long: $(READY) ## the long ones in full: 200 kills, 50 broker restarts, the year, 10,000 damaged frames, 200,000 frames of the daemon; some hours
	DIGITD_LONG=1 $(RUN) pytest tests/system $(ARGS)

lint: $(READY) ## ruff and mypy
	$(RUN) ruff check .
	$(RUN) ruff format --check .
	$(RUN) mypy

bench: $(READY) ## speed: int8 ONNX and TFLite against the float32 of the same network; a reading against its network; a cold start
	$(RUN) bench.reading
	$(RUN) bench.cold
	$(RUN) bench $(ARGS)

demo: $(READY) ## a rendered counter that runs, and what is read of it, live in the terminal; ARGS="--frames 100"
	$(RUN) edge demo $(ARGS)

install: ## on the Raspberry Pi, as root: digitd as a service (venv in /opt/digitd, unit, configuration, data folder)
	@systemd/install.sh

uninstall: ## take the service away; configuration and readings stay
	@systemd/uninstall.sh

clean: ## remove .venv, build/ and caches; what was trained stays in runs/
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find edge train convert tests bench -name __pycache__ -prune -exec rm -rf {} +

# Made anew when what it must hold changes. uv, where there is one, also finds or gets a Python that fits.
$(READY): pyproject.toml
	@rm -rf $(VENV); \
	fits='import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))'; \
	if command -v uv >/dev/null; then \
		uv venv --quiet --python "$(or $(PYTHON),>=3.11$(,)<3.14)" $(VENV); \
		uv pip install --quiet --python $(VENV)/bin/python -e '.[workstation,dev]'; \
	else \
		for python in $(or $(PYTHON),python3 python3.13 python3.12 python3.11); do \
			if "$$python" -c "$$fits" 2>/dev/null; then found=$$python; break; fi; \
		done; \
		if [ -z "$${found:-}" ]; then \
			named=$(or $(PYTHON),python3); \
			echo "make: found $$("$$named" --version 2>/dev/null || echo "no $$named"); digitd needs Python 3.11 to 3.13." \
				"Install one, or name it: make PYTHON=/path/to/python3.12 …" >&2; exit 1; \
		fi; \
		if ! "$$found" -c 'import ensurepip' 2>/dev/null; then \
			echo "make: $$found cannot make virtual environments; on Debian, Ubuntu and Raspberry Pi OS:" \
				"sudo apt install python3-venv" >&2; exit 1; \
		fi; \
		echo "making $(VENV) with $$("$$found" --version): TensorFlow and the rest, some minutes the first time"; \
		"$$found" -m venv $(VENV); \
		$(RUN) pip install --quiet --disable-pip-version-check -e '.[workstation,dev]'; \
	fi; \
	touch $@
