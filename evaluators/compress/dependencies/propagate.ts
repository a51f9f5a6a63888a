/**
 * Follows units through a graph: which positions of which value axes and constant tensors belong to which removable unit, and
 * which units can only go together. One rule per kind of operator; an operator without a rule freezes what flows into it.
 *
 * Convolution, matrix product and recurrent layers make new units on their output and read the units of their input; depthwise
 * and grouped convolutions couple the two; sums join units position by position; concatenation and flatten rearrange them.
 */
import type { Graph, Node } from '../../ir/graph.ts';
import type { OpOf } from '../../ir/op.ts';
import { valueInfo } from '../graph-edit.ts';
import { propagateRecurrent } from './propagate-recurrent.ts';
import { reshapeUnits } from './reshape-units.ts';
import { type AxisUnits, UnitSpace, type ValueUnits } from './unit-space.ts';

/** An axis of a constant tensor whose positions belong to units. `output`: the weights that make the unit. */
export interface Member {
  readonly tensor: string;
  readonly axis: number;
  readonly units: Int32Array;
  readonly role: 'output' | 'input' | 'vector';
  readonly node: string;
}

/** A layer that makes units. */
export interface Source {
  readonly node: Node;
  readonly units: Int32Array;
}

export class Propagation {
  readonly graph: Graph;
  readonly space = new UnitSpace();
  readonly values = new Map<string, ValueUnits>();
  readonly members: Member[] = [];
  readonly sources: Source[] = [];
  readonly #memberAt = new Map<string, Member>();

  constructor(graph: Graph) {
    this.graph = graph;
    for (const node of graph.nodes) this.#visit(node);
    for (const output of graph.outputs) this.freezeValue(output, 'it is an output of the network');
  }

  shape(name: string): readonly number[] {
    return valueInfo(this.graph, name).shape;
  }

  unitsOf(name: string): ValueUnits {
    return this.values.get(name) ?? this.shape(name).map(() => null);
  }

  isConstant(name: string | undefined): name is string {
    return name !== undefined && this.graph.initializers.has(name);
  }

  addMember(node: Node, tensor: string | undefined, axis: number, units: AxisUnits, role: Member['role']): void {
    if (tensor === undefined || tensor === '' || units === null) return;
    if (!this.isConstant(tensor)) {
      this.freeze(units, `"${node.name}" computes its ${role} weights at run time`);
      return;
    }
    const key = `${axis}:${tensor}`;
    const known = this.#memberAt.get(key);
    if (known !== undefined) {
      this.joinAxes(known.units, units);
      return;
    }
    const member: Member = { tensor, axis, units, role, node: node.name };
    this.#memberAt.set(key, member);
    this.members.push(member);
  }

  freeze(units: AxisUnits, reason: string): void {
    if (units !== null) for (const unit of units) this.space.freeze(unit, reason);
  }

  freezeValue(name: string, reason: string): void {
    for (const units of this.values.get(name) ?? []) this.freeze(units, reason);
  }

  /** The units of an axis that two values share position by position. */
  joinAxes(a: AxisUnits, b: AxisUnits): AxisUnits {
    if (a === null || b === null) {
      this.freeze(a ?? b, 'it is tied to a value that cannot shrink');
      return a ?? b;
    }
    for (let i = 0; i < a.length; i++) this.space.join(a[i], b[i]);
    return a;
  }

  makeUnits(node: Node, count: number): Int32Array {
    const units = this.space.create(count);
    this.sources.push({ node, units });
    return units;
  }

