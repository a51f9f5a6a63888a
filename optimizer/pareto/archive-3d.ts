/**
 * A growing set of points in space that tells how much volume each new one adds, minimising, O(n) per point: the inner step of the
 * O(n²) hypervolume in four dimensions (Guerreiro, Fonseca, CCCG 2012; here a z-ordered array is swept instead of linked lists), and
 * of a hypervolume history in three.
 */

export class Archive3d {
  #referenceX: number;
  #referenceY: number;
  #referenceZ: number;
  /** Non-dominated points in order of z. */
  #x: Float64Array;
  #y: Float64Array;
  #z: Float64Array;
  #size = 0;
  /** Staircase strictly inside the new point's quadrant: x ascending, y descending. */
  #stairX: Float64Array;
  #stairY: Float64Array;
  /** Points below the new one whose projection may lie inside its quadrant. */
  #inside: Int32Array;

  constructor(referenceX: number, referenceY: number, referenceZ: number, capacity = 64) {
    this.#referenceX = referenceX;
    this.#referenceY = referenceY;
    this.#referenceZ = referenceZ;
    this.#x = new Float64Array(capacity);
    this.#y = new Float64Array(capacity);
    this.#z = new Float64Array(capacity);
    this.#stairX = new Float64Array(capacity);
    this.#stairY = new Float64Array(capacity);
    this.#inside = new Int32Array(capacity);
  }

  /** Empties the archive and gives it another reference point. */
  reset(referenceX: number, referenceY: number, referenceZ: number): void {
    this.#referenceX = referenceX;
    this.#referenceY = referenceY;
    this.#referenceZ = referenceZ;
    this.#size = 0;
  }

  get size(): number {
    return this.#size;
  }

  #grow(): void {
    const wider = (old: Float64Array): Float64Array => {
      const array = new Float64Array(old.length * 2);
      array.set(old);
      return array;
    };
    this.#x = wider(this.#x);
    this.#y = wider(this.#y);
    this.#z = wider(this.#z);
    this.#stairX = wider(this.#stairX);
    this.#stairY = wider(this.#stairY);
    this.#inside = new Int32Array(this.#stairX.length);
  }

  /** Adds (px, py, pz) and returns the volume it adds; 0 (and no change) for a point that is dominated, equal or not below the reference. */
  add(px: number, py: number, pz: number): number {
    if (!(px < this.#referenceX && py < this.#referenceY && pz < this.#referenceZ)) return 0;
    if (this.#size + 1 >= this.#x.length) this.#grow();
    const x = this.#x;
    const y = this.#y;
    const z = this.#z;
    const stairX = this.#stairX;
    const stairY = this.#stairY;
    const size = this.#size;
    // At any level the new point's cross-section is [px, right) × [py, top) less a staircase of points inside it.
    let right = this.#referenceX;
    let top = this.#referenceY;
    const position = firstAbove(z, size, pz);
    const inside = this.#inside;
    let insideCount = 0;
    for (let k = position - 1; k >= 0; k--) {
      const qx = x[k];
      const qy = y[k];
      // Bounds shrink fast, so that most points end here.
      if (qx >= right || qy >= top) continue;
      if (qx <= px) {
        if (qy <= py) return 0;
        top = qy;
      } else if (qy <= py) right = qx;
      else inside[insideCount++] = k;
    }
    let stairs = 0;
    for (let i = 0; i < insideCount; i++) {
      const k = inside[i];
      if (x[k] < right && y[k] < top) stairs = insertStair(stairX, stairY, stairs, x[k], y[k]);
    }
    let area = staircaseArea(stairX, stairY, stairs, px, py, right, top);
    let volume = 0;
    let level = pz;
    let kept = position;
    let at = position;
    let open = true;
    for (; at < size && open; at++) {
      const qx = x[at];
      const qy = y[at];
      if (qx < right && qy < top) {
        volume += area * (z[at] - level);
        level = z[at];
        if (qx <= px && qy <= py) {
          open = false;
        } else {
          if (qx <= px) {
            top = qy;
            while (stairs > 0 && stairY[0] >= top) stairs = dropFirst(stairX, stairY, stairs);
          } else if (qy <= py) {
            right = qx;
            while (stairs > 0 && stairX[stairs - 1] >= right) stairs--;
          } else stairs = insertStair(stairX, stairY, stairs, qx, qy);
          area = staircaseArea(stairX, stairY, stairs, px, py, right, top);
        }
      }
      if (qx < px || qy < py) {
        if (kept < at) {
          x[kept] = qx;
          y[kept] = qy;
          z[kept] = z[at];
        }
        kept++;
      }
    }
    if (open) volume += area * (this.#referenceZ - level);
    // Above a point that ends the new one's column, what the new one dominates is gone already.
    for (const column of [x, y, z]) {
      if (kept === at) column.copyWithin(position + 1, position, size);
      else {
        if (kept + 1 < at) column.copyWithin(kept + 1, at, size);
        column.copyWithin(position + 1, position, kept);
      }
    }
    x[position] = px;
    y[position] = py;
    z[position] = pz;
    this.#size = size - (at - kept) + 1;
    return volume;
  }
}

/** Number of the `size` ascending values that are at most `limit`. */
function firstAbove(ascending: Float64Array, size: number, limit: number): number {
  let low = 0;
  let high = size;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (ascending[middle] <= limit) low = middle + 1;
    else high = middle;
  }
  return low;
}

function dropFirst(stairX: Float64Array, stairY: Float64Array, count: number): number {
  stairX.copyWithin(0, 1, count);
  stairY.copyWithin(0, 1, count);
  return count - 1;
}

/** Inserts a step unless it is dominated, removes those it dominates; returns the new count. */
function insertStair(stairX: Float64Array, stairY: Float64Array, count: number, qx: number, qy: number): number {
  let at = 0;
  while (at < count && stairX[at] < qx) at++;
  if (at > 0 && stairY[at - 1] <= qy) return count;
  if (at < count && stairX[at] === qx && stairY[at] <= qy) return count;
  let end = at;
  while (end < count && stairY[end] >= qy) end++;
  const shift = at + 1 - end;
  if (shift !== 0) {
    if (shift > 0) {
      for (let k = count - 1; k >= end; k--) {
        stairX[k + shift] = stairX[k];
        stairY[k + shift] = stairY[k];
      }
    } else {
      for (let k = end; k < count; k++) {
        stairX[k + shift] = stairX[k];
        stairY[k + shift] = stairY[k];
      }
    }
  }
  stairX[at] = qx;
  stairY[at] = qy;
  return count + shift;
}

/** Area of [px, right) × [py, top) not dominated by the steps inside it. */
function staircaseArea(
  stairX: Float64Array,
  stairY: Float64Array,
  count: number,
  px: number,
  py: number,
  right: number,
  top: number,
): number {
  let area = 0;
  let left = px;
  let height = top;
  for (let k = 0; k < count; k++) {
    area += (stairX[k] - left) * (height - py);
    left = stairX[k];
    height = stairY[k];
  }
  return area + (right - left) * (height - py);
}
