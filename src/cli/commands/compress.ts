/** `compress model.onnx --plan plan.yaml --dataset …`: carries out one compression plan. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Command } from 'commander';
import type { CompressionPlanSpec } from '../../contract/compression-plan.ts';
import { UserError } from '../../errors.ts';
import { naming } from '../../runner/input-errors.ts';
import { answer, type RunCommand } from '../command-context.ts';
import { formatBytes } from '../format-values.ts';
import { loadTrainableModel } from '../load-model.ts';

interface CompressOptions {
  readonly plan: string;
  readonly dataset: string;
  readonly board: string;
  readonly out: string;
}

export function addCompressCommand(program: Command, run: RunCommand): void {
  program
    .command('compress')
    .description('carry out one compression plan: pruned, fine-tuned, quantized ONNX and a report')
    .argument('<model.onnx>')
    .requiredOption('--plan <plan.yaml>', 'YAML or JSON file, or inline JSON')
    .requiredOption('--dataset <dataset>', 'mnist, fashion-mnist, a YAML/JSON file, or inline JSON')
    .option('--board <board>', 'the board whose flash and RAM are reported', 'pico')
    .requiredOption('--out <folder>', 'where model.onnx and report.json go')
    .action((file: string, options: CompressOptions, command: Command) =>
      run(command, async (context) => {
        const { findBoard } = await import('../../runner/board-specs.ts');
        const { toLoaderSpec } = await import('../../runner/dataset-spec.ts');
        const { completePlan } = await import('../../runner/single-evaluation.ts');
        const { readDatasetOption } = await import('../read-dataset-option.ts');
        const board = findBoard(options.board, '--board');
        const plan = completePlan(await readPlan(options.plan));
        const graph = await loadTrainableModel(file);
        const spec = toLoaderSpec(readDatasetOption(options.dataset), '--dataset');
        const { compileOptions, compress, deployable, exportOnnx, loadDataset, lower, predictSizes, sizeMeasures } =
          await import('@tinypareto/evaluators');
        const result = await naming(file, () =>
          compress(graph, loadDataset(spec), plan, {
            signal: context.signal,
            measures: sizeMeasures(plan.quantize, board),
            onProgress: ({ stage, fraction, message }) =>
              context.note(`${Math.round(fraction * 100)} % ${stage} ${message}`),
          }),
        );
        const deployed = result.integerGraph ?? deployable(result.floatGraph);
        const sizes = await naming(file, () => predictSizes(lower(deployed, board, compileOptions(plan)), board));
        const model = path.join(options.out, 'model.onnx');
        const { report } = result;
        const trainingSeconds = report.training.reduce((sum, step) => sum + step.seconds, 0);
        const json = {
          accuracy: report.accuracy,
          asked: report.asked,
          achieved: report.achieved,
          board: board.name,
          romBytes: sizes.romBytes,
          ramBytes: sizes.ramBytes,
          macs: sizes.macs,
          seconds: report.seconds,
          trainingSeconds,
          training: report.training,
          model,
        };
        await mkdir(options.out, { recursive: true });
        await writeFile(model, exportOnnx(result.quantizedGraph ?? deployable(result.floatGraph)));
        await writeFile(path.join(options.out, 'report.json'), `${JSON.stringify(json, null, 2)}\n`);
        return answer(json, () =>
          [
            `accuracy ${percent(report.accuracy.before)} -> ${percent(report.accuracy.after)}`,
            `parameters ${report.achieved.before.params} -> ${report.achieved.after.params}, MACs ${report.achieved.before.macs} -> ${report.achieved.after.macs}`,
            `on ${board.title}: flash ${formatBytes(sizes.romBytes)}, RAM ${formatBytes(sizes.ramBytes)}`,
            `wrote ${model} in ${report.seconds.toFixed(1)} s`,
          ].join('\n'),
        );
      }),
    );
}

function percent(share: number): string {
  return `${(share * 100).toFixed(2)} %`;
}

async function readPlan(text: string): Promise<CompressionPlanSpec> {
  const isInline = text.trimStart().startsWith('{');
  const { parseDocument } = await import('yaml');
  const document = parseDocument(isInline ? text : await readFile(text, 'utf8'));
  const where = isInline ? '--plan' : text;
  const [fault] = document.errors;
  if (fault !== undefined) {
    throw new UserError({ code: 'BAD_YAML', message: fault.message.split('\n')[0] ?? 'not YAML', where });
  }
  const value: unknown = document.toJS() ?? {};
  const { CompressionPlanSchema } = await import('../../contract/compression-plan.ts');
  const { findIssues } = await import('../../contract/validate.ts');
  const [issue] = findIssues(CompressionPlanSchema, value);
  if (issue === undefined) return value as CompressionPlanSpec;
  throw new UserError({
    code: issue.code,
    message: issue.message,
    where: issue.where === '' ? where : `${where} (${issue.where})`,
    ...(issue.hint === undefined ? {} : { hint: issue.hint }),
  });
}
