#!/usr/bin/env bash
# What a newcomer can do next. `make build-posts` prints this once, after it has set up.
if command -v bundle >/dev/null; then
  read="bundle exec jekyll serve, then open http://127.0.0.1:4000"
else
  read="install Ruby and Bundler, then: make serve"
fi
cat <<END

What you can do next:
  read the blog          $read
  write a post           .venv/bin/post-builder new "My title"
  see it while you write make serve
  run all tests          make test
  list all commands      make help
END
