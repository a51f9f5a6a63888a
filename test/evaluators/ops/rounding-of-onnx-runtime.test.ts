/** Numbers that ONNX Runtime 1.31.1 gave on x86 where another order of roundings would give their neighbours. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Op, runOp, type Tensor, tensor } from '@tinypareto/evaluators';

const scale = (value: number): Tensor => tensor('float32', [], Float32Array.of(value));
const int8 = (...values: number[]): Tensor => tensor('int8', [values.length], Int8Array.from(values));
const zero = (value: number): Tensor => tensor('int8', [], Int8Array.of(value));

test('the constant part of a quantized sum is rounded twice, not three times', () => {
  const op: Op = { kind: 'QLinearBinary', fn: 'Add' };
  const a = [int8(24), scale(0.044318005442619324), zero(19)];
  const b = [int8(-117), scale(0.024158090353012085), zero(-128)];
  const [y] = runOp(op, [...a, ...b, scale(0.03360890597105026), zero(-128)]);
  assert.deepEqual([...y.data], [-114]);
});

test('the largest exponential of a quantized softmax comes from a logarithm in single precision', () => {
  const x = tensor('uint8', [1, 9], Uint8Array.of(71, 248, 207, 82, 232, 64, 54, 54, 181));
  const none = tensor('uint8', [], Uint8Array.of(0));
  const parameters = [scale(0.006483141798526049), none, scale(0.0009487242205068469), none];
  const [y] = runOp({ kind: 'QLinearSoftmax', axis: 1 }, [x, ...parameters]);
  assert.deepEqual([...y.data], [69, 217, 167, 74, 196, 66, 62, 62, 141]);
});
