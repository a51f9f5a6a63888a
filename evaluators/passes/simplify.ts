/** The standard sequence of passes that every model goes through before training, compression and code generation. */
import type { Graph } from '../ir/graph.ts';
import { arithmetic } from './arithmetic.ts';
import { constantFolding } from './constant-folding.ts';
import { deadChannels } from './dead-channels.ts';
import { deadCode } from './dead-code.ts';
import { foldAffine } from './fold-affine.ts';
import { fuseClamp } from './fuse-clamp.ts';
import { fusePad } from './fuse-pad.ts';
import { layoutChains } from './layout-chains.ts';
import { noOpRemoval } from './no-op-removal.ts';
import type { Pass } from './pass.ts';
import { recognizeRecurrent } from './recognize-recurrent.ts';
import { restack } from './restack.ts';
import { type PassOptions, runPasses } from './run-passes.ts';
import { sharedSubexpressions } from './shared-subexpressions.ts';

export const SIMPLIFY_PASSES: readonly Pass[] = [
  deadCode,
  // Before constants are folded: a first step without a state loses the form of the others.
  recognizeRecurrent,
  constantFolding,
  noOpRemoval,
  restack,
  arithmetic,
  layoutChains,
  sharedSubexpressions,
  fusePad,
  foldAffine,
  fuseClamp,
  deadChannels,
  deadCode,
];

/** An equal but simpler graph. Node names of layers that survive stay; names of graph inputs and outputs always stay. */
export function simplify(graph: Graph, options: PassOptions = {}): Graph {
  return runPasses(graph, SIMPLIFY_PASSES, options);
}
