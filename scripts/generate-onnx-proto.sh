#!/bin/sh
# Generates evaluators/onnx/generated/onnx_pb.{js,d.ts} from onnx.proto beside them. Needs protoc (Debian: protobuf-compiler).
# With --check nothing is written: the exit code is 1 when the committed files are not what would be generated.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
generated="$root/evaluators/onnx/generated"
if ! command -v protoc >/dev/null 2>&1; then
  echo "protoc is missing: install protobuf-compiler" >&2
  exit 69
fi
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
protoc --plugin="protoc-gen-es=$root/node_modules/.bin/protoc-gen-es" --es_out="$out" \
  --es_opt=target=js+dts,import_extension=js -I "$generated" onnx.proto
for file in onnx_pb.js onnx_pb.d.ts; do
  if [ "${1:-}" = --check ]; then
    cmp -s "$out/$file" "$generated/$file" || { echo "$file is out of date: run scripts/generate-onnx-proto.sh" >&2; exit 1; }
  else
    cp "$out/$file" "$generated/$file"
  fi
done
