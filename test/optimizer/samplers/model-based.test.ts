import { createSampler } from '../../../optimizer/samplers/create-sampler.ts';
import { samplerContract } from './sampler-contract.ts';

for (const kind of ['mobo', 'ei', 'parego', 'ars', 'auto'] as const) {
  samplerContract(kind, (problem, seed) => createSampler(kind, problem, { seed }), {
    asks: 16,
    cellAsks: 6,
    objectives: kind === 'ei' ? 1 : 2,
  });
}
