/** Types of graph inputs: declared element types, and shapes with symbolic dimensions resolved. */
import type { ValueInfo } from '../ir/graph.ts';
import { dtypeOfNumber, elementTypeName } from './element-types.ts';
import type { TensorShapeProto_Dimension, ValueInfoProto } from './generated/onnx_pb.js';
import { ProblemFound } from './import-error.ts';
import type { ImportLimits } from './limits.ts';

export interface DimensionChoices {
  /** Size of symbolic dimensions by name. */
  readonly symbolic: Readonly<Record<string, number>>;
  /** Whole shapes by input name; they decide symbolic and unknown dimensions. */
  readonly inputShapes: ReadonlyMap<string, readonly number[]>;
}

function sizeOf(dim: TensorShapeProto_Dimension, given: number | undefined, choices: DimensionChoices): number {
  if (dim.value.case === 'dimValue') {
    const size = Number(dim.value.value);
    if (given !== undefined && given !== size) {
      throw new ProblemFound(
        'BAD_SHAPE',
        `an axis of size ${size} was given ${given} elements`,
        'Feed a tensor of the declared shape.',
      );
    }
    return size;
  }
  if (given !== undefined) return given;
  const named =
    dim.value.case === 'dimParam' && Object.hasOwn(choices.symbolic, dim.value.value)
      ? choices.symbolic[dim.value.value]
      : undefined;
  return named ?? 1;
}

/** Symbolic and unknown dimensions that nothing decides become 1. Throws `ProblemFound`. */
export function inputInfo(proto: ValueInfoProto, choices: DimensionChoices, limits: ImportLimits): ValueInfo {
  const kind = proto.type?.value;
  if (kind?.case !== 'tensorType') {
    throw new ProblemFound(
      'UNSUPPORTED_TYPE',
      `it is ${kind?.case === undefined ? 'untyped' : 'no tensor'}`,
      'Only dense tensors can be inputs.',
    );
  }
  const dtype = dtypeOfNumber(kind.value.elemType);
  if (dtype === undefined) {
    throw new ProblemFound(
      'UNSUPPORTED_TYPE',
      `it holds ${elementTypeName(kind.value.elemType)}`,
      'Convert it to a float, integer or bool type.',
    );
  }
  const given = choices.inputShapes.get(proto.name);
  const dims = kind.value.shape?.dim;
  if (dims === undefined && given === undefined)
    throw new ProblemFound('BAD_SHAPE', 'it has no shape', 'Export the model with input shapes.');
  if (dims !== undefined && given !== undefined && dims.length !== given.length) {
    throw new ProblemFound(
      'BAD_SHAPE',
      `it has ${dims.length} axes, the given shape ${given.length}`,
      'Feed a tensor of the declared shape.',
    );
  }
  const shape = dims === undefined ? (given ?? []) : dims.map((dim, axis) => sizeOf(dim, given?.[axis], choices));
  let count = 1;
  for (const size of shape) count *= size;
  if (shape.length > limits.rank || shape.some((size) => !Number.isSafeInteger(size) || size < 0)) {
    throw new ProblemFound('BAD_SHAPE', `its shape [${shape.join(', ')}] is not valid`, 'Export the model again.');
  }
  if (!(count <= limits.tensorElements))
    throw new ProblemFound(
      'TOO_LARGE',
      `its shape [${shape.join(', ')}] is too large`,
      'No microcontroller can hold such a tensor.',
    );
  return { name: proto.name, dtype, shape };
}
