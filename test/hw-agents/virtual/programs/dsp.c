/* The DSP extension: with the instructions on Arm, in plain C elsewhere; each function returns a checksum. */
#include <stdint.h>

static uint32_t state;
static uint32_t next(void) {
  state ^= state << 13;
  state ^= state >> 17;
  state ^= state << 5;
  return state;
}

#ifdef __ARM_FEATURE_DSP
#define OP2(name, mnemonic) static uint32_t name(uint32_t x, uint32_t y) { uint32_t r; __asm__(mnemonic " %0, %1, %2" : "=r"(r) : "r"(x), "r"(y)); return r; }
#define OP3(name, mnemonic) static uint32_t name(uint32_t x, uint32_t y, uint32_t z) { uint32_t r; __asm__(mnemonic " %0, %1, %2, %3" : "=r"(r) : "r"(x), "r"(y), "r"(z)); return r; }
#define OP1(name, mnemonic) static uint32_t name(uint32_t x) { uint32_t r; __asm__(mnemonic : "=r"(r) : "r"(x)); return r; }
OP3(smlad, "smlad") OP3(smladx, "smladx") OP3(smlsd, "smlsd") OP3(smlabb, "smlabb") OP3(smlatb, "smlatb") OP3(smlawb, "smlawb") OP3(smmla, "smmla") OP3(mls, "mls")
OP2(smuad, "smuad") OP2(smmulr, "smmulr") OP2(sadd16, "sadd16") OP2(qsub8, "qsub8") OP2(uhadd8, "uhadd8") OP2(qadd, "qadd") OP2(sxtab16, "sxtab16") OP2(uqsub16, "uqsub16") OP2(usad8, "usad8")
OP1(sxtb16, "sxtb16 %0, %1") OP1(uxtb16r8, "uxtb16 %0, %1, ror #8") OP1(ssat7, "ssat %0, #7, %1, asr #4") OP1(usat5, "usat %0, #5, %1") OP1(rbit, "rbit %0, %1")
static uint32_t pkhbt(uint32_t x, uint32_t y) { uint32_t r; __asm__("pkhbt %0, %1, %2, lsl #16" : "=r"(r) : "r"(x), "r"(y)); return r; }
static uint32_t pkhtb(uint32_t x, uint32_t y) { uint32_t r; __asm__("pkhtb %0, %1, %2, asr #16" : "=r"(r) : "r"(x), "r"(y)); return r; }
static uint32_t select8(uint32_t x, uint32_t y) { uint32_t r; __asm__("usub8 %0, %1, %2\n sel %0, %1, %2" : "=&r"(r) : "r"(x), "r"(y)); return r; }
static uint64_t smlald(uint32_t x, uint32_t y, uint64_t z) { uint32_t lo = (uint32_t)z, hi = (uint32_t)(z >> 32); __asm__("smlald %0, %1, %2, %3" : "+r"(lo), "+r"(hi) : "r"(x), "r"(y)); return (uint64_t)hi << 32 | lo; }
static uint64_t smlalbt(uint32_t x, uint32_t y, uint64_t z) { uint32_t lo = (uint32_t)z, hi = (uint32_t)(z >> 32); __asm__("smlalbt %0, %1, %2, %3" : "+r"(lo), "+r"(hi) : "r"(x), "r"(y)); return (uint64_t)hi << 32 | lo; }
static uint64_t umaal(uint32_t x, uint32_t y, uint64_t z) { uint32_t lo = (uint32_t)z, hi = (uint32_t)(z >> 32); __asm__("umaal %0, %1, %2, %3" : "+r"(lo), "+r"(hi) : "r"(x), "r"(y)); return (uint64_t)hi << 32 | lo; }
#else
#define LO(x) ((int64_t)(int16_t)(x))
#define HI(x) ((int64_t)(int16_t)((x) >> 16))
static int64_t clamp(int64_t v, int64_t lo, int64_t hi) { return v < lo ? lo : v > hi ? hi : v; }
static uint32_t smlad(uint32_t x, uint32_t y, uint32_t z) { return (uint32_t)(LO(x) * LO(y) + HI(x) * HI(y) + (int32_t)z); }
static uint32_t smladx(uint32_t x, uint32_t y, uint32_t z) { return (uint32_t)(LO(x) * HI(y) + HI(x) * LO(y) + (int32_t)z); }
static uint32_t smlsd(uint32_t x, uint32_t y, uint32_t z) { return (uint32_t)(LO(x) * LO(y) - HI(x) * HI(y) + (int32_t)z); }
static uint32_t smlabb(uint32_t x, uint32_t y, uint32_t z) { return (uint32_t)(LO(x) * LO(y) + (int32_t)z); }
static uint32_t smlatb(uint32_t x, uint32_t y, uint32_t z) { return (uint32_t)(HI(x) * LO(y) + (int32_t)z); }
static uint32_t smlawb(uint32_t x, uint32_t y, uint32_t z) { return (uint32_t)(((int64_t)(int32_t)x * LO(y) >> 16) + (int32_t)z); }
static uint32_t smmla(uint32_t x, uint32_t y, uint32_t z) { return (uint32_t)((((int64_t)(int32_t)z << 32) + (int64_t)(int32_t)x * (int32_t)y) >> 32); }
static uint32_t mls(uint32_t x, uint32_t y, uint32_t z) { return z - x * y; }
static uint32_t smuad(uint32_t x, uint32_t y) { return (uint32_t)(LO(x) * LO(y) + HI(x) * HI(y)); }
static uint32_t smmulr(uint32_t x, uint32_t y) { return (uint32_t)(((int64_t)(int32_t)x * (int32_t)y + 0x80000000ll) >> 32); }
static uint32_t sadd16(uint32_t x, uint32_t y) { return ((uint32_t)(LO(x) + LO(y)) & 0xffff) | (uint32_t)(HI(x) + HI(y)) << 16; }
static uint32_t lanes8(uint32_t x, uint32_t y, int kind) {
  uint32_t r = 0;
  for (int i = 0; i < 32; i += 8) {
    int64_t s = kind == 0 ? clamp((int8_t)(x >> i) - (int8_t)(y >> i), -128, 127) : ((uint8_t)(x >> i) + (uint8_t)(y >> i)) >> 1;
    r |= (uint32_t)(s & 255) << i;
  }
  return r;
}
static uint32_t qsub8(uint32_t x, uint32_t y) { return lanes8(x, y, 0); }
static uint32_t uhadd8(uint32_t x, uint32_t y) { return lanes8(x, y, 1); }
static uint32_t qadd(uint32_t x, uint32_t y) { return (uint32_t)clamp((int64_t)(int32_t)x + (int32_t)y, -2147483648ll, 2147483647ll); }
static uint32_t sxtab16(uint32_t x, uint32_t y) { return ((uint32_t)(LO(x) + (int8_t)y) & 0xffff) | (uint32_t)(HI(x) + (int8_t)(y >> 16)) << 16; }
static uint32_t uqsub16(uint32_t x, uint32_t y) { return (uint32_t)clamp((int64_t)(x & 0xffff) - (y & 0xffff), 0, 65535) | (uint32_t)clamp((int64_t)(x >> 16) - (y >> 16), 0, 65535) << 16; }
static uint32_t usad8(uint32_t x, uint32_t y) { uint32_t s = 0; for (int i = 0; i < 32; i += 8) { int d = (int)(x >> i & 255) - (int)(y >> i & 255); s += (uint32_t)(d < 0 ? -d : d); } return s; }
static uint32_t sxtb16(uint32_t x) { return ((uint32_t)(int8_t)x & 0xffff) | (uint32_t)(int8_t)(x >> 16) << 16; }
static uint32_t uxtb16r8(uint32_t x) { return (x >> 8 & 255) | (x >> 24) << 16; }
static uint32_t ssat7(uint32_t x) { return (uint32_t)clamp((int32_t)x >> 4, -64, 63); }
static uint32_t usat5(uint32_t x) { return (uint32_t)clamp((int32_t)x, 0, 31); }
static uint32_t rbit(uint32_t x) { uint32_t r = 0; for (int i = 0; i < 32; i++) r |= (x >> i & 1) << (31 - i); return r; }
static uint32_t pkhbt(uint32_t x, uint32_t y) { return (x & 0xffff) | y << 16; }
static uint32_t pkhtb(uint32_t x, uint32_t y) { return (x & 0xffff0000) | y >> 16; }
static uint32_t select8(uint32_t x, uint32_t y) { uint32_t r = 0; for (int i = 0; i < 32; i += 8) { uint32_t p = x >> i & 255, q = y >> i & 255; r |= (p >= q ? p : q) << i; } return r; }
static uint64_t smlald(uint32_t x, uint32_t y, uint64_t z) { return z + (uint64_t)(LO(x) * LO(y) + HI(x) * HI(y)); }
static uint64_t smlalbt(uint32_t x, uint32_t y, uint64_t z) { return z + (uint64_t)(LO(x) * HI(y)); }
static uint64_t umaal(uint32_t x, uint32_t y, uint64_t z) { return (uint64_t)x * y + (uint32_t)z + (z >> 32); }
#endif

