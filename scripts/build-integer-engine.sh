#!/bin/sh
# Builds evaluators/compress/integer-engine/engine/engine.wasm from the C sources beside it. --check compares instead of writing:
# exit 1 on drift, 0 with a message when the compiler that the committed file was made with is not here.
set -eu
cd "$(dirname "$0")/../evaluators/compress/integer-engine/engine"
clang=${CLANG:-clang-14}
linker=${WASM_LD:-/usr/bin/wasm-ld-14}
if ! command -v "$clang" >/dev/null 2>&1 || ! [ -x "$linker" ] || ! "$clang" --version | grep -q 'version 14\.0\.6'; then
  echo "build-integer-engine: needs clang 14.0.6 and wasm-ld 14 (Debian: clang-14 lld-14); engine.wasm was not checked or rebuilt"
  [ "${1:-}" = --check ] && exit 0
  exit 1
fi
out=$(mktemp)
trap 'rm -f "$out"' EXIT
# No contraction: the rounding of every product and sum is part of the result.
# shellcheck disable=SC2046
"$clang" --target=wasm32 -std=c11 -O3 -ffp-contract=off -msimd128 -mbulk-memory -nostdlib -ffreestanding -Wall -Wextra -Werror \
  -Wl,--no-entry -Wl,--strip-all -fuse-ld="$linker" -o "$out" $(ls ./*.c | LC_ALL=C sort)
if [ "${1:-}" = --check ]; then
  cmp -s "$out" engine.wasm || { echo "build-integer-engine: engine.wasm is not what the sources make; run scripts/build-integer-engine.sh"; exit 1; }
  echo "build-integer-engine: engine.wasm is up to date"
else
  cp "$out" engine.wasm
  chmod 644 engine.wasm
  echo "build-integer-engine: engine.wasm, $(wc -c <engine.wasm) bytes"
fi
