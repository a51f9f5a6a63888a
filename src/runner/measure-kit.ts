/** Latency of a finished trial on a device, where the campaign asks for it and an agent offers one. */
import { createHash } from 'node:crypto';
import { type BoardSpec, hostRunnerSource, type MeasurementKit, REQUIRED_FLAGS } from '@tinypareto/evaluators';
import type { WireMetric } from '../contract/metric.ts';
import type { EvaluationSpec } from '../contract/study.ts';
import type { AgentHub } from './agent-hub.ts';

const RUNS = 10;
const WARM_UP_RUNS = 2;

/**
 * `latencyUs` as measured; nothing when the campaign wants no measurement, or the best available and no device is there. Throws
 * UserError NO_DEVICE or MeasureError.
 */
export async function measureKit(
  kit: MeasurementKit,
  board: BoardSpec,
  measure: NonNullable<EvaluationSpec['measure']>,
  hub: AgentHub | undefined,
  signal: AbortSignal,
): Promise<Record<string, WireMetric>> {
  const isWanted = measure === 'measured' || (measure === 'best-available' && hub?.has(board.name));
  if (!isWanted || hub === undefined || board.core !== 'host') return {};
  const { latencyUs } = await hub.measure({
    board: board.name,
    program: hostSources(kit),
    inputs: kit.inputs,
    expectedOutputs: kit.expectedOutputs,
    runs: RUNS,
    warmup: WARM_UP_RUNS,
    signal,
  });
  // The interquartile range of a normal distribution is 1.349 deviations; the median of n samples errs by 1.253 deviations / √n.
  const stderr = (1.253 * (latencyUs.iqr / 1.349)) / Math.sqrt(latencyUs.n);
  return { latencyUs: { mean: latencyUs.median, stderr, n: latencyUs.n, provenance: 'measured' } };
}

function hostSources(kit: MeasurementKit) {
  const input = { id: 'in0', bytes: kit.inputs[0]?.length ?? 0 };
  const output = { id: 'out0', bytes: kit.expectedOutputs[0]?.length ?? 0 };
  const files = [
    ...kit.files.filter(({ path }) => /\.[ch]$/.test(path)),
    { path: 'host_main.c', text: hostRunnerSource(kit.prefix, [input], [output]) },
  ].map(({ path, text }) => ({ name: path, base64: Buffer.from(text).toString('base64') }));
  const compilerFlags = [...REQUIRED_FLAGS];
  const sha256 = createHash('sha256').update(JSON.stringify({ files, compilerFlags })).digest('hex');
  return { format: 'c-sources' as const, sha256, files, compilerFlags };
}
