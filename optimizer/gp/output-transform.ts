/**
 * Monotone transforms that make outputs fit for a Gaussian process: standardisation, a soft clip of values that are too bad to
 * matter (a winsorisation that keeps their order), and bilog for constraint values (Eriksson & Poloczek 2021, "Scalable constrained
 * Bayesian optimization", section 3.3). Smaller is better throughout.
 */

export interface OutputTransform {
  /** Raw value to standardised units. */
  forward(value: number): number;
  /** Standardised units to raw; exact inverse. */
  inverse(value: number): number;
  /** Derivative of `forward` at a raw value. */
  slope(value: number): number;
  /** raw = location + scale * standardised ('linear', where no clip acts), or shift + exp(location + scale * standardised). */
  readonly shape: {
    readonly kind: 'linear' | 'log';
    readonly location: number;
    readonly scale: number;
    readonly shift: number;
  };
}

/** Standard deviation below which outputs count as constant. */
const MIN_DEVIATION = 1e-12;

/** Mean and standard deviation (n - 1) of `values`; a deviation of 1 where they are constant or fewer than two. */
export function momentsOf(values: readonly number[]): { mean: number; deviation: number } {
  if (values.length === 0) return { mean: 0, deviation: 1 };
  let sum = 0;
  for (const value of values) sum += value;
  const mean = sum / values.length;
  let squares = 0;
  for (const value of values) squares += (value - mean) * (value - mean);
  const deviation = values.length > 1 ? Math.sqrt(squares / (values.length - 1)) : 1;
  return { mean, deviation: deviation > MIN_DEVIATION * Math.max(1, Math.abs(mean)) ? deviation : 1 };
}

/** Value below which the fraction `p` of the sorted `values` lies (linear interpolation). */
export function quantile(sorted: readonly number[], p: number): number {
  const position = p * (sorted.length - 1);
  const low = Math.floor(position);
  const high = Math.min(sorted.length - 1, low + 1);
  return sorted[low] + (position - low) * (sorted[high] - sorted[low]);
}

/**
 * Identity up to `knee`, logarithmic with scale `width` beyond, then standardised on `values`. Below the knee the transform is
 * affine, so expected improvements over anything better than the knee keep their closed form.
 */
export function softClipTransform(values: readonly number[], knee: number, width: number): OutputTransform {
  const clip = (value: number): number => (value <= knee ? value : knee + width * Math.log1p((value - knee) / width));
  const { mean, deviation } = momentsOf(values.map(clip));
  return {
    forward: (value) => (clip(value) - mean) / deviation,
    inverse: (value) => {
      const clipped = mean + deviation * value;
      return clipped <= knee ? clipped : knee + width * Math.expm1((clipped - knee) / width);
    },
    slope: (value) => (value <= knee ? 1 : 1 / (1 + (value - knee) / width)) / deviation,
    shape: { kind: 'linear', location: mean, scale: deviation, shift: 0 },
  };
}

/** log(value - shift), standardised on `values`, all above `shift`. */
export function logTransform(values: readonly number[], shift: number): OutputTransform {
  const { mean, deviation } = momentsOf(values.map((value) => Math.log(value - shift)));
  return {
    forward: (value) => (Math.log(Math.max(value - shift, 1e-300)) - mean) / deviation,
    inverse: (value) => shift + Math.exp(mean + deviation * value),
    slope: (value) => 1 / (Math.max(value - shift, 1e-300) * deviation),
    shape: { kind: 'log', location: mean, scale: deviation, shift },
  };
}

/** (value - location) / scale. */
export function linearTransform(location: number, scale: number): OutputTransform {
  return {
    forward: (value) => (value - location) / scale,
    inverse: (value) => location + scale * value,
    slope: () => 1 / scale,
    shape: { kind: 'linear', location, scale, shift: 0 },
  };
}

/** sign(v) log(1 + |v| / s) with s the median of |v|, divided by its deviation: zero stays zero, so feasibility keeps its sign. */
export function bilogTransform(values: readonly number[]): OutputTransform {
  const sizes = values.map(Math.abs).sort((a, b) => a - b);
  const middle = sizes.length === 0 ? 1 : quantile(sizes, 0.5);
  const scale = middle > 0 ? middle : Math.max(sizes.at(-1) ?? 0, 1e-300);
  const bilog = (value: number): number => Math.sign(value) * Math.log1p(Math.abs(value) / scale);
  const { deviation } = momentsOf(values.map(bilog));
  return {
    forward: (value) => bilog(value) / deviation,
    inverse: (value) => Math.sign(value) * scale * Math.expm1(Math.abs(value) * deviation),
    slope: (value) => 1 / (scale + Math.abs(value)) / deviation,
    shape: { kind: 'linear', location: 0, scale: deviation, shift: 0 },
  };
}
