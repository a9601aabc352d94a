#!/bin/sh
# Makes or updates .venv from the hash-pinned locks. Usage: setup.sh runtime|dev [again]
# uv does it in seconds; where uv cannot reach the package index (it does not read pip's
# settings), pip does the same work from the same locks.
set -eu
cd "$(dirname "$0")/.."
lock="requirements/$1.lock"
stamp=".venv/.stamp-$1"
want=$(cat "$lock" pyproject.toml | cksum)
export UV_SYSTEM_CERTS=1 UV_NO_PROGRESS=1 PIP_DISABLE_PIP_VERSION_CHECK=1 VIRTUAL_ENV="$PWD/.venv"
unset UV_INDEX_STRATEGY || true
compile_kernels() { .venv/bin/python -m tidegate.signals.native.build; }
# The kernels are compiled in seconds, and only when they changed. Where the system's compiler cannot,
# one is borrowed: the ziglang wheel, some 100 MB, which is thrown away afterwards. Failing that, numpy
# takes their place, unless they are required. That is said once: what .venv/kernels.log tells of is
# not tried anew by each `make demo`, which may wait long for a package index, but by `make setup`.
borrow() {
  UV_HTTP_RETRIES=0 .venv/bin/uv pip install -q --target "$zig" --require-hashes --no-deps \
    -r requirements/zig.lock || .venv/bin/python -m pip install -q --retries 0 --target "$zig" \
    --require-hashes --no-deps -r requirements/zig.lock
}
kernels() {
  log=.venv/kernels.log
  compile_kernels 2>"$log.new" && rm -f "$log" "$log.new" && return
  [ "$1" = again ] || [ "${TIDEGATE_NATIVE:-}" = require ] || [ ! -s "$log" ] ||
    { rm "$log.new" && return; }
  mv "$log.new" "$log"
  cat "$log" >&2
  echo "Borrowing a C++ compiler from the package index (ziglang, 100 MB) …" >&2
  zig=$(mktemp -d .venv/zig.XXXXXX)
  trap 'rm -rf "$zig"' EXIT
  if { borrow && PYTHONPATH=$zig compile_kernels; } 2>>"$log"; then
    rm -f "$log"
  elif [ "${TIDEGATE_NATIVE:-}" = require ]; then
    echo "The kernels are required (TIDEGATE_NATIVE) and could not be built ($log: why)." >&2
    exit 1
  else
    echo "numpy takes their place: \`tidegate doctor\` says what that costs ($log: why)." >&2
  fi
}
if [ -x .venv/bin/python ] && [ "$(cat "$stamp" 2>/dev/null)" = "$want" ]; then
  kernels "${2:-}"
  exit 0
fi
python=${PYTHON:-python3}
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
  echo "Tidegate needs Python 3.11 or later; $python is older. Set PYTHON=/path/to/python3.11." >&2
  exit 1
}
echo "Setting up .venv from $lock …"
[ -x .venv/bin/python ] || "$python" -m venv .venv
# Compiled to bytecode at once, as pip does too: else each start takes three times as long wherever the
# program may not write here.
install() {
  if .venv/bin/python -m pip install -q --require-hashes --no-deps -r requirements/bootstrap.lock 2>/dev/null &&
    UV_COMPILE_BYTECODE=1 .venv/bin/uv pip install -q --require-hashes --no-deps -r "$lock"; then
    return 0
  fi
  echo "uv did not get through; pip takes over (slower)." >&2
  .venv/bin/python -m pip install -q --require-hashes --no-deps -r "$lock"
}
install || {
  echo "The packages in $lock could not be installed. Is a package index reachable? (pip config list)" >&2
  exit 1
}
# The project itself needs no build: a path file is an editable install without a build backend.
site=$(.venv/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
printf '%s\n' "$PWD/src" >"$site/tidegate.pth"
cat >.venv/bin/tidegate <<SH
#!$PWD/.venv/bin/python
from tidegate.cli.main import main
main()
SH
chmod +x .venv/bin/tidegate
kernels again
.venv/bin/python -m compileall -q src >/dev/null 2>&1 || true
printf '%s' "$want" >"$stamp"
