/**
 * Further spaces where all objectives but one are known functions: an easy one, widths with a number of bits, one where what costs more is
 * partly worse, and five layers whose sizes multiply. Formulas made up for the purpose; the best hypervolume is that of a search with the
 * true functions (random points, then steps around the front).
 */
import {
  createRng,
  createSearchSpace,
  hypervolume,
  type KnownMetric,
  type Objective,
  type Parameter,
  type Params,
  type TestProblem,
} from '@tinypareto/optimizer';

interface Definition {
  readonly name: string;
  readonly parameters: readonly Parameter[];
  readonly objectives: readonly (Objective & { readonly reference: number })[];
  /** Functions of all objectives; `measured` are not known beforehand. */
  readonly metrics: Readonly<Record<string, KnownMetric>>;
  readonly measured: string;
}

const int = (name: string, low: number, high: number, step = 1): Parameter => ({ name, type: 'int', low, high, step });
const choice = (name: string, ...choices: string[]): Parameter => ({ name, type: 'categorical', choices });
const rate: Parameter = { name: 'lr', type: 'float', low: 1e-4, high: 1e-1, log: true };
const pick = <T>(table: Readonly<Record<string, T>>, params: Params, name: string): T => table[String(params[name])];
const bell = (params: Params, centre: number, width: number): number =>
  Math.exp(-(((Math.log10(Number(params['lr'])) - centre) / width) ** 2));

const easy: Definition = {
  name: 'two widths and a format',
  parameters: [int('w1', 1, 16), int('w2', 1, 16), choice('format', 'float', 'int'), rate],
  objectives: [
    { metric: 'error', direction: 'minimize', reference: 0.6 },
    { metric: 'bytes', direction: 'minimize', reference: 1200 },
  ],
  metrics: {
    bytes: (p) => (Number(p['w1']) * Number(p['w2']) + 10 * Number(p['w1'])) * (p['format'] === 'float' ? 4 : 1) + 40,
    error: (p) =>
      0.05 +
      0.5 * Math.exp(-Number(p['w1']) / 5) +
      0.3 * Math.exp(-Number(p['w2']) / 4) +
      (p['format'] === 'int' ? 0.03 : 0) +
      0.1 * (Math.log10(Number(p['lr'])) + 2) ** 2,
  },
  measured: 'error',
};

const bits: Definition = {
  name: 'three widths and bits',
  parameters: [
    int('w1', 4, 32, 4),
    int('w2', 4, 32, 4),
    int('w3', 4, 32, 4),
    int('bits', 2, 8),
    int('epochs', 1, 8),
    rate,
  ],
  objectives: [
    { metric: 'accuracy', direction: 'maximize', reference: 0.4 },
    { metric: 'bytes', direction: 'minimize', reference: 6000 },
  ],
  metrics: {
    bytes: (p) => {
      const [a, b, c] = [Number(p['w1']), Number(p['w2']), Number(p['w3'])];
      return ((9 * a + 4 * a * b + 3 * b * c + 10 * c) * Number(p['bits'])) / 8 + 200;
    },
    accuracy: (p) => {
      const small = ['w1', 'w2', 'w3'].reduce(
        (sum, name, i) => {
          return sum + [0.5, 0.4, 0.25][i] * Math.exp(-Number(p[name]) / [9, 8, 10][i]);
        },
        0.6 * Math.exp(-(Number(p['bits']) - 1) / 1.3),
      );
      return 0.99 * Math.exp(-small) * (0.45 + 0.55 * bell(p, -2.3, 0.8) * (1 - Math.exp(-Number(p['epochs']) / 2.5)));
    },
  },
  measured: 'accuracy',
};

const contrary: Definition = {
  name: 'dearer and partly worse',
  parameters: [int('a', 0, 12), int('b', 0, 12), int('c', 0, 12), choice('kind', 'x', 'y', 'z'), rate],
  objectives: [
    { metric: 'loss', direction: 'minimize', reference: 1 },
    { metric: 'cost', direction: 'minimize', reference: 60 },
    { metric: 'time', direction: 'minimize', reference: 40 },
  ],
  metrics: {
    cost: (p) => 2 * Number(p['a']) + 3 * Number(p['b']) + Number(p['c']) + pick({ x: 0, y: 4, z: 9 }, p, 'kind') + 5,
    time: (p) => Number(p['a']) + 2 * Number(p['c']) + pick({ x: 6, y: 2, z: 0 }, p, 'kind') + 1,
    loss: (p) =>
      0.1 +
      0.35 * Math.exp(-Number(p['a']) / 4) +
      0.03 * Number(p['b']) +
      0.4 * (Number(p['c']) / 12 - 0.4) ** 2 +
      pick({ x: 0.1, y: 0.05, z: 0 }, p, 'kind') +
      0.15 * (1 - bell(p, -2.5, 0.8)),
  },
  measured: 'loss',
};

