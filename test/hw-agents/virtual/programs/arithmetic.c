/* Arithmetic that a compiler turns into nearly every instruction of both cores; each function returns a checksum. */
#include <stdint.h>
#include <string.h>

static uint32_t state;
static int8_t a[4096], b[4096];

static uint32_t next(void) {
  state ^= state << 13;
  state ^= state >> 17;
  state ^= state << 5;
  return state;
}

static uint64_t mix(uint64_t h, uint64_t x) { return h ^ (x + 0x9e3779b97f4a7c15ull + (h << 6) + (h >> 2)); }

uint32_t integers(uint32_t seed) {
  uint64_t h = 1;
  state = seed;
  for (int i = 0; i < 1000; i++) {
    int32_t x = (int32_t)next(), y = (int32_t)next();
    uint32_t z = next();
    int64_t q = ((int64_t)x << 20) + y;
    h = mix(h, (uint32_t)x + (uint32_t)y);
    h = mix(h, (uint64_t)((int64_t)x * y));
    h = mix(h, (uint64_t)z * (uint32_t)x);
    h = mix(h, y ? (uint32_t)(x / y) : 0);
    h = mix(h, y ? z % (uint32_t)y : 0);
    h = mix(h, (uint32_t)(x >> (z & 31)));
    h = mix(h, z >> (y & 31));
    h = mix(h, z << (y & 31));
    h = mix(h, (z >> (x & 31)) | (z << ((32 - x) & 31)));
    h = mix(h, (uint32_t)((int16_t)x + (int8_t)y + (uint16_t)z));
    h = mix(h, (x < y) + 2 * (z < (uint32_t)y));
    h = mix(h, (uint32_t)__builtin_clz(z | 1) + __builtin_bswap32(z));
    h = mix(h, (uint64_t)(q >> (z & 15)));
    h = mix(h, (uint64_t)(q / (y | 1)));
    switch (z % 9) {
      case 0: h += 3; break;
      case 1: h ^= 77; break;
      case 2: h *= 3; break;
      case 3: h -= (uint32_t)x; break;
      case 4: h += (uint32_t)y; break;
      case 5: h ^= z; break;
      case 6: h = ~h; break;
      case 7: h += 1; break;
      default: h *= 5;
    }
  }
  return (uint32_t)(h ^ (h >> 32));
}

uint32_t bytes(uint32_t seed) {
  uint32_t h = 0;
  state = seed;
  for (int i = 0; i < 4096; i++) {
    a[i] = (int8_t)next();
    b[i] = (int8_t)next();
  }
  for (int o = 0; o < 64; o++) {
    int32_t sum = 0;
    for (int i = 0; i < 64; i++) sum += a[o * 64 + i] * b[i];
    h = h * 31 + (uint32_t)sum;
  }
  memmove(a + 3, a, 100);
  memcpy(b + 1, a, 77);
  memset(a, 5, 9);
  for (int i = 0; i < 4096; i++) h = h * 33 + (uint8_t)a[i] + (uint8_t)b[i];
  return h;
}

static uint32_t bits(float x) {
  uint32_t u;
  memcpy(&u, &x, 4);
  return u;
}

uint32_t floats(uint32_t seed) {
  uint32_t h = 0;
  float sum = 0;
  state = seed;
  for (int i = 0; i < 1000; i++) {
    float x = (int32_t)next() * 1e-6f, y = (int32_t)next() * 1e-4f;
    float product = x * y, quotient = x / (y + 0.5f);
    sum = sum * 0.5f + product * 1e-6f;
    h = h * 31 + bits(product);
    h = h * 31 + bits(quotient);
    h = h * 31 + bits(x - y);
    h = h * 31 + bits(sum);
    h = h * 31 + bits((float)(int32_t)x) + bits((float)(uint32_t)(y < 0 ? -y : y));
    h += (x < y) + 3 * (x >= product) + 7 * (x == y);
    h = h * 7 + bits(x < 0 ? -x : x);
    h += (uint32_t)(int32_t)(x * 16384.0f) + bits((float)(int32_t)h / 4096.0f);
  }
  return h;
}
