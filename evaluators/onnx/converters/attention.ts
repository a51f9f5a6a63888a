/**
 * Attention and RotaryEmbedding (operator set 23 and later) as matrix products, a softmax and slices. B batch, H query heads, G key heads,
 * S query and T key positions:
 *
 *   Y = softmax(softcap(√s·Q · (√s·K)ᵀ) + bias) · V,   softcap(x) = c · tanh(x / c),   s = scale, by default 1 / √(head size)
 *
 * The bias is −∞ where a mask, causality or a window forbids to look; a row that may look nowhere gives zeros.
 */
import { tensorOf } from '../../ops/elements.ts';
import type { Value } from '../graph-builder.ts';
import type { ConverterTable, NodeContext } from '../node-context.ts';

type FloatType = 'float32' | 'float16' | 'float64';

function floatType(c: NodeContext): FloatType {
  const dtype = c.dtype();
  if (dtype === 'float32' || dtype === 'float16' || dtype === 'float64') return dtype;
  throw c.fail(`its input is ${dtype}, it must be a float`);
}

const reshape = (c: NodeContext, x: Value, shape: readonly number[]): Value => c.step({ kind: 'Reshape', shape }, x);
const swapped = (c: NodeContext, x: Value): Value => c.step({ kind: 'Transpose', perm: [0, 2, 1, 3] }, x);

/** [B, heads, positions, size] from that, or from [B, positions, heads · size]. */
function inHeads(c: NodeContext, x: Value, attribute: string): Value {
  const { shape } = x.type;
  if (shape.length === 4) return x;
  const heads = c.attributes.int(attribute, 0);
  if (shape.length !== 3 || heads < 1 || shape[2] % heads !== 0)
    throw c.fail(`[${shape.join(', ')}] cannot be divided into ${heads} heads (${attribute})`);
  return swapped(c, reshape(c, x, [shape[0], shape[1], heads, shape[2] / heads]));
}

/** Repeats each head of a key or value until there are `heads`. */
function repeatHeads(c: NodeContext, x: Value, heads: number): Value {
  const [batch, own, positions, size] = x.type.shape;
  if (own === heads) return x;
  if (heads % own !== 0) throw c.fail(`${heads} query heads are no multiple of ${own} key heads`);
  const apart = reshape(c, x, [batch, own, 1, positions, size]);
  const repeated = c.step({ kind: 'Expand', shape: [batch, own, heads / own, positions, size] }, apart);
  return reshape(c, repeated, [batch, heads, positions, size]);
}

const NOWHERE = Number.NEGATIVE_INFINITY;

/** What causality and windows forbid, as a constant [S, T]; undefined when that is nothing. */
function positionBias(
  c: NodeContext,
  dtype: FloatType,
  queries: number,
  keys: number,
  past: number,
): Value | undefined {
  const a = c.attributes;
  const causal = a.flag('is_causal', false);
  const [left, right] = [a.int('left_window_size', -1), a.int('right_window_size', -1)];
  if (!causal && left < 0 && right < 0) return undefined;
  const values = Float64Array.from({ length: queries * keys }, (_, i) => {
    const [place, key] = [past + Math.floor(i / keys), i % keys];
    const forbidden =
      (causal && key > place) || (left >= 0 && key < place - left) || (right >= 0 && key > place + right);
    return forbidden ? NOWHERE : 0;
  });
  return c.newConstant('positions', tensorOf({ dtype, shape: [queries, keys] }, values));
}

/** The mask input as something to add; a mask for fewer keys forbids the others. */
function maskBias(c: NodeContext, dtype: FloatType, keys: number): Value | undefined {
  const mask = c.inputs[3];
  if (mask === undefined) return undefined;
  const forbidden = c.scalar('forbidden', dtype, NOWHERE);
  const bias =
    mask.type.dtype === 'bool' ? c.step({ kind: 'Where' }, mask, c.scalar('allowed', dtype, 0), forbidden) : mask;
  const { shape } = bias.type;
  const missing = keys - (shape.at(-1) ?? 1);
  if (missing <= 0 || shape.at(-1) === 1) return bias;
  const pads = [...shape.map(() => 0), ...shape.map((_, axis) => (axis === shape.length - 1 ? missing : 0))];
  return c.step({ kind: 'Pad', mode: 'constant', pads }, bias, forbidden);
}

