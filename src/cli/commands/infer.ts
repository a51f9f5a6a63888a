/** `infer model.onnx --input x.npy`: runs a model through the interpreter, its generated C on this computer, or a virtual board. */
import type { Graph, Tensor } from '@tinypareto/evaluators';
import type { Command } from 'commander';
import { EXIT, UserError } from '../../errors.ts';
import { targetNames } from '../../runner/board-names.ts';
import { answer, type RunCommand } from '../command-context.ts';
import { loadModelFor, readInputs, saveTensors } from '../load-model.ts';
import { CORES, type MemoryOptions, memoryChoice } from '../memory-options.ts';
import { parsePositive } from '../parse-options.ts';
import { renderTable } from '../render-table.ts';

interface InferOptions {
  readonly input: string[];
  readonly engine: string;
  readonly output: string;
  readonly cores?: number;
}

export function addInferCommand(program: Command, run: RunCommand): void {
  program
    .command('infer')
    .description('run a model (float, QDQ or QLinear ONNX); outputs are written as .npy')
    .argument('<model.onnx>')
    .requiredOption('--input <file...>', 'file.npy, or name=file.npy for each of several inputs')
    .option(
      '--engine <engine>',
      `interpreter, c (generated C on this computer), ${targetNames().join(', ')} (virtual boards)`,
      'interpreter',
    )
    .option('--output <folder>', 'where the outputs go', 'outputs')
    .option('--cores <n>', CORES, parsePositive)
    .action((file: string, options: InferOptions, command: Command) =>
      run(command, async (context) => {
        const runOn = await findEngine(options.engine, memoryChoice(options), context.signal);
        const { graph, feeds } = await loadModelFor(file, await readInputs(options.input));
        const results = await runOn(graph, feeds);
        const ordered = new Map(
          graph.outputs.flatMap((name) => {
            const tensor = results.get(name);
            return tensor === undefined ? [] : [[name, tensor] as const];
          }),
        );
        const outputs = await saveTensors(ordered, options.output);
        return answer({ engine: options.engine, outputs }, () =>
          renderTable(
            [{ title: 'output' }, { title: 'type' }, { title: 'shape' }, { title: 'file' }],
            outputs.map(({ name, dtype, shape, file: saved }) => [name, dtype, `[${shape.join(', ')}]`, saved]),
          ),
        );
      }),
    );
}

type Engine = (graph: Graph, feeds: ReadonlyMap<string, Tensor>) => Promise<ReadonlyMap<string, Tensor>>;

/** Throws UserError UNKNOWN_ENGINE before anything is read. */
async function findEngine(name: string, choice: MemoryOptions, signal: AbortSignal): Promise<Engine> {
  if (name === 'interpreter') {
    const { interpret } = await import('@tinypareto/evaluators');
    return async (graph, feeds) => interpret(graph, feeds);
  }
  const { findBoard, listBoards } = await import('../../runner/board-specs.ts');
  if (name === 'c' || name === 'host') {
    const { runOnHost } = await import('../run-on-host.ts');
    return (graph, feeds) => runOnHost(graph, feeds, signal);
  }
  const boards = listBoards().map((board) => board.name);
  const boardName = name.replace(/^virtual:/, '');
  if (!boards.includes(boardName)) throw unknownEngine(name, boards);
  const board = findBoard(boardName, '--engine');
  const { runOnVirtual } = await import('../run-on-virtual-board.ts');
  const { tensorsOf } = await import('../tensor-bytes.ts');
  return async (graph, feeds) => {
    const { program, run } = await runOnVirtual(graph, feeds, board, choice);
    return tensorsOf(program.outputs, run.inferences[0]?.outputs ?? []);
  };
}

function unknownEngine(engine: string, boards: readonly string[]): UserError {
  return new UserError({
    code: 'UNKNOWN_ENGINE',
    message: `there is no engine ${JSON.stringify(engine)}`,
    where: '--engine',
    hint: `engines: interpreter, c, ${boards.filter((board) => board !== 'host').join(', ')}`,
    exitCode: EXIT.usage,
  });
}
