/** LSTM, GRU, RNN: activations get their defaults, sequences their layout. */
import type { Recurrent } from '../../ir/op.ts';
import { activationDefaults, activationName } from '../../ops/recurrent/activation.ts';
import { badAttribute } from '../attributes.ts';
import type { ConverterTable, NodeContext } from '../node-context.ts';

const DIRECTIONS = ['forward', 'reverse', 'bidirectional'] as const;

function recurrent(c: NodeContext, defaults: readonly string[]): Recurrent {
  const a = c.attributes;
  a.ignore('output_sequence');
  const direction = a.choice('direction', DIRECTIONS, 'forward');
  const all = direction === 'bidirectional' ? [...defaults, ...defaults] : defaults;
  const names = (a.strings('activations') ?? all).map(activationName);
  if (names.length !== all.length)
    throw badAttribute('activations', `has ${names.length} entries, ${all.length} are needed`);
  const alphas = [...(a.floats('activation_alpha') ?? [])];
  const betas = [...(a.floats('activation_beta') ?? [])];
  const activations = names.map((fn) => {
    const own = activationDefaults(fn);
    // The lists have entries only for functions that use them.
    return {
      fn,
      alpha: own.alpha === undefined ? 0 : (alphas.shift() ?? own.alpha),
      beta: own.beta === undefined ? 0 : (betas.shift() ?? own.beta),
    };
  });
  const hiddenSize = a.int('hidden_size', c.shape(2)[2] ?? 0);
  return {
    hiddenSize,
    direction,
    activations,
    clip: a.optionalFloat('clip') ?? null,
    batchFirst: a.flag('layout', false),
  };
}

function lstm(c: NodeContext) {
  const inputForget = c.attributes.flag('input_forget', false);
  return c.result({ kind: 'LSTM', inputForget, ...recurrent(c, ['Sigmoid', 'Tanh', 'Tanh']) }, c.inputs);
}

function gru(c: NodeContext) {
  const linearBeforeReset = c.attributes.flag('linear_before_reset', false);
  return c.result({ kind: 'GRU', linearBeforeReset, ...recurrent(c, ['Sigmoid', 'Tanh']) }, c.inputs);
}

export const RECURRENT: ConverterTable = {
  LSTM: lstm,
  GRU: gru,
  RNN: (c) => c.result({ kind: 'RNN', ...recurrent(c, ['Tanh']) }, c.inputs),
};
