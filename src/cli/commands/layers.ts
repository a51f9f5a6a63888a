/** `layers model.onnx`: the numbered layers of a search space, what is pruned together, and a preset's parameters. */
import type { PrunableLayer } from '@tinypareto/evaluators';
import type { Command } from 'commander';
import { answer, type RunCommand } from '../command-context.ts';
import { loadTrainableModel } from '../load-model.ts';
import { renderTable } from '../render-table.ts';

export function addLayersCommand(program: Command, run: RunCommand): void {
  program
    .command('layers')
    .description(
      'the layers that can be compressed, what is pruned together, and what a search-space preset makes of them',
    )
    .argument('<model.onnx>')
    .option('--preset <preset>', 'print this preset expanded for the model, to edit and use as a campaign’s space')
    .action((file: string, options: { readonly preset?: string }, command: Command) =>
      run(command, async () => {
        const { describeGroups, prunableLayers } = await import('@tinypareto/evaluators');
        const graph = await loadTrainableModel(file);
        const layers = prunableLayers(graph);
        if (options.preset !== undefined) return expansion(options.preset, layers);
        const groups = describeGroups(graph);
        return answer({ layers, groups: groups.split('\n') }, () => `${table(layers)}\n\n${groups}`);
      }),
    );
}

async function expansion(name: string, layers: readonly PrunableLayer[]) {
  const { stringify } = await import('yaml');
  const { expandPreset, loadPreset } = await import('../../study/space-preset.ts');
  const { parameters, fixed } = expandPreset(loadPreset(name), layers);
  return answer({ parameters, fixed }, () =>
    stringify({ parameters, fixed }, { collectionStyle: 'any', lineWidth: 0 }).trimEnd(),
  );
}

function table(layers: readonly PrunableLayer[]): string {
  return renderTable(
    [
      { title: 'number', align: 'right' },
      { title: 'layer' },
      { title: 'kind' },
      { title: 'structures', align: 'right' },
      { title: 'cheaper as' },
    ],
    layers.map(({ name, kind, structures, restructures }, index) => [
      String(index + 1),
      name,
      kind,
      String(structures),
      restructures.map((each) => each.name).join(', '),
    ]),
  );
}
