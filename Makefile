# Every target installs what it needs first. `make help` lists them.
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
SHELL := /bin/bash

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
DIGITS := $(basename $(wildcard data/MNIST/raw/*.gz))
READY := $(INSTALLED) $(DIGITS)
SITE := _site
POSTS ?=
BUILD_OPTIONS := $(if $(FORCE),--force) $(if $(JOBS),--jobs $(JOBS)) $(POSTS)

DEBIAN := jekyll bundler jekyll-theme-minima ruby-jekyll-feed ruby-jekyll-seo-tag \
	ruby-jekyll-sitemap ruby-jekyll-toc ruby-jekyll-archives ruby-jekyll-include-cache \
	ruby-webrick ruby-html-proofer
BROWSER := chromium
NODE := nodejs npm
TOOLS := node_modules/.installed
, := ,

.PHONY: help
help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: build-posts
build-posts: $(READY) ## run the posts that are stale (FORCE=1: all; POSTS=…; JOBS=N)
	@$(BIN)/python scripts/build_posts.py $(BUILD_OPTIONS)

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
serve: $(READY) ruby ## build posts and pages on save, on localhost:4000; Ctrl-C ends both
	@trap 'trap - INT TERM EXIT; kill 0' INT TERM EXIT; \
		$(BIN)/post-builder watch & bundle exec jekyll serve --livereload & wait -n

.PHONY: test
test: $(READY) ruby browser ## run all tests, save those of test-posts
	@$(MAKE) --silent node || echo "without Node's tools the tests that need them are left out" >&2
	@$(BIN)/pytest -n 2 --dist loadfile -m "not long"

.PHONY: test-posts
test-posts: $(READY) ruby browser ## copy the snippets of the long posts from their pages and run them
	@$(BIN)/pytest -n 2 --dist worksteal -m long

.PHONY: test-quick
test-quick: $(READY) ## run the tests that need neither Jekyll nor a browser nor long runs
	@$(BIN)/pytest -n 2 --dist loadfile -m "not slow"

.PHONY: lint
lint: $(INSTALLED) ## check style and types
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy

.PHONY: bench
bench: $(INSTALLED) ## measure what is claimed to be fast
	@$(BIN)/python benchmarks/fresh_build.py
	@$(BIN)/python benchmarks/training_step.py

.PHONY: lock
lock: $(INSTALLED) ## pin the newest packages that fit together, for every platform
	@$(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 --extra dev \
		--no-header --no-emit-index-url --no-emit-find-links pyproject.toml -o requirements.lock

# --- what the targets stand on ---------------------------------------------------------------

$(INSTALLED): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "Python 3.11 or newer is needed; name one with PYTHON=…" >&2; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || { \
		echo "cannot make a virtual environment; on Debian: apt-get install python3-venv" >&2; exit 1; }
	@echo "installing Python packages into $(VENV) (torch is large: some minutes)"
	@$(BIN)/pip install --quiet --disable-pip-version-check -r requirements.lock
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

# once and whole: posts or tests that unpack at the same time would read each other's half of a file
$(DIGITS): %: %.gz
	@gzip --decompress --stdout $< > $(@D)/.$(@F).tmp && mv $(@D)/.$(@F).tmp $@

.PHONY: ruby
ruby:
	@scripts/need.sh "$(DEBIAN)" "Ruby and Bundler" ruby-ready

.PHONY: browser
browser:
	@scripts/need.sh "$(BROWSER)" "Chromium" browser-ready

.PHONY: node
node:
	@scripts/need.sh "$(NODE)" "Node 18 or newer, with npm" node-ready
	@$(MAKE) --silent $(TOOLS)

$(TOOLS): package-lock.json
	@PUPPETEER_SKIP_DOWNLOAD=1 npm ci --loglevel=error --no-progress
	@touch $@

# the pages say whether their posts are fresh, which Jekyll cannot know
.PHONY: freshness
freshness: build-posts
	@mkdir -p _data && $(BIN)/post-builder check --json > _data/freshness.json || true
