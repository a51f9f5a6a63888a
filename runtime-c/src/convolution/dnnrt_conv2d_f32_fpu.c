#include "dnnrt_dsp.h"

/*
 * Float convolution in tiles of 4 pixels by 4 output channels for cores with an FPU of 32 registers. The fields of 4 pixels lie side by side in
 * `column`, [k][pixel], zeros outside of the image; weights [block of 4 channels][k][channel], zeros behind the last channel. Every output
 * is summed in the order of the reference kernel, each product rounded before it is added: the results are the same bits.
 */
#define PIXELS 4
#define CHANNELS 4

static float *copy_run(const float *x, int32_t n, float *column) {
#if DNNRT_DSP
  for (; n >= 8; n -= 8) {
    __asm__ volatile(
        "ldm %0!, {r4-r6, r8-r12}\n str r4, [%1]\n str r5, [%1, #16]\n str r6, [%1, #32]\n str r8, [%1, #48]\n"
        "str r9, [%1, #64]\n str r10, [%1, #80]\n str r11, [%1, #96]\n str r12, [%1, #112]\n add %1, %1, #128\n"
        : "+r"(x), "+r"(column) : : "r4", "r5", "r6", "r8", "r9", "r10", "r11", "r12", "memory");
  }
#endif
  for (; n >= 4; n -= 4, x += 4, column += 4 * PIXELS) {
    const float a = x[0], b = x[1], c = x[2], d = x[3];
    column[0] = a;
    column[PIXELS] = b;
    column[2 * PIXELS] = c;
    column[3 * PIXELS] = d;
  }
  for (; n > 0; n--, column += PIXELS) *column = *x++;
  return column;
}

static float *zero_run(int32_t n, float *column) {
  for (; n > 0; n--, column += PIXELS) *column = 0.0f;
  return column;
}

static void copy_field(const dnnrt_window_t *g, const float *x, int32_t row, int32_t left, float *column) {
  const int32_t depth = g->in_c, inside = g->dilation_w == 1 && left >= 0 && left + g->kernel_w <= g->in_w;
  for (int32_t kh = g->kernel_h; kh > 0; kh--, row += g->dilation_h) {
    if (row < 0 || row >= g->in_h) {
      column = zero_run(g->kernel_w * depth, column);
      continue;
    }
    const float *from = x + row * g->in_w * depth;
    if (inside) {
      column = copy_run(from + left * depth, g->kernel_w * depth, column);
      continue;
    }
    int32_t at = left;
    for (int32_t tap = g->kernel_w; tap > 0; tap--, at += g->dilation_w) {
      column = at < 0 || at >= g->in_w ? zero_run(depth, column) : copy_run(from + at * depth, depth, column);
    }
  }
}

/* sums[pixel][channel] over k values. */
#if DNNRT_DSP
#define PAIR(x0, x1, s0, s1, s2, s3, s4, s5, s6, s7) \
  "vmul.f32 s8, " x0 ", s4\n vmul.f32 s9, " x0 ", s5\n vmul.f32 s10, " x0 ", s6\n vmul.f32 s11, " x0 ", s7\n" \
  "vmul.f32 s12, " x1 ", s4\n vmul.f32 s13, " x1 ", s5\n vmul.f32 s14, " x1 ", s6\n vmul.f32 s15, " x1 ", s7\n" \
  "vadd.f32 " s0 ", " s0 ", s8\n vadd.f32 " s1 ", " s1 ", s9\n vadd.f32 " s2 ", " s2 ", s10\n vadd.f32 " s3 ", " s3 ", s11\n" \
  "vadd.f32 " s4 ", " s4 ", s12\n vadd.f32 " s5 ", " s5 ", s13\n vadd.f32 " s6 ", " s6 ", s14\n vadd.f32 " s7 ", " s7 ", s15\n"
#define STEP \
  "vldmia r0!, {s0-s3}\n vldmia r1!, {s4-s7}\n" \
  PAIR("s0", "s1", "s16", "s17", "s18", "s19", "s20", "s21", "s22", "s23") \
  PAIR("s2", "s3", "s24", "s25", "s26", "s27", "s28", "s29", "s30", "s31")
static __attribute__((naked, noinline)) void multiply_tile(
    __attribute__((unused)) const float *column, __attribute__((unused)) const float *weights,
    __attribute__((unused)) int32_t k, __attribute__((unused)) float *sums) {
  __asm__ volatile(
      "vpush {s16-s31}\n mov r12, #0\n"
      "vmov s16, r12\n vmov s17, r12\n vmov s18, r12\n vmov s19, r12\n vmov s20, r12\n vmov s21, r12\n vmov s22, r12\n vmov s23, r12\n"
      "vmov s24, r12\n vmov s25, r12\n vmov s26, r12\n vmov s27, r12\n vmov s28, r12\n vmov s29, r12\n vmov s30, r12\n vmov s31, r12\n"
      "subs r2, r2, #2\n blt 2f\n"
      "1:\n" STEP STEP "subs r2, r2, #2\n bge 1b\n"
      "2:\n adds r2, r2, #2\n beq 3f\n" STEP
      "3:\n vstmia r3, {s16-s31}\n vpop {s16-s31}\n bx lr\n");
}
#else
static void multiply_tile(const float *column, const float *weights, int32_t k, float *sums) {
  for (int32_t i = 0; i < PIXELS * CHANNELS; i++) {
    float sum = 0.0f;
    for (int32_t at = 0; at < k; at++) sum += column[at * PIXELS + i / CHANNELS] * weights[at * CHANNELS + i % CHANNELS];
    sums[i] = sum;
  }
}
#endif

/* scratch: 16 bytes a value of the field, then 64 bytes. */
void dnnrt_conv2d_f32_fpu(const dnnrt_conv2d_f32_t *p, const float *x, float *y, void *scratch) {
  const dnnrt_window_t *g = &p->window;
  const int32_t k = (int32_t)g->kernel_h * g->kernel_w * g->in_c, channels = p->out_c;
  const float lo = p->lo, hi = p->hi;
  float *column = (float *)scratch, *sums = column + PIXELS * k;
  int32_t row = -g->pad_top, at = -g->pad_left, ow = 0;
  for (int32_t left = (int32_t)g->out_h * g->out_w; left > 0; left -= PIXELS) {
    const int32_t pixels = left < PIXELS ? left : PIXELS;
    for (int32_t i = 0; i < pixels; i++, ow++, at += g->stride_w) {
      if (ow == g->out_w) {
        ow = 0;
        at = -g->pad_left;
        row += g->stride_h;
      }
      copy_field(g, x, row, at, column + i);
    }
    const float *w = p->weights;
    for (int32_t c = 0; c < channels; c += CHANNELS, w += CHANNELS * k) {
      const int32_t n = channels - c < CHANNELS ? channels - c : CHANNELS;
      multiply_tile(column, w, k, sums);
      for (int32_t j = 0; j < n; j++) {
        float *to = y + c + j;
        const float bias = p->bias ? p->bias[c + j] : -0.0f;
        for (int32_t i = 0; i < pixels; i++, to += channels) {
          const float v = sums[CHANNELS * i + j] + bias;
          *to = v < lo ? lo : v > hi ? hi : v;
        }
      }
    }
    y += pixels * channels;
  }
}
