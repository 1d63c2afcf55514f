# Kith's daily work. `make` alone lists what there is. Needed: make and Python 3.11; the rest installs itself.

PYTHON ?= python3.11
VENV   ?= .venv
PORT   ?= 8000
SERVE  ?= 1
SCALE  ?= S
ARGS   ?=

RUN    := "$(VENV)/bin/python"
MANAGE := $(RUN) manage.py
READY  := $(if $(filter .venv,$(VENV)),.venv/ready,need-venv)

# Whole files go to one process, and those that tests/conftest.py puts first are begun first. A test often waits for a
# server, so there is one process more than processors; browsers leave nothing to spare.
IN_PARALLEL = --numprocesses $(PROCESSES) --dist loadfile --no-loadscope-reorder
test: PROCESSES = $(shell "$(PYTHON)" -c 'import os; print(min(4, 1 + (os.cpu_count() or 1)))')
test-browser: PROCESSES = logical --maxprocesses 4

export PYTHONUNBUFFERED := 1
# Images of containers often forbid Python to keep what it compiled. Each of Kith's processes, of which the tests start a
# hundred, would then compile all of Kith again.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help env need-venv demo serve worker test test-crash test-browser lint format openapi bench clean distclean

help: ## List the targets.
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1|\2/p' Makefile | while IFS='|' read -r target text; do printf '%-18s %s\n' "$$target" "$$text"; done

env: $(READY) ## Make the environment .venv from requirements.lock.

demo: $(READY) ## Fill a demo company, print its report, serve the admin (SERVE=0: only the report; PORT=8000).
	@$(MANAGE) first_look --port "$(PORT)" $(if $(filter 0,$(SERVE)),--no-serve)

serve: $(READY) ## Serve the admin and the API with worker and beat (PORT=8000).
	@$(MANAGE) migrate --verbosity 0 && $(MANAGE) serve --port "$(PORT)" $(ARGS)

worker: $(READY) ## Run one more worker (ARGS='--concurrency 4').
	@$(RUN) -m celery -A config worker --loglevel INFO $(ARGS)

test: $(READY) ## Run the tests on private servers, or on those of DATABASE_URL and REDIS_URL (ARGS='-k money').
	@$(RUN) -m pytest -m "not browser" $(IN_PARALLEL) $(ARGS)

test-crash: $(READY) ## Kill worker, broker and database twenty times while 100,000 contacts are recomputed.
	@KITH_CRASH_ROUNDS=20 KITH_CRASH_CONTACTS=100000 $(RUN) -m pytest -m crash -s $(ARGS)

test-browser: $(READY) ## Drive the admin as people do, in Chromium (Debian: apt install chromium).
	@$(RUN) -m pytest -m browser $(IN_PARALLEL) $(ARGS)

lint: $(READY) ## Check style, format, types, imports, migrations and openapi.yaml.
	@$(RUN) -m ruff check
	@$(RUN) -m ruff format --check
	@$(RUN) -m mypy
	@"$(VENV)/bin/lint-imports"
	@$(MANAGE) makemigrations --check --dry-run
	@$(MANAGE) spectacular --validate --file .kith/openapi.yaml && cmp openapi.yaml .kith/openapi.yaml || \
		{ echo "openapi.yaml differs from the code: run 'make openapi' and commit it." >&2; exit 1; }

format: $(READY) ## Format the code and mend what ruff can mend.
	@$(RUN) -m ruff format && $(RUN) -m ruff check --fix

openapi: $(READY) ## Write openapi.yaml from the code.
	@$(MANAGE) spectacular --validate --file openapi.yaml

bench: $(READY) ## Measure the product beside its floors; the table goes to benchmarks/results (SCALE=S).
	@$(RUN) -m benchmarks --scale "$(SCALE)" $(ARGS)

clean: ## Stop this checkout's own servers and remove their data, and so the demo company.
	@$(call need_python)
	@"$(PYTHON)" -m config.embedded clean
	@rm -rf staticfiles .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis

distclean: clean ## Remove the environment .venv too, and what Python compiled.
	@rm -rf .venv
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/ready: requirements.lock config/environment.py
	@$(call need_python)
	@"$(PYTHON)" config/environment.py

need-venv:
	@test -x "$(VENV)/bin/python" || \
		{ echo "Kith: there is no environment in $(VENV): leave VENV out, and one is made in .venv." >&2; exit 1; }

define need_python
command -v "$(PYTHON)" >/dev/null 2>&1 || \
	{ echo "Kith: $(PYTHON) was not found: install Python 3.11 (Debian 12: apt install python3.11), or name yours with PYTHON=…" >&2; exit 1; }; \
"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	{ echo "Kith: $(PYTHON) is older than Python 3.11: name a newer one with PYTHON=…" >&2; exit 1; }
endef
