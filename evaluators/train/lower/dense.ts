/** Gemm and MatMul as indirect matrix products. */
import type { Node } from '../../ir/graph.ts';
import type { FusedClamp, OpOf } from '../../ir/op.ts';
import { elementCount } from '../../ir/tensor.ts';
import { bits } from '../kernels.ts';
import { type Builder, UnsupportedTrainingError } from './builder.ts';
import { emitCopy } from './copy.ts';
import { UNARY_NUMBERS } from './elementwise.ts';

const BIAS_COLUMN = 4;
const CLAMP = 8;
/** The number of Clamp among the engine's unary functions. */
const CLAMP_FUNCTION = UNARY_NUMBERS['Clamp'];

/** A matrix in memory: element (r, c) lies at offset + 4 (r rowStride + c columnStride). */
export interface Matrix {
  readonly offset: number;
  readonly rowStride: number;
  readonly columnStride: number;
}

export function transposed(m: Matrix): Matrix {
  return { offset: m.offset, rowStride: m.columnStride, columnStride: m.rowStride };
}

export interface ProductOptions {
  readonly accumulate?: 0 | 1;
  /** Offset of a bias per column; 0 = none. */
  readonly bias?: number;
  readonly clamp?: FusedClamp | undefined;
}

/** y [rows, columns] (+)= a [rows, depth] · b [depth, columns]. */
export function emitProduct(
  builder: Builder,
  rows: number,
  columns: number,
  depth: number,
  a: Matrix,
  b: Matrix,
  y: Matrix,
  options: ProductOptions = {},
): void {
  const { accumulate = 0, bias = 0, clamp } = options;
  const flags = accumulate | (bias === 0 ? 0 : BIAS_COLUMN) | (clamp === undefined ? 0 : CLAMP);
  builder.emit(
    'gemm',
    rows,
    columns,
    depth,
    a.offset,
    builder.range(rows, a.rowStride),
    builder.range(depth, a.columnStride),
    b.offset,
    builder.range(depth, b.rowStride),
    builder.range(columns, b.columnStride),
    y.offset,
    builder.range(rows, y.rowStride),
    builder.range(columns, y.columnStride),
    flags,
    bias,
    bits(clamp?.min ?? 0),
    bits(clamp?.max ?? 0),
  );
}

function dense(offset: number, columns: number): Matrix {
  return { offset, rowStride: columns, columnStride: 1 };
}

export function lowerGemm(b: Builder, node: Node<OpOf<'Gemm'>>): void {
  const { alpha, beta, transA, transB, clamp } = node.op;
  const [aName, bName, cName = ''] = node.inputs;
  const a = b.slot(aName);
  const w = b.slot(bName);
  const [rows, depth] = transA ? [a.shape[1], a.shape[0]] : [a.shape[0], a.shape[1]];
  const columns = transB ? w.shape[0] : w.shape[1];
  const y = b.define(node.outputs[0], [rows, columns], a.batchAxis < 0 ? -1 : transA ? 1 - a.batchAxis : a.batchAxis);
  const ma = transA ? transposed(dense(a.offset, rows)) : dense(a.offset, depth);
  const mb = transB ? transposed(dense(w.offset, depth)) : dense(w.offset, columns);
  const my = dense(y.offset, columns);
  const c = cName === '' ? undefined : b.slot(cName);
  const plain = alpha === 1 && beta === 1;
  if (c !== undefined && elementCount(c.shape) !== columns) {
    throw new UnsupportedTrainingError('Gemm whose addend is not one number per column cannot be trained', node.name);
  }
  if (plain) {
    emitProduct(b, rows, columns, depth, ma, mb, my, { bias: c?.offset ?? 0, clamp });
  } else {
    const product = b.arena.allocate(rows * columns);
    emitProduct(b, rows, columns, depth, ma, mb, dense(product, columns));
    b.emit('fill', y.offset, rows * columns, 0);
    if (c !== undefined) {
      const axes = [
        { size: rows, from: 0, to: columns },
        { size: columns, from: 1, to: 1 },
      ];
      emitCopy(b, c.offset, y.offset, axes, false);
      const scaled = b.arena.allocate(rows * columns);
      b.emit('copy', y.offset, scaled, 0, 1, rows * columns, 1, 1);
      b.emit('axpy', scaled, y.offset, rows * columns, bits(beta - 1));
      b.arena.release(scaled);
    }
    b.emit('axpy', product, y.offset, rows * columns, bits(alpha));
    b.arena.release(product);
    if (clamp !== undefined) {
      b.emit('unary', CLAMP_FUNCTION, y.offset, y.offset, rows * columns, bits(clamp.min), bits(clamp.max));
    }
  }
  b.differentiable(node, (dy) => {
    if (clamp !== undefined) b.emit('clamp_backward', y.offset, dy, rows * columns, bits(clamp.min), bits(clamp.max));
    const errors = dense(dy, columns);
    if (c !== undefined && b.wants(cName)) {
      if (beta === 1) {
        const dc = b.gradient(cName);
        b.emit('channel_sum', dy, dc.offset, rows, columns, 1, dc.accumulate);
      } else {
        const sum = b.arena.allocate(columns);
        b.emit('channel_sum', dy, sum, rows, columns, 1, 0);
        b.emit('axpy', sum, b.gradientSum(cName), columns, bits(beta));
        b.arena.release(sum);
      }
    }
    if (alpha !== 1) b.emit('scale', dy, rows * columns, bits(alpha));
    if (b.wants(bName)) {
      const { offset, accumulate } = b.gradient(bName);
      if (transB) emitProduct(b, columns, depth, rows, transposed(errors), ma, dense(offset, depth), { accumulate });
      else emitProduct(b, depth, columns, rows, transposed(ma), errors, dense(offset, columns), { accumulate });
    }
    if (b.wants(aName)) {
      const { offset, accumulate } = b.gradient(aName);
      const da = transA ? transposed(dense(offset, rows)) : dense(offset, depth);
      emitProduct(b, rows, depth, columns, errors, transposed(mb), da, { accumulate });
    }
  });
}

