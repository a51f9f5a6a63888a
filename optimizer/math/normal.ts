/**
 * The standard normal distribution and the expected-improvement function, accurate far into the tails.
 * erf/erfcx: rational approximations of W. J. Cody, "Rational Chebyshev approximations for the error function", Math. Comp. 23
 * (1969). Quantile: M. J. Wichura, algorithm AS 241 (PPND16), Applied Statistics 37 (1988).
 * Notation: phi density, Phi distribution function, h(z) = phi(z) + z Phi(z) = E[(z + Z)+] for Z ~ N(0, 1).
 */

const ERF_SMALL_NUM = [
  3.1611237438705655, 113.86415415105016, 377.485237685302, 3209.3775891384694, 0.18577770618460315,
];
const ERF_SMALL_DEN = [23.601290952344122, 244.02463793444417, 1282.6165260773723, 2844.236833439171];
const ERFCX_MIDDLE_NUM = [
  0.5641884969886701, 8.883149794388377, 66.11919063714163, 298.6351381974001, 881.952221241769, 1712.0476126340707,
  2051.0783778260716, 1230.3393547979972, 2.1531153547440383e-8,
];
const ERFCX_MIDDLE_DEN = [
  15.744926110709835, 117.6939508913125, 537.1811018620099, 1621.3895745666903, 3290.7992357334597, 4362.619090143247,
  3439.3676741437216, 1230.3393548037495,
];
const ERFCX_LARGE_NUM = [
  0.30532663496123236, 0.36034489994980445, 0.12578172611122926, 0.016083785148742275, 0.0006587491615298378,
  0.016315387137302097,
];
const ERFCX_LARGE_DEN = [
  2.568520192289822, 1.8729528499234673, 0.5279051029514285, 0.06051834131244132, 0.0023352049762686918,
];
const INVERSE_SQRT_PI = 0.5641895835477563;
const SQRT_HALF = Math.SQRT1_2;
const SQRT_HALF_PI = 1.2533141373155003;
const INVERSE_SQRT_TWO_PI = 0.3989422804014327;
const LOG_SQRT_TWO_PI = 0.9189385332046728;

/** erf(y) for |y| <= 0.46875. */
function erfSmall(y: number): number {
  const square = y * y;
  let num = ERF_SMALL_NUM[4] * square;
  let den = square;
  for (let i = 0; i < 3; i++) {
    num = (num + ERF_SMALL_NUM[i]) * square;
    den = (den + ERF_SMALL_DEN[i]) * square;
  }
  return (y * (num + ERF_SMALL_NUM[3])) / (den + ERF_SMALL_DEN[3]);
}

/** exp(y^2) erfc(y) for y >= 0. */
export function erfcx(y: number): number {
  if (y <= 0.46875) return Math.exp(y * y) * (1 - erfSmall(y));
  if (y <= 4) {
    let num = ERFCX_MIDDLE_NUM[8] * y;
    let den = y;
    for (let i = 0; i < 7; i++) {
      num = (num + ERFCX_MIDDLE_NUM[i]) * y;
      den = (den + ERFCX_MIDDLE_DEN[i]) * y;
    }
    return (num + ERFCX_MIDDLE_NUM[7]) / (den + ERFCX_MIDDLE_DEN[7]);
  }
  const inverse = 1 / (y * y);
  let num = ERFCX_LARGE_NUM[5] * inverse;
  let den = inverse;
  for (let i = 0; i < 4; i++) {
    num = (num + ERFCX_LARGE_NUM[i]) * inverse;
    den = (den + ERFCX_LARGE_DEN[i]) * inverse;
  }
  const tail = (inverse * (num + ERFCX_LARGE_NUM[4])) / (den + ERFCX_LARGE_DEN[4]);
  return (INVERSE_SQRT_PI - tail) / y;
}

/** Density of N(0, 1). */
export function normalPdf(z: number): number {
  return INVERSE_SQRT_TWO_PI * Math.exp(-0.5 * z * z);
}

/** Phi(z), with full relative accuracy in the lower tail. */
export function normalCdf(z: number): number {
  const y = Math.abs(z) * SQRT_HALF;
  if (y <= 0.46875) return 0.5 + 0.5 * erfSmall(z * SQRT_HALF);
  const tail = 0.5 * Math.exp(-0.5 * z * z) * erfcx(y);
  return z < 0 ? tail : 1 - tail;
}

/** log Phi(z), finite for every finite z. */
export function normalLogCdf(z: number): number {
  if (z > -1) return Math.log(normalCdf(z));
  return -0.5 * z * z + Math.log(0.5 * erfcx(-z * SQRT_HALF));
}

