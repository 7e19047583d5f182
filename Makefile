# Every target first installs what it needs. `make help` lists them.
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
SHELL := /bin/bash
# uv compiles no modules, so Python must keep what it compiled, or each start takes seconds longer
unexport PYTHONDONTWRITEBYTECODE

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
ENGINE_VENV := engine/.venv
ENGINE_INSTALLED := $(ENGINE_VENV)/.installed
RUBY_CHECKED := $(VENV)/.ruby-checked
GREETED := $(VENV)/.greeted
DIGITS := $(basename $(wildcard data/MNIST/raw/*.gz))
READY := $(INSTALLED) $(DIGITS)
POSTS ?=
BUILD_OPTIONS := $(if $(FORCE),--force) $(if $(JOBS),--jobs $(JOBS)) $(POSTS)

DEBIAN := jekyll bundler jekyll-theme-minima ruby-jekyll-feed ruby-jekyll-seo-tag \
	ruby-jekyll-sitemap ruby-jekyll-toc ruby-jekyll-archives ruby-jekyll-include-cache \
	ruby-webrick ruby-html-proofer
NEED_RUBY := scripts/need.sh "$(DEBIAN)" "Ruby and Bundler" ruby-ready
BROWSER := chromium
NODE := nodejs npm
TOOLS := scripts/node/node_modules/.installed
, := ,

.PHONY: help
help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: build-posts
build-posts: ## run stale posts, redraw their cards (FORCE=1: all; POSTS=…; JOBS=N)
	@$(MAKE) --silent --jobs=2 $(RUBY_CHECKED) $(READY)
	@$(BIN)/python scripts/build_posts.py $(BUILD_OPTIONS)
	@test $(GREETED) -nt $(INSTALLED) || { scripts/next_steps.sh && touch $(GREETED); }

.PHONY: check-posts
check-posts: $(INSTALLED) ## find what is stale or was edited by hand; runs no code
	@$(BIN)/post-builder check $(POSTS)

.PHONY: verify-posts
verify-posts: $(READY) ## run all posts in memory and compare with what is published
	@$(BIN)/post-builder check --execute $(if $(JOBS),--jobs $(JOBS)) $(POSTS)

.PHONY: site
site: freshness ruby ## build the site into _site/ (URL=https://host BASEURL=/blog)
	@mkdir -p .jekyll-cache && echo '$(if $(URL),url: $(URL))' > .jekyll-cache/url.yml
	@JEKYLL_ENV=production bundle exec jekyll build --trace $(if $(BASEURL),--baseurl $(BASEURL)) \
		$(if $(URL),--config _config.yml$(,).jekyll-cache/url.yml)

.PHONY: audit
audit: freshness ruby browser node ## Lighthouse, axe, markup, links, weights: one table, in minutes
	@$(BIN)/python scripts/audit.py

.PHONY: serve
serve: $(READY) ruby ## build posts and pages on save, on localhost:4000 or the next free port
	@$(BIN)/python scripts/serve.py

.PHONY: test
test: $(READY) $(ENGINE_INSTALLED) ruby browser ## run all tests except those of test-posts
	@$(MAKE) --silent node || echo "Node's tools are missing: the tests that need them are skipped" >&2
	@$(MAKE) --silent test-engine
	@$(MAKE) --silent test-blog

.PHONY: test-blog
test-blog: $(READY) ## run the blog's tests
	@$(BIN)/pytest -n 2 --dist worksteal -m "not long"

.PHONY: test-engine
test-engine: $(ENGINE_INSTALLED) ## run the engine's tests, in a virtual environment without torch
	@$(ENGINE_VENV)/bin/python -c "from importlib.util import find_spec; exit(bool(find_spec('torch')))" || \
		{ echo "torch is installed in $(ENGINE_VENV), where the engine must do without" >&2; exit 1; }
	@cd engine && .venv/bin/pytest --cov

.PHONY: test-faults
test-faults: $(ENGINE_INSTALLED) ruby browser ## prove the engine's safety at length: faults, attacks, sizes, a soak
	@cd engine && .venv/bin/pytest -m faults --ignore tests/test_megabyte.py
	@cd engine && .venv/bin/pytest -m faults -n 0 tests/test_megabyte.py  # takes the time: alone

.PHONY: test-posts
test-posts: $(READY) ruby browser ## copy the snippets of the posts from their pages and run them
	@$(BIN)/pytest -n 2 --dist worksteal -m long

.PHONY: test-quick
test-quick: $(READY) $(ENGINE_INSTALLED) ## run the tests that need no Jekyll, no browser and no long run
	@cd engine && .venv/bin/pytest -m "not slow"
	@$(BIN)/pytest -n 2 --dist worksteal -m "not slow"

.PHONY: lint
lint: $(INSTALLED) ## check style, types and the direction of imports
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@cd engine && ../$(BIN)/lint-imports

.PHONY: bench
bench: $(INSTALLED) ## measure what is claimed to be fast
	@$(BIN)/python engine/benchmarks/fresh_build.py
	@$(BIN)/python engine/benchmarks/builds.py
	@$(BIN)/python engine/benchmarks/growth.py
	@$(BIN)/python engine/benchmarks/cluster.py
	@$(BIN)/python scripts/training_step.py

.PHONY: dist
dist: $(INSTALLED) ## build what a release of the engine uploads, into engine/dist
	@rm -rf engine/dist
	@$(BIN)/uv build --quiet --no-build-isolation --python $(BIN)/python --out-dir engine/dist engine

.PHONY: lock
lock: $(INSTALLED) ## pin the newest packages that fit together, for every platform
	@$(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 --extra dev \
		--no-emit-package post-builder --no-emit-index-url --no-emit-find-links --no-header \
		pyproject.toml -o requirements.lock

# --- what the targets need -------------------------------------------------------------------

# A virtual environment, $(1), with uv in it, which installs what pip takes minutes for in seconds.
define create_venv
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "Python 3.11 or newer is needed; choose one with PYTHON=…" >&2; exit 1; }
	@test -x $(1)/bin/python || $(PYTHON) -m venv $(1) || { \
		echo "cannot create a virtual environment; on Debian: apt-get install python3-venv" >&2; exit 1; }
	@test -x $(1)/bin/uv || \
		$(1)/bin/pip install --quiet --disable-pip-version-check --constraint requirements.lock uv
endef

$(INSTALLED): requirements.lock pyproject.toml engine/pyproject.toml
	@echo "installing Python packages into $(VENV) (torch is large: minutes, the first time)"
	$(call create_venv,$(VENV))
	@$(BIN)/uv pip install --quiet --python $(BIN)/python -r requirements.lock
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation -e . -e engine
	@touch $@

$(ENGINE_INSTALLED): requirements.lock engine/pyproject.toml
	@echo "installing the engine and its tests' packages into $(ENGINE_VENV)"
	$(call create_venv,$(ENGINE_VENV))
	@$(ENGINE_VENV)/bin/uv pip install --quiet --python $(ENGINE_VENV)/bin/python \
		--constraint requirements.lock -e 'engine[test]'
	@touch $@

# unpacked once, and whole: posts that unpack at the same time would read half-written files
$(DIGITS): %: %.gz
	@gzip --decompress --stdout $< > $(@D)/.$(@F).tmp && mv $(@D)/.$(@F).tmp $@

.PHONY: ruby
ruby:
	@$(NEED_RUBY)

# Only reading the blog needs Ruby: where it cannot be installed, posts are built all the same. Done
# once, because `bundle check` takes longer than a build with nothing to do.
$(RUBY_CHECKED): Gemfile
	@$(NEED_RUBY) || echo "That is for reading the blog: posts are built without it." >&2
	@mkdir -p $(@D) && touch $@

.PHONY: browser
browser:
	@scripts/need.sh "$(BROWSER)" "Chromium" browser-ready

.PHONY: node
node:
	@scripts/need.sh "$(NODE)" "Node 18 or newer, with npm" node-ready
	@$(MAKE) --silent $(TOOLS)

$(TOOLS): scripts/node/package-lock.json
	@cd scripts/node && PUPPETEER_SKIP_DOWNLOAD=1 npm ci --loglevel=error --no-progress
	@touch $@

# the pages say whether their posts are fresh, which Jekyll cannot know
.PHONY: freshness
freshness: build-posts
	@mkdir -p _data && $(BIN)/post-builder check --json > _data/freshness.json || true
