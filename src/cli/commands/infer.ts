/** `infer model.onnx --input x.npy`: runs a model through the interpreter or through its generated C. */
import type { Command } from 'commander';
import { EXIT, UserError } from '../../errors.ts';
import { answer, type RunCommand } from '../command-context.ts';
import { loadModelFor, readInputs, saveTensors } from '../load-model.ts';
import { renderTable } from '../render-table.ts';

interface InferOptions {
  readonly input: string[];
  readonly engine: string;
  readonly output: string;
}

export function addInferCommand(program: Command, run: RunCommand): void {
  program
    .command('infer')
    .description('run a model (float, QDQ or QLinear ONNX); outputs are written as .npy')
    .argument('<model.onnx>')
    .requiredOption('--input <file...>', 'file.npy, or name=file.npy for each of several inputs')
    .option('--engine <engine>', 'interpreter, or c (generated C on this computer)', 'interpreter')
    .option('--output <folder>', 'where the outputs go', 'outputs')
    .action((file: string, options: InferOptions, command: Command) =>
      run(command, async (context) => {
        if (options.engine !== 'interpreter' && options.engine !== 'c') throw unknownEngine(options.engine);
        const { graph, feeds } = await loadModelFor(file, await readInputs(options.input));
        const { interpret } = await import('@tinypareto/evaluators');
        const results =
          options.engine === 'c'
            ? await (await import('../run-on-host.ts')).runOnHost(graph, feeds, context.signal)
            : interpret(graph, feeds);
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

function unknownEngine(engine: string): UserError {
  return new UserError({
    code: 'UNKNOWN_ENGINE',
    message: `there is no engine ${JSON.stringify(engine)}`,
    where: '--engine',
    hint: 'engines: interpreter, c',
    exitCode: EXIT.usage,
  });
}
