.DEFAULT_GOAL := help
PY := .venv/bin/python
RUN := $(CURDIR)/.venv/bin
export PATH := $(CURDIR)/.venv/bin:$(PATH)
# Bytecode is kept: whoever starts dozens of processes would else compile the program in each.
export PYTHONDONTWRITEBYTECODE :=

BENCHES := decide index media text evasions lookback console find triage threats learning flood orders oversight

.PHONY: help setup setup-dev demo demo-two test test-long test-browser test-native check quick lint types types-src imports \
  test-quick format bench $(BENCHES:%=bench-%) fuzz survival \
  lock docs screenshots words clean sbom advisories dist

help: ## list what make can do
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 16

setup: ## install what running needs into .venv
	@sh scripts/setup.sh runtime $(if $(filter $@,$(MAKECMDGOALS)),again)

setup-dev: ## install what developing needs into .venv
	@sh scripts/setup.sh dev $(if $(filter $@,$(MAKECMDGOALS)),again)

demo: setup ## run the main job on real posts and reports, then serve (PORT=8420; HEADLESS=1: exit after the summary)
	@$(PY) -m tidegate demo $(if $(PORT),--port $(PORT)) $(if $(HEADLESS),--headless)

demo-two: setup ## an authority's order and a platform's hour, on both sides, in one turned day (HEADLESS=1: exit after it)
	@$(PY) -m demo.two $(if $(HEADLESS),--headless)

test: setup-dev ## pass the tests, on an embedded PostgreSQL; some: TESTS=tests/review/test_cases.py or TESTS="-k claim"
	@$(PY) -m pytest -n 2 --dist worksteal -m "not long" $(TESTS)

test-long: setup-dev ## what takes longer: browsers, kills, whole days, simulations, peers, all examples (what is missing is skipped)
	@$(PY) -m pytest -n 2 --dist worksteal -m "long or hypothesis" -rs $(TESTS)

test-browser: setup-dev ## the pages in a real Chromium (Debian: apt install chromium): journeys by mouse, keys and no script
	@$(PY) -m pytest -n 2 --dist worksteal -m long -rs tests/browser $(TESTS)

check: lint types imports ## ruff, pyright strict, import rules

quick: ## in half a minute: ruff, the types of src, import rules, the tests that need no server
	@$(MAKE) -k -j4 --no-print-directory lint types-src imports test-quick

lint: setup-dev
	@$(RUN)/ruff check . && $(RUN)/ruff format --check .

types: setup-dev
	@$(RUN)/basedpyright

types-src: setup-dev
	@$(RUN)/basedpyright src

imports: setup-dev
	@$(RUN)/lint-imports --no-logo

test-quick: setup-dev
	@$(PY) -m pytest --quick -n 0

format: setup-dev ## let ruff mend what it can
	@$(RUN)/ruff check -q --fix . ; $(RUN)/ruff format -q .

test-native: setup-dev ## the kernels under AddressSanitizer and UBSan, on random and hostile input
	@sh tests/native/run.sh

bench: $(BENCHES:%=bench-%) ## every benchmark (QUICK=1: each under a minute)

bench-decide: ## items and cases over HTTP, durable
bench-index: ## look-ups beside FAISS and threatexchange, up to 10 million codes
bench-media: ## pictures to codes, beside pdqhash and Pillow
bench-text: ## codes of texts and phrases, beside datasketch and pyahocorasick
bench-evasions: ## how many hidden phrases are found, and how many that are none
bench-lookback: ## a new entry and a new list against a million kept items
bench-find: ## finding among a million posts
bench-console: ## the pages with a hundred thousand open cases
bench-triage: ## a million texts into clusters and stories, beside datasketch and rensa
bench-learning: ## how well what is learnt from decisions orders, beside scikit-learn and river
bench-flood: ## crises replayed: how soon an urgent report is seen, against first in, first out
bench-threats: ## how many threats to life ring, what rings that is none, and how fast
bench-orders: ## legal orders and a million clocks beside a full stream: receipt, ring, action, desk, warnings
$(BENCHES:%=bench-%): bench-%: setup-dev
	@$(PY) -m benchmarks.$*

fuzz: setup-dev ## property-based fuzzing of the HTTP API from its OpenAPI
	@TIDEGATE_FUZZ_EXAMPLES=100 $(PY) -m pytest tests/web/test_fuzz.py

survival: setup-dev ## 20 rounds of kill -9 in a stream, the database away for 30 s in each
	@TIDEGATE_SURVIVAL_ROUNDS=20 $(PY) -m pytest tests/journeys/test_survival.py

sbom: ## what a release contains, as CycloneDX, from the locks: dist/tidegate.cdx.json
	@sh scripts/release.sh sbom

advisories: ## compare what is pinned with advisories in OSV form: FILE="osv.json advisories/ all.zip"
	@sh scripts/release.sh advisories $(FILE)

dist: ## a release archive, signed: KEY=release.key (make one with `sh scripts/release.sh key FILE`)
	@sh scripts/release.sh dist $(KEY)

lock: setup-dev ## pin the dependencies anew
	@cd requirements && set -e && pin() { UV_SYSTEM_CERTS=1 $(RUN)/uv pip compile -q --python-version 3.11 \
	  --generate-hashes --no-emit-index-url --no-header --universal "$$@"; } && \
	  pin ../pyproject.toml --extra formats -o runtime.lock && \
	  pin ../pyproject.toml --extra formats --extra otel --group ../pyproject.toml:dev -o dev.lock && \
	  pin ../pyproject.toml --extra formats --extra otel -c runtime.lock -o otel.lock && \
	  for l in bench bootstrap release zig; do pin -c runtime.lock $$l.in -o $$l.lock; done

docs: setup-dev ## regenerate the pages that come from the code
	@$(PY) -m tidegate docs

screenshots: setup-dev ## take the docs' pictures of the demo, in Chromium (Debian: apt install chromium)
	@$(PY) -m scripts.screenshots

words: setup-dev ## collect what is said to people, for translators: src/tidegate/web/locale/tidegate.pot
	@$(PY) -m scripts.words

clean: ## remove the environment and what was generated
	rm -rf .venv .venv-bench var build dist
