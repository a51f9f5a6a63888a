/** LSTM, GRU and RNN: the state buffers hold the initial state and end as the final one. Inside, directions come before batches. */
import type { Node } from '../../ir/graph.ts';
import type { OpOf } from '../../ir/op.ts';
import { elementCount } from '../../ir/tensor.ts';
import type { Layout } from '../layout.ts';
import type { LoweredValue, Lowering } from '../lowering.ts';
import type { FieldValue } from '../program.ts';
import { activationCode } from './element-code.ts';
import { invoke } from './invoke.ts';
import { convert } from './lower-cast.ts';
import { fillCall } from './lower-indexing.ts';
import { copyCall } from './lower-movement.ts';
import { plainOperand, required } from './lower-window3.ts';

type RecurrentOp = OpOf<'LSTM'> | OpOf<'GRU'> | OpOf<'RNN'>;

const KERNELS = { LSTM: 'dnnrt_lstm_f32', GRU: 'dnnrt_gru_f32', RNN: 'dnnrt_rnn_f32' } as const;

export function lowerRecurrent(lowering: Lowering, node: Node<RecurrentOp>): void {
  const { op, inputs, outputs } = node;
  const x = required(plainOperand(lowering, inputs[0]));
  const directions = op.direction === 'bidirectional' ? 2 : 1;
  const [steps, batch] = op.batchFirst ? [x.shape[1], x.shape[0]] : [x.shape[0], x.shape[1]];
  const inN = x.shape[2];
  const state = { op, directions, batch };
  const h = stateBuffer(lowering, inputs[5], outputs[1], state);
  const c = op.kind === 'LSTM' ? stateBuffer(lowering, inputs[6], outputs[2], state) : h;
  const y = outputs[0] === undefined || outputs[0] === '' ? null : lowering.producePlain(outputs[0]);
  const lengths = plainOperand(lowering, inputs[4]);
  const hidden = op.hiddenSize;
  const [w, r, bias] = [1, 2, 3].map((index) => plainOperand(lowering, inputs[index]));
  const peephole = op.kind === 'LSTM' ? plainOperand(lowering, inputs[7]) : null;
  const yStrides = op.batchFirst
    ? { y_step: directions * hidden, y_batch: steps * directions * hidden, y_direction: hidden }
    : { y_step: directions * batch * hidden, y_batch: hidden, y_direction: batch * hidden };
  const fields = {
    steps,
    batch,
    in_n: inN,
    hidden,
    directions,
    first_reverse: op.direction === 'reverse' ? 1 : 0,
    option: (op.kind === 'LSTM' && op.inputForget) || (op.kind === 'GRU' && op.linearBeforeReset) ? 1 : 0,
    x_step: op.batchFirst ? inN : batch * inN,
    x_batch: op.batchFirst ? steps * inN : inN,
    ...yStrides,
    clip: op.clip ?? 0,
    activations: activations(lowering, op),
  };
  const scratch: LoweredValue = lowering.temporary({
    ...x,
    shape: [4 * hidden],
    layout: { factors: [4 * hidden], order: [0] },
  });
  const counts = lengths === null || lengths.dtype === 'int32' ? lengths : convert(lowering, lengths, 'int32');
  invoke(lowering, {
    kernel: KERNELS[op.kind],
    params: ['dnnrt_recurrent_t', fields],
    operands: [x, w, r, bias, peephole, counts],
    results: [y, h, c, scratch],
  });
}

function activations(lowering: Lowering, op: RecurrentOp): FieldValue {
  const codes = op.activations.flatMap(({ fn, alpha, beta }) => [activationCode(fn), alpha, beta]);
  return { constant: lowering.constant('a', 'float', codes.length, () => Float32Array.from(codes)) };
}

/** [directions, batch, hidden] in memory, filled with the initial state or zeros; also the output `name` if it is wanted. */
function stateBuffer(
  lowering: Lowering,
  initial: string | undefined,
  name: string | undefined,
  { op, directions, batch }: { op: RecurrentOp; directions: number; batch: number },
): LoweredValue {
  const shape = op.batchFirst ? [batch, directions, op.hiddenSize] : [directions, batch, op.hiddenSize];
  const layout: Layout = { factors: shape, order: op.batchFirst ? [1, 0, 2] : [0, 1, 2] };
  const state: LoweredValue =
    name === undefined || name === ''
      ? lowering.temporary({ name: '', dtype: 'float32', shape, layout, shifted: false })
      : lowering.produce(name, layout);
  const given = lowering.optional(initial);
  if (given === undefined) fillCall(lowering, state);
  else {
    const source = lowering.inLayout(given, layout);
    copyCall(lowering, source, state, [{ size: elementCount(shape), xStride: 1, yStride: 1 }]);
  }
  return state;
}
