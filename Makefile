# Linecall: every word that one types. `make` alone shows them.
.DEFAULT_GOAL := help
SHELL := bash
PY := .venv/bin/python

# Two cores are enough for two test processes; JOBS=0 runs them one after the other.
JOBS ?= 2
# Tests that kill and wait for processes leave the processor to others for half of their time.
MORE_JOBS ?= 3
PLANT ?= fixtures/plants/riverside
# What a campaign does more of than `make test` and `make bench` do.
KILLS ?= 1000
MESSAGES ?= 2000
FUZZ ?= 1800
STEPS ?= 1000000
DUE_TIMES ?= 100000

.PHONY: help
help: ## this list
	@echo "Linecall: from a message on the shop floor to a closed exception in ERP."
	@echo
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo
	@echo "  Every word sets itself up in .venv; the first one needs Python 3.11+ with venv, and a package index."

.PHONY: demo
demo: .venv/runtime.done ## play a recorded shift of the sample plant: no account, no key, no network
	@.venv/bin/linecall demo

.PHONY: run
run: .venv/runtime.done ## open that plant's chat page and board in your browser
	@LINECALL_PLAY=1 .venv/bin/linecall run --plant $(PLANT)

# Rules, reading, words, the plant folder and a few stories: under a minute. Everything else waits for `make test`.
STORIES := $(addprefix tests/stories/test_,breakdown.py in_pieces.py why.py)
BORDERS := $(addprefix tests/integrations/test_,flat_files.py gate.py plant_folder.py rules_yaml.py)
FAST := tests/test_house.py tests/workflow tests/nlp tests/bot $(STORIES) $(BORDERS)
.PHONY: check
check: .venv/dev.done ## lint, types, import arrows and the fast tests: before each commit
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check .
	@$(PY) -m mypy
	@.venv/bin/lint-imports
	@$(PY) -m pytest -n $(JOBS) -m "not slow and not browser and not postgresql and not kill and not campaign" $(FAST)

.PHONY: test
test: .venv/dev.done ## every test, on SQLite and PostgreSQL, in Chromium, under kill -9, and a short bench
	@$(PY) -m pytest -n $(MORE_JOBS) --dist worksteal -m "not campaign"
	@$(PY) -m bench.latency --messages 5 --smoke
	@$(PY) -m bench.understanding --smoke
	@$(PY) -m bench.posting --cases 0 --postings 200 --erp-ms 1 --smoke
	@$(PY) -m bench.reports --reports 23 --stored 100 --smoke

.PHONY: media
media: requirements/media.lock .venv/runtime.done ## add what reads photos and scanned forms (300 MB)
	@tools/set-up media

.PHONY: train
train: .venv/dev.done ## learn the votes of understanding again from fixtures/phrasings; ten minutes
	@$(PY) -m tools.train

.PHONY: bench
bench: .venv/dev.done ## the figures of docs/benchmarks.md, in a size that ends within minutes
	@$(PY) -m bench.latency
	@$(PY) -m bench.understanding --growth 20000
	@$(PY) -m bench.timers --open 100000 --rate 25 --seconds 10
	@$(PY) -m bench.posting --cases 30 --postings 1000
	@$(PY) -m bench.reports --stored 100000

.PHONY: campaign
campaign: .venv/dev.done ## the long runs, hours; what they found goes into docs/campaigns.md
	@LINECALL_TEST_KILLS=$(KILLS) LINECALL_TEST_POSTINGS=1000 LINECALL_TEST_POSTING_KILLS=20 LINECALL_TEST_CRASHES=100000 $(PY) -m pytest -m kill -s
	@LINECALL_TEST_HOOKS=100000 $(PY) -m pytest tests/integrations/test_hooks.py
	@LINECALL_TEST_ORDERS=10000 $(PY) -m pytest tests/integrations/test_any_order.py
	@LINECALL_TEST_SENDS=10000 $(PY) -m pytest tests/stories/test_ambiguous_sends.py
	@for chat in telegram slack whatsapp; do $(PY) -m bench.channels --chat $$chat || exit 1; done
	@$(PY) -m bench.posting --cases 500
	@$(PY) -m bench.latency --messages $(MESSAGES)
	@$(PY) -m bench.understanding --growth 200000
	@LINECALL_TEST_RACES=10000 $(PY) -m pytest tests/db/test_races_of_answers.py
	@$(PY) -m bench.timers
	@$(PY) -m pytest -m campaign
	@LINECALL_TEST_DUE_TIMES=$(DUE_TIMES) $(PY) -m pytest tests/workflow/test_due_times.py
	@LINECALL_TEST_STEPS=$(STEPS) $(PY) -m pytest tests/stories/test_any_shift.py
	@LINECALL_TEST_COURSE=$(STEPS) $(PY) -m pytest tests/stories/test_any_course.py
	@$(PY) -m tests.nlp.fuzz --seconds $(FUZZ)
	@$(PY) -m tests.nlp.guided_fuzz --seconds $(FUZZ)

# Only the default package index decides what is locked: no local wheels, no second index, no cached build.
LOCK := env -u PIP_FIND_LINKS -u PIP_EXTRA_INDEX_URL PIP_CONFIG_FILE=/dev/null \
  .venv/bin/pip-compile --quiet --generate-hashes --strip-extras --allow-unsafe --no-header \
  --no-emit-index-url --no-emit-find-links --no-emit-trusted-host --build-deps-for editable --extra postgresql --extra telegram \
  --extra slack --extra whatsapp --extra email
.PHONY: lock
lock: .venv/dev.done ## pin every package again, with hashes (UPGRADE=1: to the newest versions)
	$(LOCK) $(if $(UPGRADE),--upgrade) --output-file requirements/runtime.lock pyproject.toml
	$(LOCK) $(if $(UPGRADE),--upgrade) --extra media --constraint requirements/runtime.lock \
	  --output-file requirements/media.lock pyproject.toml
	$(LOCK) $(if $(UPGRADE),--upgrade) --extra media --extra otel --extra dev --constraint requirements/media.lock \
	  --output-file requirements/dev.lock pyproject.toml

.PHONY: clean
clean: ## remove .venv, caches and what the demo left
	rm -rf .venv linecall-data linecall-demo dist .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/runtime.done: requirements/runtime.lock
	@tools/set-up runtime

.venv/dev.done: requirements/dev.lock .venv/runtime.done
	@tools/set-up dev
