#include "dnnrt.h"

/* Exact remainder of x / y with the sign of x: y times powers of two is subtracted from the largest down. */
double dnnrt_fmod_f64(double x, double y) {
  double a = x < 0.0 ? -x : x;
  const double b = y < 0.0 ? -y : y;
  if (x != x || y != y || a == (double)INFINITY || b == 0.0) return (double)NAN;
  if (b == (double)INFINITY) return x;
  double t = b;
  while (t <= 0.5 * a) t *= 2.0;
  for (; t >= b; t *= 0.5) {
    if (a >= t) a -= t;
  }
  return x < 0.0 ? -a : a;
}
