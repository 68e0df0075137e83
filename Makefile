# make app [PORT=7860] [SHARE=1]     serve the app
# make test [ARGS="-k shuffle"]      run all tests, a real browser's included
# make lint, make typecheck          ruff (lint and format), mypy
# PYTHON=/path/to/python3.11         which Python to make .venv with

PYTHON ?= python3
PORT ?= 7860
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --disable-pip-version-check --quiet

.PHONY: app test lint typecheck
.DELETE_ON_ERROR:

app: $(VENV)/.app
	$(BIN)/python app.py --port $(PORT) $(if $(SHARE),--share)

test: $(VENV)/.test
	@$(BIN)/python tests/install_browser.py
	$(BIN)/python -m pytest $(ARGS)

lint: $(VENV)/.test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

typecheck: $(VENV)/.test
	$(BIN)/mypy vqgan_space

$(VENV)/.app: requirements.txt | $(VENV)/.made
	@echo "Installing what the app needs into $(VENV): PyTorch is large, this takes minutes once."
	$(PIP) -r requirements.txt
	@touch $@

$(VENV)/.test: requirements.txt train/requirements.txt tests/requirements.txt | $(VENV)/.made
	@echo "Installing what app, training and tests need into $(VENV): this takes minutes once."
	$(PIP) -r requirements.txt -r train/requirements.txt -r tests/requirements.txt
	@touch $(VENV)/.app $@

$(VENV)/.made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "vqgan-space needs Python 3.11 or newer: name one with PYTHON=/path/to/python3.11"; \
	  exit 1; }
	@$(PYTHON) -m venv $(VENV) || { \
	  echo "$(PYTHON) can't make a virtual environment: on Debian, apt-get install python3-venv"; \
	  exit 1; }
	@touch $@
