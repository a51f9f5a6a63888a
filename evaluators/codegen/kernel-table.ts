/**
 * The parameter structures of runtime-c as seen from TypeScript: field order and C types, so that structures can be written
 * as designated initialisers and their size on a 32-bit target is known before compiling. A test compiles
 * sizeof of each and compares.
 */

export type ScalarType = 'u8' | 'u16' | 'i16' | 'u32' | 'i32' | 'f32' | 'ptr';
export interface ArrayType {
  readonly of: 'u32' | 'i32' | 'f32';
  readonly length: number;
}
export type FieldType = ScalarType | ArrayType | { readonly struct: StructName };
export type StructFields = readonly (readonly [name: string, type: FieldType])[];

const indices: ArrayType = { of: 'u32', length: 6 };
const strides: ArrayType = { of: 'i32', length: 6 };
const window: FieldType = { struct: 'dnnrt_window_t' };
const requantize: FieldType = { struct: 'dnnrt_requantize_t' };

export const STRUCT_NAMES = [
  'dnnrt_window_t',
  'dnnrt_requantize_t',
  'dnnrt_conv2d_s8_t',
  'dnnrt_fc_s8_t',
  'dnnrt_average_pool2d_s8_t',
  'dnnrt_mean_s8_t',
  'dnnrt_add_s8_t',
  'dnnrt_mul_s8_t',
  'dnnrt_softmax_s8_t',
  'dnnrt_affine_s8_t',
  'dnnrt_conv2d_f32_t',
  'dnnrt_fc_f32_t',
  'dnnrt_average_pool2d_f32_t',
  'dnnrt_copy_t',
  'dnnrt_broadcast_t',
  'dnnrt_softmax_f32_t',
] as const;
export type StructName = (typeof STRUCT_NAMES)[number];

export const STRUCTS: { readonly [S in StructName]: StructFields } = {
  dnnrt_window_t: [
    ['batch', 'u16'],
    ['in_h', 'u16'],
    ['in_w', 'u16'],
    ['in_c', 'u16'],
    ['out_h', 'u16'],
    ['out_w', 'u16'],
    ['kernel_h', 'u16'],
    ['kernel_w', 'u16'],
    ['stride_h', 'u16'],
    ['stride_w', 'u16'],
    ['dilation_h', 'u16'],
    ['dilation_w', 'u16'],
    ['pad_top', 'i16'],
    ['pad_left', 'i16'],
  ],
  dnnrt_requantize_t: [
    ['multiplier', 'ptr'],
    ['per_channel', 'u16'],
    ['y_zero', 'i16'],
    ['lo', 'i16'],
    ['hi', 'i16'],
  ],
  dnnrt_conv2d_s8_t: [
    ['window', window],
    ['out_c', 'u16'],
    ['groups', 'u16'],
    ['x_zero', 'i16'],
    ['weight_zero_step', 'u16'],
    ['weight_zero', 'ptr'],
    ['weights', 'ptr'],
    ['bias', 'ptr'],
    ['requantize', requantize],
  ],
  dnnrt_fc_s8_t: [
    ['rows', 'u32'],
    ['in_n', 'u32'],
    ['out_n', 'u32'],
    ['x_zero', 'i16'],
    ['weight_zero_step', 'u16'],
    ['weight_zero', 'ptr'],
    ['weights', 'ptr'],
    ['bias', 'ptr'],
    ['requantize', requantize],
  ],
  dnnrt_average_pool2d_s8_t: [
    ['window', window],
    ['x_zero', 'i16'],
    ['y_zero', 'i16'],
    ['y_shift', 'i16'],
    ['count_include_pad', 'u16'],
    ['x_scale', 'f32'],
    ['y_scale', 'f32'],
  ],
  dnnrt_mean_s8_t: [
    ['outer', 'u32'],
    ['n', 'u32'],
    ['inner', 'u32'],
    ['multiplier', 'f32'],
    ['x_zero', 'i16'],
    ['y_zero', 'i16'],
  ],
  dnnrt_add_s8_t: [
    ['n', 'u32'],
    ['a_ratio', 'f32'],
    ['b_ratio', 'f32'],
    ['fixed', 'f32'],
    ['a_shift', 'i16'],
    ['b_shift', 'i16'],
    ['y_shift', 'i16'],
    ['lo', 'i16'],
    ['hi', 'i16'],
  ],
  dnnrt_mul_s8_t: [
    ['n', 'u32'],
    ['ratio', 'f32'],
    ['a_zero', 'i16'],
    ['b_zero', 'i16'],
    ['y_zero', 'i16'],
    ['y_shift', 'i16'],
    ['lo', 'i16'],
    ['hi', 'i16'],
  ],
  dnnrt_softmax_s8_t: [
    ['outer', 'u32'],
    ['n', 'u32'],
    ['inner', 'u32'],
    ['table', 'ptr'],
    ['inverse', 'f32'],
    ['y_zero', 'i16'],
  ],
  dnnrt_affine_s8_t: [
    ['n', 'u32'],
    ['scale', 'f32'],
    ['zero', 'i16'],
    ['lo', 'i16'],
    ['hi', 'i16'],
  ],
  dnnrt_conv2d_f32_t: [
    ['window', window],
    ['out_c', 'u16'],
    ['groups', 'u16'],
    ['weights', 'ptr'],
    ['bias', 'ptr'],
    ['lo', 'f32'],
    ['hi', 'f32'],
  ],
  dnnrt_fc_f32_t: [
    ['rows', 'u32'],
    ['in_n', 'u32'],
    ['out_n', 'u32'],
    ['weights', 'ptr'],
    ['bias', 'ptr'],
    ['lo', 'f32'],
    ['hi', 'f32'],
  ],
  dnnrt_average_pool2d_f32_t: [
    ['window', window],
    ['count_include_pad', 'u16'],
  ],
  dnnrt_copy_t: [
    ['rank', 'u16'],
    ['shape', indices],
    ['x_stride', strides],
    ['y_stride', strides],
    ['x_offset', 'i32'],
    ['y_offset', 'i32'],
  ],
  dnnrt_broadcast_t: [
    ['rank', 'u16'],
    ['shape', indices],
    ['a_stride', strides],
    ['b_stride', strides],
  ],
  dnnrt_softmax_f32_t: [
    ['outer', 'u32'],
    ['n', 'u32'],
    ['inner', 'u32'],
  ],
};

const SCALAR_BYTES: { readonly [T in ScalarType]: number } = { u8: 1, u16: 2, i16: 2, u32: 4, i32: 4, f32: 4, ptr: 4 };

function sizeAndAlignment(type: FieldType): { size: number; alignment: number } {
  if (typeof type === 'string') return { size: SCALAR_BYTES[type], alignment: SCALAR_BYTES[type] };
  if ('of' in type) return { size: SCALAR_BYTES[type.of] * type.length, alignment: SCALAR_BYTES[type.of] };
  return structLayout(type.struct);
}

/** sizeof and alignment of a structure on a 32-bit target, in bytes. */
export function structLayout(name: StructName): { size: number; alignment: number } {
  let size = 0;
  let alignment = 1;
  for (const [, type] of STRUCTS[name]) {
    const field = sizeAndAlignment(type);
    size = Math.ceil(size / field.alignment) * field.alignment + field.size;
    alignment = Math.max(alignment, field.alignment);
  }
  return { size: Math.ceil(size / alignment) * alignment, alignment };
}
