/** Bytes -> ModelProto, with everything checked that the protobuf library does not check. */
import { fromBinary } from '@bufbuild/protobuf';
import { type GraphProto, type ModelProto, ModelProtoSchema } from './generated/onnx_pb.js';
import { type ImportProblem, OnnxImportError } from './import-error.ts';
import type { ImportLimits } from './limits.ts';

export const NEWEST_OPSET = 28;

function notOnnx(message: string): OnnxImportError {
  const hint = 'Is it really an .onnx file, wholly copied, and not compressed?';
  return new OnnxImportError([{ code: 'NOT_ONNX', message, where: 'file', hint }]);
}

/** The model and its main graph. Throws `OnnxImportError`. */
export function decodeModel(bytes: Uint8Array, limits: ImportLimits): { model: ModelProto; graph: GraphProto } {
  if (bytes.length > limits.modelBytes) {
    const message = `the file has ${bytes.length} bytes, at most ${limits.modelBytes} are read`;
    throw new OnnxImportError([
      { code: 'TOO_LARGE', message, where: 'file', hint: 'Such a network does not fit a microcontroller.' },
    ]);
  }
  let model: ModelProto;
  try {
    model = fromBinary(ModelProtoSchema, bytes, { readUnknownFields: false });
  } catch {
    // The library reports damaged input, and nesting that exhausts the stack, with assorted errors.
    throw notOnnx('the file is not a protobuf message of ONNX, or is damaged');
  }
  const { graph } = model;
  if (graph === undefined || graph.node.length + graph.output.length === 0) throw notOnnx('the file holds no graph');
  if (model.opsetImport.length === 0) throw notOnnx('the file names no operator set; it was perhaps cut off');
  return { model, graph };
}

/** Operator set version by domain ('' is the standard one); problems with versions are added to `problems`. */
export function opsetVersions(
  imports: readonly { readonly domain: string; readonly version: bigint }[],
  problems: ImportProblem[],
): Map<string, number> {
  const versions = new Map<string, number>();
  for (const { domain, version } of imports) {
    const key = domain === 'ai.onnx' ? '' : domain;
    const number = Number(version);
    const known = versions.get(key);
    if (known !== undefined && known !== number) {
      problems.push({
        code: 'BAD_GRAPH',
        message: `operator set ${JSON.stringify(domain)} is imported twice`,
        where: 'file',
        hint: 'Export the model again.',
      });
    }
    if (key === '' && (number < 1 || number > NEWEST_OPSET)) {
      const hint = `Export the model with an opset from 7 to ${NEWEST_OPSET}.`;
      problems.push({
        code: 'UNSUPPORTED_OPSET',
        message: `operator set ${number} is not supported`,
        where: 'file',
        hint,
      });
    }
    versions.set(key, number);
  }
  return versions;
}
