#!/bin/sh
# Builds evaluators/train/engine/engine.wasm from the C sources beside it. --check compares instead of writing: exit 1 on drift,
# 0 with a message when the compiler that the committed file was made with is not here.
# Without loop strength reduction (-disable-lsr) addresses stay base + constant, which WebAssembly loads encode for nothing: +12 % in the product.
set -eu
cd "$(dirname "$0")/../evaluators/train/engine"
clang=${CLANG:-clang-14}
linker=${WASM_LD:-/usr/bin/wasm-ld-14}
if ! command -v "$clang" >/dev/null 2>&1 || ! [ -x "$linker" ] || ! "$clang" --version | grep -q 'version 14\.0\.6'; then
  echo "build-engine: needs clang 14.0.6 and wasm-ld 14 (Debian: clang-14 lld-14); engine.wasm was not checked or rebuilt"
  [ "${1:-}" = --check ] && exit 0
  exit 1
fi
out=$(mktemp)
trap 'rm -f "$out"' EXIT
# shellcheck disable=SC2046
"$clang" --target=wasm32 -std=c11 -O3 -msimd128 -mllvm -disable-lsr -mbulk-memory -nostdlib -ffreestanding -Wall -Wextra -Werror \
  -Wl,--no-entry -Wl,--strip-all -fuse-ld="$linker" -o "$out" $(ls ./*.c | grep -v napi | LC_ALL=C sort)
if [ "${1:-}" = --check ]; then
  cmp -s "$out" engine.wasm || { echo "build-engine: engine.wasm is not what the sources make; run scripts/build-engine.sh"; exit 1; }
  echo "build-engine: engine.wasm is up to date"
else
  cp "$out" engine.wasm
  chmod 644 engine.wasm
  echo "build-engine: engine.wasm, $(wc -c <engine.wasm) bytes"
fi