/** [..., rows, depth] x [depth, columns] as one product; products of two batched operands one by one. */
export function lowerMatMul(b: Builder, node: Node<OpOf<'MatMul'>>): void {
  const [aName, bName] = node.inputs;
  const a = b.slot(aName);
  const w = b.slot(bName);
  const { clamp } = node.op;
  const rank = a.shape.length;
  if (rank < 2 || w.shape.length < 2) {
    throw new UnsupportedTrainingError('MatMul with a vector operand cannot be trained', node.name);
  }
  const depth = a.shape[rank - 1];
  const columns = w.shape[w.shape.length - 1];
  const shared = elementCount(w.shape) === depth * columns;
  const lead = a.shape.slice(0, -2);
  if (!shared && (w.shape.length !== rank || w.shape.slice(0, -2).some((size, i) => size !== lead[i]))) {
    throw new UnsupportedTrainingError('MatMul that broadcasts its leading axes cannot be trained', node.name);
  }
  const rows = shared ? elementCount(a.shape) / depth : a.shape[rank - 2];
  const count = shared ? 1 : elementCount(lead);
  const y = b.define(node.outputs[0], [...a.shape.slice(0, -1), columns], a.batchAxis);
  for (let i = 0; i < count; i++) {
    const ma = dense(a.offset + 4 * i * rows * depth, depth);
    const mb = dense(w.offset + 4 * i * depth * columns, columns);
    emitProduct(b, rows, columns, depth, ma, mb, dense(y.offset + 4 * i * rows * columns, columns), { clamp });
  }
  b.differentiable(node, (dy) => {
    const total = count * rows * columns;
    if (clamp !== undefined) b.emit('clamp_backward', y.offset, dy, total, bits(clamp.min), bits(clamp.max));
    const da = b.wants(aName) ? b.gradient(aName) : undefined;
    const db = b.wants(bName) ? b.gradient(bName) : undefined;
    for (let i = 0; i < count; i++) {
      const errors = dense(dy + 4 * i * rows * columns, columns);
      const ma = dense(a.offset + 4 * i * rows * depth, depth);
      const mb = dense(w.offset + 4 * i * depth * columns, columns);
      if (db !== undefined) {
        const target = dense(db.offset + 4 * i * depth * columns, columns);
        emitProduct(b, depth, columns, rows, transposed(ma), errors, target, { accumulate: db.accumulate });
      }
      if (da !== undefined) {
        const target = dense(da.offset + 4 * i * rows * depth, depth);
        emitProduct(b, rows, depth, columns, errors, transposed(mb), target, { accumulate: da.accumulate });
      }
    }
  });
}