/** phi(z) / Phi(z): the derivative of log Phi. */
export function inverseMills(z: number): number {
  if (z > -1) return normalPdf(z) / normalCdf(z);
  return 1 / (SQRT_HALF_PI * erfcx(-z * SQRT_HALF));
}

/** M(t) = Phi(-t) / phi(t) for t >= -1: the Mills ratio. */
export function millsRatio(t: number): number {
  return t >= 0 ? SQRT_HALF_PI * erfcx(t * SQRT_HALF) : normalCdf(-t) / normalPdf(t);
}

/** 1 - t M(t) for t >= 1, where M is the Mills ratio: h(-t) / phi(t). */
function improvementRatio(t: number): number {
  if (t > 100) {
    const inverse = 1 / (t * t);
    return inverse * (1 - inverse * (3 - inverse * (15 - 105 * inverse)));
  }
  return 1 - t * SQRT_HALF_PI * erfcx(t * SQRT_HALF);
}

/** h(z) = phi(z) + z Phi(z), with relative accuracy in the lower tail until it underflows near z = -38. */
export function expectedImprovement(z: number): number {
  if (z > -1) return normalPdf(z) + z * normalCdf(z);
  return normalPdf(z) * improvementRatio(-z);
}

/** log h(z), finite for every finite z (Ament et al. 2023, "Unexpected improvements to expected improvement", section 4.1). */
export function logExpectedImprovement(z: number): number {
  if (z > -1) return Math.log(normalPdf(z) + z * normalCdf(z));
  return -0.5 * z * z - LOG_SQRT_TWO_PI + Math.log(improvementRatio(-z));
}

/** Phi(z) / h(z): the derivative of log h. */
export function logExpectedImprovementSlope(z: number): number {
  if (z > -1) return normalCdf(z) / expectedImprovement(z);
  return (SQRT_HALF_PI * erfcx(-z * SQRT_HALF)) / improvementRatio(-z);
}

/** log(1 - exp(x)) for x < 0. */
export function log1mExp(x: number): number {
  return x > -Math.LN2 ? Math.log(-Math.expm1(x)) : Math.log1p(-Math.exp(x));
}

const QUANTILE_CENTRE_NUM = [
  3.3871328727963665, 133.14166789178438, 1971.5909503065513, 13731.69376550946, 45921.95393154987, 67265.7709270087,
  33430.57558358813, 2509.0809287301227,
];
const QUANTILE_CENTRE_DEN = [
  1, 42.31333070160091, 687.1870074920579, 5394.196021424751, 21213.794301586597, 39307.89580009271, 28729.085735721943,
  5226.495278852854,
];
const QUANTILE_TAIL_NUM = [
  1.4234371107496835, 4.630337846156546, 5.769497221460691, 3.6478483247632045, 1.2704582524523684, 0.2417807251774506,
  0.022723844989269184, 0.0007745450142783414,
];
const QUANTILE_TAIL_DEN = [
  1, 2.053191626637759, 1.6763848301838038, 0.6897673349851, 0.14810397642748008, 0.015198666563616457,
  0.0005475938084995345, 1.0507500716444169e-9,
];
const QUANTILE_FAR_NUM = [
  6.657904643501103, 5.463784911164114, 1.7848265399172913, 0.29656057182850487, 0.026532189526576124,
  0.0012426609473880784, 2.7115555687434876e-5, 2.0103343992922881e-7,
];
const QUANTILE_FAR_DEN = [
  1, 0.599832206555888, 0.1369298809227358, 0.014875361290850615, 0.0007868691311456133, 1.8463183175100548e-5,
  1.421511758316446e-7, 2.0442631033899397e-15,
];

function ratio(num: readonly number[], den: readonly number[], x: number): number {
  let top = num[7];
  let bottom = den[7];
  for (let i = 6; i >= 0; i--) {
    top = top * x + num[i];
    bottom = bottom * x + den[i];
  }
  return top / bottom;
}

/** The z with Phi(z) = p, for p in (0, 1). */
export function normalQuantile(p: number): number {
  const q = p - 0.5;
  if (Math.abs(q) <= 0.425) return q * ratio(QUANTILE_CENTRE_NUM, QUANTILE_CENTRE_DEN, 0.180625 - q * q);
  const r = Math.sqrt(-Math.log(q < 0 ? p : 1 - p));
  const z =
    r <= 5 ? ratio(QUANTILE_TAIL_NUM, QUANTILE_TAIL_DEN, r - 1.6) : ratio(QUANTILE_FAR_NUM, QUANTILE_FAR_DEN, r - 5);
  return q < 0 ? -z : z;
}
