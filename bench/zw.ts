import { fuseQuantized, importOnnx, predictLatency } from '@tinypareto/evaluators';
import { board } from '../test/support/boards.ts';
import { modelBytes } from '../test/support/reference-io.ts';
import { fillInput } from './support/input-fill.ts';
import { runOnCore } from './support/network-on-core.ts';
const spec = board('pico');
for (const [f, net] of [['mlperf-tiny', 'kws-dscnn.int8-pc'], ['mlperf-tiny', 'ic-resnet8.int8-pc'], ['mlperf-tiny', 'vww-mobilenetv1.int8-pc'], ['mlperf-tiny', 'ad-autoencoder.int8-pc'], ['lenet', 'lenet5-classic.int8-pc'], ['lenet', 'lenet5-classic.w4a8'], ['har', 'har-mlp.int8-pc'], ['har', 'har-cnn1d.int8-pt'], ['har', 'har-resnet1d.int8-pt']] as const) {
for (const weights of ['dense', 'auto'] as const) {
const graph = fuseQuantized(importOnnx(modelBytes(f, net)));
const ins = graph.inputs.map((info) => fillInput([{ type: info.dtype === 'float32' ? 'float' : 'int8_t', elements: info.shape.reduce((a, c) => a * c, 1), bytes: info.shape.reduce((a, c) => a * c, 1) * (info.dtype === 'float32' ? 4 : 1) } as any], 0));
const a = await runOnCore(graph, spec, ins, { kind: 'zeroWait' }, { weights });
const b = await runOnCore(graph, spec, ins, spec.flashTiming as any, { weights });
const p = predictLatency(a.program, spec);
console.log(net, weights, 'zero', a.cycles, 'pred', p.cycles - p.waitCycles, 'waits', b.cycles - a.cycles, 'pred', p.waitCycles, ((p.cycles / b.cycles - 1) * 100).toFixed(2) + '%', 'const', a.program.constants.reduce((s, c) => s + c.bytes, 0) * 10);
}}
