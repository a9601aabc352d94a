#!/bin/sh
# Drives the kernels under AddressSanitizer and UBSan, with nothing but the system's compiler; where
# there is no AVX-512, its source takes emulated instructions. Usage: run.sh [rounds [seed]]
set -eu
cd "$(dirname "$0")/../.."
kernels=src/tidegate/signals/native
for cxx in ${CXX:-} c++ g++ clang++ ""; do command -v "$cxx" >/dev/null 2>&1 && break; done
[ -n "$cxx" ] || { echo "A C++ compiler is needed (the package g++ or clang)." >&2; exit 1; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
emulated=
if [ "$(uname -m)" = x86_64 ] && ! grep -q avx512_vpopcntdq /proc/cpuinfo 2>/dev/null; then
  emulated="-DEMULATED -include tests/native/avx512_emulated.h"
fi
# shellcheck disable=SC2086
"$cxx" -std=c++20 -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all -ffp-contract=off -Wall \
  -Wextra -Wno-maybe-uninitialized $emulated -I "$kernels" "$kernels/cpu.cpp" tests/native/drive.cpp \
  -o "$folder/drive"
"$folder/drive" "$@"
"$cxx" -std=c++20 -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all -ffp-contract=off -Wall \
  -Wextra -Wno-maybe-uninitialized -I "$kernels" "$kernels/sketch.cpp" "$kernels/clusters.cpp" \
  tests/native/drive_clusters.cpp -o "$folder/drive_clusters"
"$folder/drive_clusters" "$@"