function added(c: NodeContext, a: Value | undefined, b: Value | undefined): Value | undefined {
  return a === undefined || b === undefined ? (a ?? b) : c.step({ kind: 'Binary', fn: 'Add' }, a, b);
}

/** Rows whose bias forbids everything become zero instead of 0 / 0. */
function withoutBlockedRows(c: NodeContext, dtype: FloatType, shares: Value, bias: Value): Value {
  const last = bias.type.shape.length - 1;
  const best = c.step({ kind: 'Reduce', fn: 'Max', axes: [last], keepDims: true }, bias);
  const blocked = c.step({ kind: 'Binary', fn: 'Equal' }, best, c.scalar('nowhere', dtype, NOWHERE));
  return c.step({ kind: 'Where' }, blocked, c.scalar('nothing', dtype, 0), shares);
}

function softcapped(c: NodeContext, dtype: FloatType, scores: Value): Value {
  const cap = c.attributes.float('softcap', 0);
  if (cap === 0) return scores;
  const bound = c.scalar('softcap', dtype, cap);
  const part = c.step({ kind: 'Binary', fn: 'Div' }, scores, bound);
  const bent = c.step({ kind: 'Unary', fn: 'Tanh', alpha: 0, beta: 0 }, part);
  return c.step({ kind: 'Binary', fn: 'Mul' }, bent, bound);
}

/** Key or value with what was there before. */
function withPast(c: NodeContext, x: Value, index: number): Value {
  const past = c.inputs[index];
  return past === undefined ? x : c.step({ kind: 'Concat', axis: 2 }, past, x);
}

function attention(c: NodeContext): readonly Value[] {
  const dtype = floatType(c);
  c.attributes.ignore('softmax_precision');
  if (c.inputs[6] !== undefined)
    throw c.unsupported('an external key cache (nonpad_kv_seqlen) is not supported', 'Pass past_key and past_value.');
  const q = inHeads(c, c.input(0, 'Q'), 'q_num_heads');
  const key = withPast(c, inHeads(c, c.input(1, 'K'), 'kv_num_heads'), 4);
  const value = withPast(c, inHeads(c, c.input(2, 'V'), 'kv_num_heads'), 5);
  const [batch, heads, queries, size] = q.type.shape;
  if ([key, value].some(({ type }) => type.shape.length !== 4)) throw c.fail('past and present keys must have 4 axes');
  const keys = key.type.shape[2];
  const root = c.scalar('scale', dtype, Math.sqrt(c.attributes.float('scale', 1 / Math.sqrt(size))));
  const scaled = (x: Value): Value => c.step({ kind: 'Binary', fn: 'Mul' }, x, root);
  const across = c.step({ kind: 'Transpose', perm: [0, 1, 3, 2] }, scaled(repeatHeads(c, key, heads)));
  const raw = c.step({ kind: 'MatMul' }, scaled(q), across);
  const capped = softcapped(c, dtype, raw);
  const past = c.inputs[4]?.type.shape[2] ?? 0;
  const bias = added(c, maskBias(c, dtype, keys), positionBias(c, dtype, queries, keys, past));
  const biased = added(c, capped, bias) ?? capped;
  const softmax = c.step({ kind: 'Softmax', axis: 3, log: false, flatten: false }, biased);
  const shares = bias === undefined ? softmax : withoutBlockedRows(c, dtype, softmax, bias);
  const y = c.step({ kind: 'MatMul' }, shares, repeatHeads(c, value, heads));
  const width = heads * (value.type.shape[3] ?? 1);
  const flat = c.rank() === 3 ? reshape(c, swapped(c, y), [batch, queries, width]) : y;
  const stages = [raw, capped, biased, shares];
  const stage = stages[c.attributes.int('qk_matmul_output_mode', 0)];
  if (stage === undefined) throw c.fail('qk_matmul_output_mode must be 0 to 3');
  return [flat, key, value, stage];
}

