/**
 * The dependency analysis that structured pruning rests on (cf. DepGraph, Fang et al., CVPR 2023): classes of units that can
 * only be removed together, and groups of layers whose units are coupled. Printable: `describeGroups`.
 */
import type { Graph, Node } from '../../ir/graph.ts';
import { type RestructureChoice, restructureChoices } from '../restructure/restructure-choices.ts';
import { propagate } from './propagate.ts';
import type { Member, Source } from './propagation.ts';
import type { ValueUnits } from './unit-space.ts';

export interface DependencyGroup {
  /** Names of the layers whose output structures are coupled, in network order. */
  readonly layers: readonly string[];
  /** Structures that can be removed: indices of classes. */
  readonly classes: readonly number[];
  /** Why it must stay as it is; absent when it can be pruned. */
  readonly frozen?: string;
}

export interface DependencyAnalysis {
  readonly graph: Graph;
  readonly groups: readonly DependencyGroup[];
  readonly members: readonly Member[];
  readonly sources: readonly Source[];
  /** Units along the axes of every computed value. */
  readonly values: ReadonlyMap<string, ValueUnits>;
  /** Class of each unit. */
  readonly classOf: Int32Array;
  readonly classCount: number;
  /** By class: why it must stay. */
  readonly frozen: ReadonlyMap<number, string>;
}

export function analyzeDependencies(graph: Graph): DependencyAnalysis {
  const p = propagate(graph);
  const classOf = new Int32Array(p.space.size);
  const classIndex = new Map<number, number>();
  const frozen = new Map<number, string>();
  for (let unit = 0; unit < classOf.length; unit++) {
    const root = p.space.find(unit);
    const index = classIndex.get(root) ?? classIndex.size;
    classIndex.set(root, index);
    classOf[unit] = index;
    const reason = p.space.frozen(unit);
    if (reason !== undefined) frozen.set(index, reason);
  }
  const groups = groupClasses(p.sources, classOf, frozen);
  const { members, sources, values } = p;
  return { graph, groups, members, sources, values, classOf, classCount: classIndex.size, frozen };
}

/** Groups of layers: classes made by the same set of layers. */
function groupClasses(
  sources: readonly Source[],
  classOf: Int32Array,
  frozen: ReadonlyMap<number, string>,
): DependencyGroup[] {
  const layersOf = new Map<number, Set<number>>();
  sources.forEach((source, index) => {
    for (const unit of source.units) {
      const layers = layersOf.get(classOf[unit]) ?? new Set<number>();
      layersOf.set(classOf[unit], layers.add(index));
    }
  });
  const groups = new Map<string, { layers: number[]; classes: number[]; reason: string | undefined }>();
  for (const [index, layers] of layersOf) {
    const reason = frozen.get(index);
    const key = `${[...layers].join(',')}|${reason ?? ''}`;
    const group = groups.get(key) ?? { layers: [...layers], classes: [], reason };
    group.classes.push(index);
    groups.set(key, group);
  }
  return [...groups.values()]
    .sort((a, b) => a.layers[0] - b.layers[0])
    .map(({ layers, classes, reason }) => ({
      layers: layers.map((index) => sources[index].node.name),
      classes,
      ...(reason === undefined ? {} : { frozen: reason }),
    }));
}

/** Groups of layers whose structures can only be removed together. */
export function dependencyGroups(graph: Graph): readonly DependencyGroup[] {
  return analyzeDependencies(graph).groups;
}

/** One paragraph per group: its layers, how many structures, and every tensor axis that shrinks with it. */
export function describeGroups(graph: Graph): string {
  const analysis = analyzeDependencies(graph);
  return analysis.groups
    .map((group, index) => {
      const classes = new Set(group.classes);
      const state = group.frozen === undefined ? `${group.classes.length} structures` : `fixed: ${group.frozen}`;
      const lines = analysis.members
        .filter((member) => member.units.some((unit) => classes.has(analysis.classOf[unit])))
        .map((member) => {
          const [own, all] = [
            member.units.filter((unit) => classes.has(analysis.classOf[unit])).length,
            member.units.length,
          ];
          return `    ${member.tensor} axis ${member.axis} (${member.role} of ${member.node}): ${own} of ${all} positions`;
        });
      return [`group ${index + 1}: ${group.layers.join(', ')} (${state})`, ...lines].join('\n');
    })
    .join('\n');
}

/** A layer whose structures can be removed, in network order. */
export interface PrunableLayer {
  readonly name: string;
  readonly structures: number;
  readonly kind: 'conv' | 'dense' | 'recurrent';
  /** Structure changes that would make the layer cheaper. */
  readonly restructures: readonly RestructureChoice[];
}

const KINDS: Partial<Record<Node['op']['kind'], PrunableLayer['kind']>> = {
  Conv: 'conv',
  ConvTranspose: 'conv',
  Gemm: 'dense',
  MatMul: 'dense',
  LSTM: 'recurrent',
  GRU: 'recurrent',
  RNN: 'recurrent',
};

/** The layers to give a width each: one per group of coupled layers, the first in network order. */
export function prunableLayers(graph: Graph): readonly PrunableLayer[] {
  const analysis = analyzeDependencies(graph);
  const named = new Set<string>();
  return analysis.groups.flatMap((group) => {
    const [first] = group.layers;
    const source = analysis.sources.find((each) => each.node.name === first);
    const kind = source === undefined ? undefined : KINDS[source.node.op.kind];
    if (group.frozen !== undefined || source === undefined || kind === undefined || named.has(first)) return [];
    for (const layer of group.layers) named.add(layer);
    const restructures = restructureChoices(graph, source.node);
    return [{ name: first, structures: source.units.length, kind, restructures }];
  });
}
