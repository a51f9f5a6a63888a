/**
 * Primitive polynomials over GF(2), as integers whose bit i is the coefficient of x^i (so the degree is the highest bit), in ascending
 * order: x + 1, x² + x + 1, x³ + x + 1, … Each is found by checking that x generates the multiplicative group modulo it.
 */

/** a·b modulo `polynomial` of degree `degree` ≤ 15. */
function multiply(a: number, b: number, polynomial: number, degree: number): number {
  let product = 0;
  let shifted = a;
  for (let rest = b; rest > 0; rest >>>= 1) {
    if (rest & 1) product ^= shifted;
    shifted <<= 1;
    if (shifted >>> degree) shifted ^= polynomial;
  }
  return product;
}

function power(exponent: number, polynomial: number, degree: number): number {
  let result = 1;
  let square = degree === 1 ? 1 : 2;
  for (let rest = exponent; rest > 0; rest >>>= 1) {
    if (rest & 1) result = multiply(result, square, polynomial, degree);
    square = multiply(square, square, polynomial, degree);
  }
  return result;
}

function primeFactors(n: number): number[] {
  const factors: number[] = [];
  let rest = n;
  for (let p = 2; p * p <= rest; p++) {
    if (rest % p !== 0) continue;
    factors.push(p);
    while (rest % p === 0) rest /= p;
  }
  if (rest > 1) factors.push(rest);
  return factors;
}

function isPrimitive(polynomial: number, degree: number): boolean {
  const order = 2 ** degree - 1;
  if (power(order, polynomial, degree) !== 1) return false;
  return primeFactors(order).every((p) => power(order / p, polynomial, degree) !== 1);
}

/** The first `count` primitive polynomials; `count` ≤ 5,000 or so (degree 15 is the end of the exact arithmetic here). */
export function primitivePolynomials(count: number): number[] {
  const found: number[] = [];
  for (let degree = 1; found.length < count; degree++) {
    if (degree > 15) throw new RangeError(`no table of ${count} primitive polynomials`);
    for (let p = 2 ** degree + 1; p < 2 ** (degree + 1) && found.length < count; p += 2) {
      if (isPrimitive(p, degree)) found.push(p);
    }
  }
  return found;
}
