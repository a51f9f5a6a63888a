/** Fields of at most 8 bits one after the other, from the lowest bit of each byte: what dnnrt_bits reads. */

export function packBits(fields: ArrayLike<number>, width: number): Uint8Array {
  const bytes = new Uint8Array(Math.ceil((fields.length * width) / 8));
  for (let i = 0, bit = 0; i < fields.length; i++, bit += width) {
    const shifted = fields[i] << (bit & 7);
    bytes[bit >> 3] |= shifted;
    if (shifted > 255) bytes[(bit >> 3) + 1] |= shifted >> 8;
  }
  return bytes;
}

export function unpackBits(bytes: Uint8Array, width: number, count: number): Uint8Array {
  return Uint8Array.from({ length: count }, (_, i) => {
    let field = 0;
    for (let b = 0; b < width; b++) {
      const bit = i * width + b;
      field |= ((bytes[bit >> 3] >> (bit & 7)) & 1) << b;
    }
    return field;
  });
}
