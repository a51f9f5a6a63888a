/** `train model.onnx --dataset … --epochs N`: trains or fine-tunes a model and writes ONNX. */
import { writeFile } from 'node:fs/promises';
import type { FinetunePlan } from '@tinypareto/evaluators';
import type { Command } from 'commander';
import { naming } from '../../runner/input-errors.ts';
import { answer, type RunCommand } from '../command-context.ts';
import { loadTrainableModel } from '../load-model.ts';
import { parseCount, parseNumber, parsePositive } from '../parse-options.ts';

interface TrainOptions {
  readonly dataset: string;
  readonly epochs: number;
  readonly learningRate: number;
  readonly batchSize: number;
  readonly seed: number;
  readonly out: string;
}

export function addTrainCommand(program: Command, run: RunCommand): void {
  program
    .command('train')
    .description('train or fine-tune a float model')
    .argument('<model.onnx>')
    .requiredOption('--dataset <dataset>', 'mnist, fashion-mnist, a YAML/JSON file, or inline JSON')
    .option('--epochs <n>', 'may be a fraction: 0.5 is half of the training set', parseNumber, 1)
    .option('--learning-rate <x>', 'of SGD with momentum 0.9, cosine schedule', parseNumber, 0.01)
    .option('--batch-size <n>', '', parsePositive, 64)
    .option('--seed <n>', '', parseCount, 1)
    .option('--out <file>', 'the trained model', 'trained.onnx')
    .action((file: string, options: TrainOptions, command: Command) =>
      run(command, async (context) => {
        const { toLoaderSpec } = await import('../../runner/dataset-spec.ts');
        const { readDatasetOption } = await import('../read-dataset-option.ts');
        const graph = await loadTrainableModel(file);
        const spec = toLoaderSpec(readDatasetOption(options.dataset), '--dataset');
        const { countCost, evaluate, exportOnnx, finetune, loadDataset } = await import('@tinypareto/evaluators');
        const plan: FinetunePlan = {
          epochs: options.epochs,
          optimizer: 'sgd',
          learningRate: options.learningRate,
          momentum: 0.9,
          batchSize: options.batchSize,
          schedule: 'cosine',
        };
        let shown = 0;
        const { before, after, trained } = await naming(file, async () => {
          const dataset = loadDataset(spec);
          const start = evaluate(graph, dataset, { signal: context.signal }).accuracy;
          const result = await finetune(graph, dataset, plan, {
            seed: options.seed,
            signal: context.signal,
            onProgress: ({ step, steps, loss, samplesPerSecond }) => {
              if (performance.now() - shown < 1000 && step < steps) return;
              shown = performance.now();
              context.note(`step ${step}/${steps}, loss ${loss.toFixed(4)}, ${Math.round(samplesPerSecond)} samples/s`);
            },
          });
          const end = evaluate(result.graph, dataset, { signal: context.signal }).accuracy;
          return { before: start, after: end, trained: result };
        });
        await writeFile(options.out, exportOnnx(trained.graph));
        const { params, macs } = countCost(trained.graph);
        return answer(
          {
            accuracy: { before, after },
            asked: plan,
            achieved: { history: trained.history },
            romBytes: params * 4,
            ramBytes: null,
            params,
            macs,
            seconds: trained.seconds,
            samplesPerSecond: trained.samples / trained.seconds,
            engine: trained.engine,
            model: options.out,
          },
          () =>
            `accuracy ${(before * 100).toFixed(2)} % -> ${(after * 100).toFixed(2)} % after ${trained.samples} samples in ${trained.seconds.toFixed(1)} s; wrote ${options.out}`,
        );
      }),
    );
}
