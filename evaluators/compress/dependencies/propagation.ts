/** What is known so far about the units of a graph: where each lies, which go together, which must stay. */
import type { Graph, Node } from '../../ir/graph.ts';
import { valueInfo } from '../graph-edit.ts';
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

  /** Sets the units of a node's first output. */
  set(node: Node, units: ValueUnits): void {
    this.values.set(node.outputs[0], units);
  }
}