/** Part of the last axis: elements `start`, `start + step` … */
function lastPart(c: NodeContext, x: Value, start: number, step: number, count: number): Value {
  const { shape } = x.type;
  const last = shape.length - 1;
  const at = (value: number, other: (axis: number) => number) =>
    shape.map((_, axis) => (axis === last ? value : other(axis)));
  const starts = at(start, () => 0);
  return c.step({ kind: 'Slice', starts, steps: at(step, () => 1), sizes: at(count, (axis) => shape[axis]) }, x);
}

/** Cosines or sines of each position as [B, S, 1, half]. */
function angles(c: NodeContext, index: number, role: string): Value {
  const cache = c.input(index, role);
  const positions = c.inputs[3];
  const table = positions === undefined ? cache : c.step({ kind: 'Gather', axis: 0 }, cache, positions);
  if (table.type.shape.length !== 3) throw c.fail(`${role} and position_ids do not give one row per position`);
  const [batch, steps, half] = table.type.shape;
  return reshape(c, table, [batch, steps, 1, half]);
}

/** Turns pairs (a, b) of the first `rotary_embedding_dim` elements of each head: (a cos − b sin, a sin + b cos). */
function rotaryEmbedding(c: NodeContext): readonly Value[] {
  floatType(c);
  const x = c.input(0, 'X');
  const { shape } = x.type;
  const heads = c.attributes.int('num_heads', 0);
  const flat = shape.length === 3;
  if (flat && (heads < 1 || shape[2] % heads !== 0)) throw c.fail(`num_heads ${heads} does not divide ${shape[2]}`);
  const apart = flat ? reshape(c, x, [shape[0], shape[1], heads, shape[2] / heads]) : swapped(c, x);
  const size = apart.type.shape[3];
  const turned = c.attributes.int('rotary_embedding_dim', 0) || size;
  if (shape.length < 3 || shape.length > 4 || turned % 2 !== 0 || turned > size)
    throw c.fail(`${turned} elements of [${shape.join(', ')}] cannot be turned in pairs`);
  const half = turned / 2;
  const interleaved = c.attributes.flag('interleaved', false);
  const [a, b] = interleaved
    ? [lastPart(c, apart, 0, 2, half), lastPart(c, apart, 1, 2, half)]
    : [lastPart(c, apart, 0, 1, half), lastPart(c, apart, half, 1, half)];
  const [cosine, sine] = [angles(c, 1, 'cos_cache'), angles(c, 2, 'sin_cache')];
  const times = (u: Value, v: Value): Value => c.step({ kind: 'Binary', fn: 'Mul' }, u, v);
  const real = c.step({ kind: 'Binary', fn: 'Sub' }, times(a, cosine), times(b, sine));
  const imaginary = c.step({ kind: 'Binary', fn: 'Add' }, times(a, sine), times(b, cosine));
  const parts = interleaved ? [pairs(c, real, imaginary)] : [real, imaginary];
  if (turned < size) parts.push(lastPart(c, apart, turned, 1, size - turned));
  const whole = parts.length === 1 ? parts[0] : c.step({ kind: 'Concat', axis: 3 }, ...parts);
  return [flat ? reshape(c, whole, shape) : swapped(c, whole)];
}

/** a₀ b₀ a₁ b₁ … along the last axis. */
function pairs(c: NodeContext, a: Value, b: Value): Value {
  const { shape } = a.type;
  const columns = [a, b].map((x) => reshape(c, x, [...shape, 1]));
  const stacked = c.step({ kind: 'Concat', axis: shape.length }, ...columns);
  return reshape(c, stacked, [...shape.slice(0, -1), 2 * (shape.at(-1) ?? 1)]);
}

export const ATTENTION: ConverterTable = { Attention: attention, RotaryEmbedding: rotaryEmbedding };
