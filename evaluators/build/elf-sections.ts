/** Section sizes of a 32-bit little-endian ELF file (System V ABI, chapter 4). */

/** Section name -> bytes. Throws RangeError when the file is no such ELF. */
export function elfSections(file: Uint8Array): ReadonlyMap<string, number> {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  if (file.length < 52 || view.getUint32(0, false) !== 0x7f454c46 || file[4] !== 1 || file[5] !== 1) {
    throw new RangeError('not a 32-bit little-endian ELF file');
  }
  const tableOffset = view.getUint32(32, true);
  const entryBytes = view.getUint16(46, true);
  const count = view.getUint16(48, true);
  const namesIndex = view.getUint16(50, true);
  const header = (index: number) => {
    const at = tableOffset + index * entryBytes;
    return {
      name: view.getUint32(at, true),
      offset: view.getUint32(at + 16, true),
      size: view.getUint32(at + 20, true),
    };
  };
  const names = header(namesIndex);
  const sections = new Map<string, number>();
  for (let index = 1; index < count; index++) {
    const { name, size } = header(index);
    let end = names.offset + name;
    while (file[end] !== 0 && end < file.length) end++;
    sections.set(Buffer.from(file.subarray(names.offset + name, end)).toString('latin1'), size);
  }
  return sections;
}
