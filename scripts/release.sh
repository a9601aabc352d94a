#!/bin/sh
# What a release is made with. Usage: release.sh sbom | wheel DIR | advisories FILE… | key FILE | dist KEY
# Its tools are pinned by hash like all others, in an environment of their own.
set -eu
cd "$(dirname "$0")/.."
tools=var/release
want=$(cksum <requirements/release.lock)
if [ "$(cat $tools/.stamp 2>/dev/null)" != "$want" ]; then
  echo "Setting up $tools from requirements/release.lock …" >&2
  "${PYTHON:-python3}" -m venv --clear $tools
  $tools/bin/python -m pip install -q --disable-pip-version-check --require-hashes --no-deps \
    -r requirements/release.lock
  printf '%s' "$want" >$tools/.stamp
fi
[ "${1:-}" = advisories ] && shift && exec $tools/bin/python scripts/advisories.py "$@"
exec $tools/bin/python scripts/release.py "$@"
