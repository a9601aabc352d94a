.DEFAULT_GOAL := help
PY := .venv/bin/python
RUN := $(CURDIR)/.venv/bin
export PATH := $(CURDIR)/.venv/bin:$(PATH)

.PHONY: help setup setup-dev demo test check format bench bench-decide fuzz survival lock docs clean

help: ## list what make can do
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 16

setup: ## install what running needs into .venv
	@sh scripts/setup.sh runtime

setup-dev: ## install what developing needs into .venv
	@sh scripts/setup.sh dev

demo: setup ## run the main job on real posts and reports, then serve (HEADLESS=1: exit after the summary)
	@$(PY) -m tidegate demo $(if $(HEADLESS),--headless)

test: setup-dev ## pass the tests, on an embedded PostgreSQL (TIDEGATE_TEST_DATABASE_URL: on another)
	@$(PY) -m pytest -n 2 $(TESTS)

check: setup-dev ## ruff, pyright strict, import rules
	@$(RUN)/ruff check . && $(RUN)/ruff format --check . && $(RUN)/basedpyright && $(RUN)/lint-imports

format: setup-dev ## let ruff mend what it can
	@$(RUN)/ruff check -q --fix . ; $(RUN)/ruff format -q .

bench: bench-decide ## every benchmark

bench-decide: setup-dev ## items and cases over HTTP, durable (QUICK=1: under a minute)
	@$(PY) -m benchmarks.decide

fuzz: setup-dev ## property-based fuzzing of the HTTP API from its OpenAPI
	@TIDEGATE_FUZZ_EXAMPLES=100 $(PY) -m pytest tests/web/test_fuzz.py

survival: setup-dev ## 20 rounds of kill -9 in a stream
	@TIDEGATE_SURVIVAL_ROUNDS=20 $(PY) -m pytest tests/journeys/test_survival.py

lock: setup-dev ## pin the dependencies anew
	@cd requirements && for l in runtime dev; do UV_SYSTEM_CERTS=1 $(RUN)/uv pip compile -q --python-version 3.11 \
	  --generate-hashes --no-emit-index-url --no-header --universal ../pyproject.toml \
	  $$( [ $$l = dev ] && echo --group ../pyproject.toml:dev ) -o $$l.lock; done

docs: setup-dev ## regenerate the pages that come from the code
	@$(PY) -m tidegate docs

clean: ## remove the environment and what was generated
	rm -rf .venv var build dist
