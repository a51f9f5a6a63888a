/** Conv and ConvTranspose in one or two spatial dimensions. */
import type { Node } from '../../ir/graph.ts';
import type { OpOf } from '../../ir/op.ts';
import { bits } from '../kernels.ts';
import { type Builder, UnsupportedTrainingError } from './builder.ts';
import { type ConvGeometry, emitForward, emitInputGradient, emitPadded, emitWeightGradient } from './convolution.ts';
import { UNARY_NUMBERS } from './elementwise.ts';

/** [N, C, spatial…] as [N, C, h, w]. */
function planar(node: Node, values: readonly number[], spatial: number, fill: number): readonly [number, number] {
  if (spatial === 1) return [fill, values[0]];
  if (spatial === 2) return [values[0], values[1]];
  throw new UnsupportedTrainingError(`${node.op.kind} with ${spatial} spatial axes cannot be trained`, node.name);
}

function window(node: Node, op: OpOf<'Conv'> | OpOf<'ConvTranspose'>) {
  const spatial = op.kernelShape.length;
  const [kh, kw] = planar(node, op.kernelShape, spatial, 1);
  const [sh, sw] = planar(node, op.strides, spatial, 1);
  const [dh, dw] = planar(node, op.dilations, spatial, 1);
  const [top, left] = planar(node, op.pads.slice(0, spatial), spatial, 0);
  const [bottom, right] = planar(node, op.pads.slice(spatial), spatial, 0);
  return { kh, kw, sh, sw, dh, dw, top, left, bottom, right, group: op.group };
}

export function lowerConv(b: Builder, node: Node<OpOf<'Conv'>>): void {
  const [xName, wName, biasName = ''] = node.inputs;
  const x = b.slot(xName);
  const weights = b.slot(wName);
  const win = window(node, node.op);
  const spatial = node.op.kernelShape.length;
  const [h, w] = planar(node, x.shape.slice(2), spatial, 1);
  const oh = Math.floor((h + win.top + win.bottom - (win.kh - 1) * win.dh - 1) / win.sh) + 1;
  const ow = Math.floor((w + win.left + win.right - (win.kw - 1) * win.dw - 1) / win.sw) + 1;
  const m = weights.shape[0];
  const g: ConvGeometry = { n: x.shape[0], c: x.shape[1], h, w, m, oh, ow, ...win };
  const y = b.define(node.outputs[0], [g.n, m, ...(spatial === 1 ? [ow] : [oh, ow])], x.batchAxis);
  const clamp = node.op.clamp;
  const plane = emitPadded(b, g, x.offset);
  const bias = biasName === '' ? 0 : b.slot(biasName).offset;
  emitForward(b, g, plane, weights.offset, y.offset, { bias, clamp });
  b.differentiable(node, (dy) => {
    if (clamp !== undefined)
      b.emit('clamp_backward', y.offset, dy, g.n * m * oh * ow, bits(clamp.min), bits(clamp.max));
    if (biasName !== '' && b.wants(biasName)) {
      const db = b.gradient(biasName);
      b.emit('channel_sum', dy, db.offset, g.n, m, oh * ow, db.accumulate);
    }
    if (b.wants(wName)) {
      const dw = b.gradient(wName);
      emitWeightGradient(b, g, plane, dy, dw.offset, dw.accumulate);
    }
    if (b.wants(xName)) {
      const dx = b.gradient(xName);
      emitInputGradient(b, g, weights.offset, dy, dx.offset, dx.accumulate);
    }
  });
}

/** ConvTranspose is the input gradient of the convolution y -> x that has the same weights [C, M/group, kh, kw]. */
export function lowerConvTranspose(b: Builder, node: Node<OpOf<'ConvTranspose'>>): void {
  const [xName, wName, biasName = ''] = node.inputs;
  const x = b.slot(xName);
  const weights = b.slot(wName);
  const win = window(node, node.op);
  const spatial = node.op.kernelShape.length;
  const [h, w] = planar(node, x.shape.slice(2), spatial, 1);
  const [extraH, extraW] = planar(node, node.op.outputPadding, spatial, 0);
  const bigH = (h - 1) * win.sh + (win.kh - 1) * win.dh + 1 + extraH - win.top - win.bottom;
  const bigW = (w - 1) * win.sw + (win.kw - 1) * win.dw + 1 + extraW - win.left - win.right;
  const m = weights.shape[1] * win.group;
  const g: ConvGeometry = { n: x.shape[0], c: m, h: bigH, w: bigW, m: x.shape[1], oh: h, ow: w, ...win };
  const y = b.define(node.outputs[0], [g.n, m, ...(spatial === 1 ? [bigW] : [bigH, bigW])], x.batchAxis);
  const count = g.n * m * bigH * bigW;
  const clamp = node.op.clamp;
  emitInputGradient(b, g, weights.offset, x.offset, y.offset, 0);
  if (biasName !== '') {
    const axes = [g.n, m * bigH * bigW, 0, m, bigH * bigW, 1, bigH * bigW, 1, 0];
    b.emit('binary', 0, y.offset, b.slot(biasName).offset, y.offset, 3, ...axes);
  }
  if (clamp !== undefined)
    b.emit('unary', UNARY_NUMBERS['Clamp'], y.offset, y.offset, count, bits(clamp.min), bits(clamp.max));
  b.differentiable(node, (dy) => {
    if (clamp !== undefined) b.emit('clamp_backward', y.offset, dy, count, bits(clamp.min), bits(clamp.max));
    if (biasName !== '' && b.wants(biasName)) {
      const db = b.gradient(biasName);
      b.emit('channel_sum', dy, db.offset, g.n, m, bigH * bigW, db.accumulate);
    }
    const plane = emitPadded(b, g, dy);
    if (b.wants(wName)) {
      const dw = b.gradient(wName);
      emitWeightGradient(b, g, plane, x.offset, dw.offset, dw.accumulate);
    }
    if (b.wants(xName)) {
      const dx = b.gradient(xName);
      if (dx.accumulate === 0) emitForward(b, g, plane, weights.offset, dx.offset, { bias: 0, clamp: undefined });
      else {
        const scratch = b.arena.allocate(g.n * g.m * h * w);
        emitForward(b, g, plane, weights.offset, scratch, { bias: 0, clamp: undefined });
        b.emit('axpy', scratch, dx.offset, g.n * g.m * h * w, bits(1));
        b.arena.release(scratch);
      }
    }
    if (plane.offset !== dy) b.arena.release(plane.offset);
  });
}