  #visit(node: Node): void {
    const { op } = node;
    switch (op.kind) {
      case 'Conv':
        this.#conv(node, op);
        break;
      case 'ConvTranspose':
        this.#convTranspose(node, op);
        break;
      case 'Gemm':
        this.#gemm(node, op);
        break;
      case 'MatMul':
        this.#matMul(node);
        break;
      case 'Unary':
      case 'Clip':
      case 'Cast':
        this.#set(node, this.unitsOf(node.inputs[0]));
        break;
      case 'BatchNormalization':
      case 'InstanceNormalization':
        this.#normalization(node);
        break;
      case 'Binary':
      case 'Variadic':
      case 'Where':
        this.#broadcast(node);
        break;
      case 'MaxPool':
      case 'AveragePool':
      case 'LpPool':
      case 'GlobalPool':
      case 'Resize':
      case 'Pad':
      case 'Tile':
      case 'Expand':
        this.#keepEqualAxes(node);
        break;
      case 'Concat':
        this.#concat(node, op);
        break;
      case 'Split':
        this.#split(node, op);
        break;
      case 'Slice':
        this.#slice(node, op);
        break;
      case 'Reshape':
        this.#reshape(node);
        break;
      case 'Transpose':
        this.#set(
          node,
          op.perm.map((axis) => this.unitsOf(node.inputs[0])[axis]),
        );
        break;
      case 'Reduce':
        this.#reduce(node, op);
        break;
      case 'Softmax':
        this.#softmax(node, op);
        break;
      case 'Gather':
        this.#gather(node, op);
        break;
      case 'LSTM':
      case 'GRU':
      case 'RNN':
        propagateRecurrent(this, node, op);
        break;
      default:
        for (const input of node.inputs) this.freezeValue(input, `${op.kind} "${node.name}" reads it`);
    }
  }

  #set(node: Node, units: ValueUnits): void {
    this.values.set(node.outputs[0], units);
  }

  #conv(node: Node, op: OpOf<'Conv'>): void {
    const [x, w, bias] = node.inputs;
    const input = this.unitsOf(x)[1] ?? null;
    const outputs = this.shape(w)[0];
    const channels = this.shape(x)[1];
    const units = this.makeUnits(node, outputs);
    this.addMember(node, w, 0, units, 'output');
    this.addMember(node, bias, 0, units, 'vector');
    if (op.group === 1) {
      this.addMember(node, w, 1, input, 'input');
    } else if (op.group === channels) {
      const each = outputs / channels;
      this.joinAxes(input === null ? null : Int32Array.from(units, (_, m) => input[Math.floor(m / each)]), units);
    } else {
      this.#groupedConv(node, op.group, units, input);
    }
    this.#set(node, [null, units, ...op.kernelShape.map(() => null)]);
  }

  /** The same index goes in every group, so that all groups keep one size. */
  #groupedConv(node: Node, groups: number, units: Int32Array, input: AxisUnits): void {
    const perGroup = units.length / groups;
    for (let m = perGroup; m < units.length; m++) this.space.join(units[m % perGroup], units[m]);
    if (input === null) return;
    const inputs = input.length / groups;
    for (let c = inputs; c < input.length; c++) this.space.join(input[c % inputs], input[c]);
    this.addMember(node, node.inputs[1], 1, input.slice(0, inputs), 'input');
  }

  #convTranspose(node: Node, op: OpOf<'ConvTranspose'>): void {
    const [x, w, bias] = node.inputs;
    const input = this.unitsOf(x)[1] ?? null;
    if (op.group !== 1) {
      this.freeze(input, `grouped ConvTranspose "${node.name}" reads it`);
      return;
    }
    const units = this.makeUnits(node, this.shape(w)[1]);
    this.addMember(node, w, 1, units, 'output');
    this.addMember(node, bias, 0, units, 'vector');
    this.addMember(node, w, 0, input, 'input');
    this.#set(node, [null, units, ...op.kernelShape.map(() => null)]);
  }

  #gemm(node: Node, op: OpOf<'Gemm'>): void {
    const [a, b, c] = node.inputs;
    const inner = this.unitsOf(a)[op.transA ? 0 : 1] ?? null;
    this.freeze(this.unitsOf(a)[op.transA ? 1 : 0] ?? null, `rows of "${node.name}"`);
    this.addMember(node, b, op.transB ? 1 : 0, inner, 'input');
    const units = this.makeUnits(node, this.shape(b)[op.transB ? 0 : 1]);
    this.addMember(node, b, op.transB ? 0 : 1, units, 'output');
    if ((c ?? '') !== '' && this.shape(c).at(-1) === units.length) {
      this.addMember(node, c, this.shape(c).length - 1, units, 'vector');
    } else if ((c ?? '') !== '' && !this.isConstant(c)) {
      this.freeze(units, `"${node.name}" adds a computed value`);
    }
    this.#set(node, [null, units]);
  }

  #matMul(node: Node): void {
    const [a, b] = node.inputs;
    if (!this.isConstant(b) || this.shape(b).length !== 2) {
      this.freezeValue(a, `MatMul "${node.name}" of two computed values reads it`);
      this.freezeValue(b, `MatMul "${node.name}" of two computed values reads it`);
      return;
    }
    const input = this.unitsOf(a);
    this.addMember(node, b, 0, input.at(-1) ?? null, 'input');
    const units = this.makeUnits(node, this.shape(b)[1]);
    this.addMember(node, b, 1, units, 'output');
    this.#set(node, [...input.slice(0, -1), units]);
  }

  #normalization(node: Node): void {
    const units = this.unitsOf(node.inputs[0]);
    for (const name of node.inputs.slice(1)) this.addMember(node, name, 0, units[1] ?? null, 'vector');
    this.#set(node, units);
  }

  #broadcast(node: Node): void {
    const shape = this.shape(node.outputs[0]);
    const joined: AxisUnits[] = shape.map(() => null);
    const seen = shape.map(() => false);
    for (const name of node.inputs) {
      if (name === '' || this.isConstant(name)) continue;
      const own = this.shape(name);
      const units = this.unitsOf(name);
      own.forEach((size, i) => {
        const axis = shape.length - own.length + i;
        if (size === 1 && shape[axis] !== 1) {
          this.freeze(units[i], `"${node.name}" broadcasts it`);
          return;
        }
        joined[axis] = seen[axis] ? this.joinAxes(joined[axis], units[i]) : units[i];
        seen[axis] = true;
      });
    }
    for (const name of node.inputs) {
      if (!this.isConstant(name)) continue;
      const own = this.shape(name);
      own.forEach((size, i) => {
        if (size > 1) this.addMember(node, name, i, joined[shape.length - own.length + i], 'vector');
      });
    }
    this.#set(node, joined);
  }

  #keepEqualAxes(node: Node): void {
    const from = this.shape(node.inputs[0]);
    const to = this.shape(node.outputs[0]);
    const offset = to.length - from.length;
    const units = this.unitsOf(node.inputs[0]);
    this.#set(
      node,
      to.map((size, axis) => {
        const own = units[axis - offset] ?? null;
        if (size === from[axis - offset]) return own;
        this.freeze(own, `${node.op.kind} "${node.name}" resizes it`);
        return null;
      }),
    );
  }

  #concat(node: Node, op: OpOf<'Concat'>): void {
    const parts = node.inputs.map((name) => this.unitsOf(name));
    const first = parts[0];
    this.#set(
      node,
      first.map((_, axis) => {
        const units = parts.map((part) => part[axis]);
        if (axis !== op.axis) return units.reduce((a, b) => this.joinAxes(a, b));
        if (units.every((each) => each === null)) return null;
        return Int32Array.from(
          units.flatMap((each, i) => [...(each ?? this.#fixed(this.shape(node.inputs[i])[axis], node))]),
        );
      }),
    );
  }

  /** Units that stay: the positions of an axis that cannot shrink, beside others that can. */
  #fixed(count: number, node: Node): Int32Array {
    const units = this.space.create(count);
    this.freeze(units, `"${node.name}" concatenates a value that cannot shrink`);
    return units;
  }

  #split(node: Node, op: OpOf<'Split'>): void {
    const units = this.unitsOf(node.inputs[0]);
    let start = 0;
    node.outputs.forEach((output, i) => {
      const end = start + op.sizes[i];
      if (output !== '') {
        this.values.set(
          output,
          units.map((own, axis) => (axis === op.axis && own !== null ? own.slice(start, end) : own)),
        );
      }
      start = end;
    });
  }

  #slice(node: Node, op: OpOf<'Slice'>): void {
    const shape = this.shape(node.inputs[0]);
    this.#set(
      node,
      this.unitsOf(node.inputs[0]).map((own, axis) => {
        if (own === null) return null;
        const [start, step, size] = [op.starts[axis], op.steps[axis], op.sizes[axis]];
        if (step === 1) return size === shape[axis] ? own : own.slice(start, start + size);
        this.freeze(own, `Slice "${node.name}" steps through it`);
        return null;
      }),
    );
  }

  #reshape(node: Node): void {
    const units = reshapeUnits(
      this.unitsOf(node.inputs[0]),
      this.shape(node.inputs[0]),
      this.shape(node.outputs[0]),
      (lost) => this.freeze(lost, `Reshape "${node.name}" splits it`),
    );
    this.#set(node, units);
  }

  #reduce(node: Node, op: OpOf<'Reduce'>): void {
    const units = this.unitsOf(node.inputs[0]);
    for (const axis of op.axes) this.freeze(units[axis], `Reduce${op.fn} "${node.name}" mixes it`);
    this.#set(
      node,
      units.flatMap((own, axis) => (op.axes.includes(axis) ? (op.keepDims ? [null] : []) : [own])),
    );
  }

  #softmax(node: Node, op: OpOf<'Softmax'>): void {
    const units = this.unitsOf(node.inputs[0]);
    units.forEach((own, axis) => {
      if (axis === op.axis || (op.flatten && axis > op.axis)) this.freeze(own, `Softmax "${node.name}" mixes it`);
    });
    this.#set(node, units);
  }

  #gather(node: Node, op: OpOf<'Gather'>): void {
    const units = this.unitsOf(node.inputs[0]);
    this.freeze(units[op.axis], `Gather "${node.name}" selects from it`);
    const picked = this.shape(node.inputs[1]).map(() => null);
    this.#set(node, [...units.slice(0, op.axis), ...picked, ...units.slice(op.axis + 1)]);
  }
}