uint32_t dsp(uint32_t seed) {
  uint32_t h = 0;
  state = seed;
  for (int i = 0; i < 500; i++) {
    uint32_t x = next(), y = next(), z = next();
    uint32_t w = (uint32_t)((int32_t)z >> (x & 15));
    const uint32_t r[] = {smlad(x, y, z), smladx(x, y, z), smlsd(x, y, z), smlabb(x, y, z), smlatb(x, y, z), smlawb(x, y, z), smmla(x, y, z), mls(x, y, z), smuad(x, y),
                          smmulr(x, y), sadd16(x, y), qsub8(x, y), uhadd8(x, y), qadd(x, y), sxtab16(x, y), uqsub16(x, y), usad8(x, y), sxtb16(x), uxtb16r8(x), ssat7(w),
                          usat5(w), rbit(x), pkhbt(x, y), pkhtb(x, y), select8(x, y)};
    for (unsigned k = 0; k < sizeof r / sizeof *r; k++) h = h * 31 + r[k];
    const uint64_t l[] = {smlald(x, y, (uint64_t)z << 20), smlalbt(x, y, (uint64_t)z << 32 | x), umaal(x, y, (uint64_t)z << 32 | x)};
    for (unsigned k = 0; k < 3; k++) h = h * 31 + (uint32_t)(l[k] ^ l[k] >> 32);
  }
  return h;
}
