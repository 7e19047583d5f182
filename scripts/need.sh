#!/usr/bin/env bash
# Makes sure that what a target needs besides Python is installed.
# usage: need.sh "DEBIAN PACKAGES" "WHAT FOR A PERSON" ruby-ready|browser-ready|node-ready
set -eu

ruby-ready() {
  command -v bundle >/dev/null || return 1
  bundle check >/dev/null 2>&1 && return 0
  # on Debian the gems are packages, installed below; elsewhere Bundler downloads them
  [ -e /etc/debian_version ] || bundle install
}

node-ready() { command -v npm >/dev/null && node -e 'process.exit(parseInt(process.versions.node) < 18 ? 1 : 0)'; }

browser-ready() { command -v chromium >/dev/null || command -v google-chrome >/dev/null; }

packages=$1 what=$2 ready=$3
"$ready" && exit 0
if [ -e /etc/debian_version ] && [ "$(id -u)" -eq 0 ]; then
  echo "installing $packages"
  export DEBIAN_FRONTEND=noninteractive
  # shellcheck disable=SC2086  # a list of names
  { apt-get update && apt-get install -y --no-install-recommends $packages; } >/dev/null
elif [ -e /etc/debian_version ]; then
  echo "needed: $what. As root: apt-get install $packages" >&2
  exit 1
else
  echo "needed: $what. Install it, then run this again (gems: bundle install)." >&2
  exit 1
fi
"$ready" || { echo "$what is installed but does not work: see the message above, or run: bundle check" >&2; exit 1; }