const LAYERS = ['s1', 's2', 's3', 's4', 's5'];
/** Layer i keeps k[i - 1] k[i] of its weights or products. */
function products(p: Params, perLayer: readonly number[]): number {
  const keep = LAYERS.map((name) => 1 - Number(p[name]) / 10);
  return perLayer.reduce((sum, size, i) => sum + size * keep[i] * (keep[i - 1] ?? 1), 0);
}

const layers: Definition = {
  name: 'five layers',
  parameters: [
    ...LAYERS.map((name) => int(name, 0, 8)),
    choice('format', 'f32', 'i8', 'i4'),
    choice('method', 'm1', 'm2', 'm3'),
    rate,
  ],
  objectives: [
    { metric: 'error', direction: 'minimize', reference: 0.6 },
    { metric: 'kB', direction: 'minimize', reference: 400 },
    { metric: 'ms', direction: 'minimize', reference: 60 },
  ],
  metrics: {
    kB: (p) => 20 + products(p, [10, 60, 120, 150, 40]) * pick({ f32: 1, i8: 0.25, i4: 0.14 }, p, 'format'),
    ms: (p) => 1 + products(p, [20, 30, 20, 8, 2]) * pick({ f32: 1, i8: 0.5, i4: 0.7 }, p, 'format'),
    error: (p) => {
      const factors = pick(
        { m1: [1, 1, 1, 1, 1], m2: [0.7, 1.1, 0.8, 1, 0.9], m3: [1.2, 0.7, 1, 0.7, 1.1] },
        p,
        'method',
      );
      const damage = LAYERS.reduce(
        (sum, name, i) => {
          const s = Number(p[name]) / 10;
          return sum + ([0.08, 0.05, 0.04, 0.02, 0.05][i] * factors[i] * s * s) / (1 - s);
        },
        pick({ f32: 0, i8: 0.02, i4: 0.12 }, p, 'format'),
      );
      const recovery = 0.6 * bell(p, -2.2, 0.6);
      return 0.85 - 0.8 * Math.exp(-(0.03 + 2 * damage * (1 - recovery) + 0.1 * (0.6 - recovery)));
    },
  },
  measured: 'error',
};

const POINTS = 6000;
const ROUNDS = 6;
const STEPS = 8;

/** Largest hypervolume of a search that may call every function as often as it likes. */
function searchBest(problem: TestProblem['problem'], reference: readonly number[], turned: (p: Params) => number[]) {
  const { space } = problem;
  const rng = createRng(9, 9, 'best');
  let front: { readonly params: Params; readonly values: readonly number[] }[] = [];
  const covers = (a: readonly number[], b: readonly number[]): boolean => a.every((x, j) => x <= b[j]);
  const add = (params: Params | null): void => {
    if (params === null) return;
    const values = turned(params);
    if (values.some((v, j) => v >= reference[j]) || front.some((other) => covers(other.values, values))) return;
    front = [...front.filter((other) => !covers(values, other.values)), { params, values }];
  };
  for (let i = 0; i < POINTS; i++) add(space.sampleParams(rng));
  for (let round = 0; round < ROUNDS; round++)
    for (const { params } of [...front])
      for (let step = 0; step < STEPS; step++) {
        const unit = space.encode(params);
        const d = rng.nextInt(unit.length);
        const isKind = space.dimensions[d].kind === 'categorical';
        unit[d] = isKind ? rng.nextFloat() : Math.min(1, Math.max(0, unit[d] + 0.12 * rng.nextNormal()));
        add(space.decode(unit));
      }
  return hypervolume(
    front.map(({ values }) => values),
    reference,
  );
}

function toProblem({ name, parameters, objectives, metrics, measured }: Definition): TestProblem {
  const signs = objectives.map(({ direction }) => (direction === 'minimize' ? 1 : -1));
  const reference = objectives.map((objective, j) => signs[j] * objective.reference);
  const known = new Map(Object.entries(metrics).filter(([metric]) => metric !== measured));
  const problem = { space: createSearchSpace(parameters), objectives, constraints: [], known };
  const turned = (params: Params): number[] => objectives.map(({ metric }, j) => signs[j] * metrics[metric](params));
  return {
    name,
    problem,
    reference,
    bestHypervolume: searchBest(problem, reference, turned),
    evaluate: (params) => ({ objectives: turned(params), constraints: [] }),
    measure: (params) =>
      Object.fromEntries(Object.entries(metrics).map(([metric, f]) => [metric, { mean: f(params), stderr: 0 }])),
  };
}

export function knownSpaces(): TestProblem[] {
  return [easy, bits, contrary, layers].map(toProblem);
}
