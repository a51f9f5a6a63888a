/** `compile model.onnx --board B --out DIR`: C sources, firmware when there is a compiler, and a report of sizes. */
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { CompileResult, Graph, ProjectLayout } from '@tinypareto/evaluators';
import type { Command } from 'commander';
import { EXIT, UserError } from '../../errors.ts';
import { boardNames } from '../../runner/board-names.ts';
import { naming } from '../../runner/input-errors.ts';
import { answer, type RunCommand } from '../command-context.ts';
import { formatBytes } from '../format-values.ts';
import { loadTrainableModel } from '../load-model.ts';
import { addMemoryOptions, describePeak, type MemoryOptions, memoryChoice, namingPatches } from '../memory-options.ts';
import { type CompileFormat, FORMATS, quantizeForBoard } from '../quantize-for-board.ts';
import { renderTable } from '../render-table.ts';

interface CompileCommandOptions extends MemoryOptions {
  readonly board: string;
  readonly format?: string;
  readonly calibration?: string;
  readonly out: string;
  readonly link: boolean;
  readonly blob: boolean;
  readonly project: string;
  readonly weights?: string;
  readonly dumpPasses?: string;
}

const LAYOUTS: readonly ProjectLayout[] = ['cmake', 'flat', 'arduino', 'pico-sdk'];
const WEIGHT_FORMS = ['auto', 'small', 'fast', 'smallest', 'dense'] as const;

const UNCALIBRATED =
  'the ranges of activations come from noise: sizes and speed are right, the accuracy is not. Give some hundred typical inputs as one array [N, …]: --calibration x.npy';

export function addCompileCommand(program: Command, run: RunCommand): void {
  const command = program.command('compile');
  addMemoryOptions(command)
    .description('turn a model into C99 for a board: sources, sizes, firmware when the compiler is there')
    .argument('<model.onnx>')
    .requiredOption('--board <board>', boardNames().join(', '))
    .requiredOption('--out <folder>', 'where the sources and report.json go')
    .option('--format <format>', `${FORMATS.join(', ')} (default: as the file is)`)
    .option('--calibration <x.npy>', 'samples [N, …] that set the ranges of a quantized format; noise when absent')
    .option('--project <layout>', `sources as: ${LAYOUTS.join(', ')}`, 'cmake')
    .option(
      '--weights <form>',
      'auto (default): sparse or coded where that is smaller and hardly slower; small: whatever it takes; fast: where it is faster; smallest: prefix codes too; dense: as they are',
    )
    .option('--blob', 'weights as one memory-mapped file beside a small loader, instead of C arrays', false)
    .option('--no-link', 'do not compile for the board')
    .option('--dump-passes <folder>', 'write the network as text before and after every rewriting')
    .action((file: string, options: CompileCommandOptions, command: Command) =>
      run(command, async (context) => {
        const { findBoard } = await import('../../runner/board-specs.ts');
        const board = findBoard(options.board, '--board');
        const format = checkFormat(options.format);
        const project = oneOf(LAYOUTS, options.project, '--project', 'UNKNOWN_LAYOUT');
        const weights =
          options.weights === undefined
            ? {}
            : { weights: oneOf(WEIGHT_FORMS, options.weights, '--weights', 'UNKNOWN_WEIGHT_FORM') };
        const graph = await networkFor(file, format, options.calibration);
        const { compileModel } = await import('@tinypareto/evaluators');
        const cache = await mkdtemp(path.join(tmpdir(), 'tinypareto-build-'));
        const isCalibrated = options.calibration !== undefined || format === undefined || format === 'float32';
        if (!isCalibrated) context.note(`warning: ${UNCALIBRATED}`);
        try {
          context.note(`compiling for ${board.title}`);
          const stages: { name: string; text: string }[] = [];
          const result = await namingPatches(file, () =>
            compileModel(graph, board, {
              project,
              ...weights,
              blob: options.blob,
              ...memoryChoice(options),
              ...(options.link ? { cacheFolder: cache } : {}),
              ...(options.dumpPasses === undefined ? {} : { dump: (name, text) => stages.push({ name, text }) }),
            }),
          );
          if (options.dumpPasses !== undefined) await writeStages(stages, options.dumpPasses);
          const warnings = isCalibrated ? [] : [UNCALIBRATED];
          const files = await writeResult(result, warnings, options.out);
          refuseTooLarge(result, board.flashBytes, board.ramBytes, board.title);
          return answer({ ...summary(result), warnings, files }, () => render(result, options.out));
        } finally {
          await rm(cache, { recursive: true, force: true });
        }
      }),
    );
}

function checkFormat(text: string | undefined): CompileFormat | undefined {
  if (text === undefined) return undefined;
  const format = FORMATS.find((each) => each === text);
  if (format !== undefined) return format;
  throw new UserError({
    code: 'UNKNOWN_FORMAT',
    message: `there is no number format ${JSON.stringify(text)}`,
    where: '--format',
    hint: `formats: ${FORMATS.join(', ')}`,
    exitCode: EXIT.usage,
  });
}

function oneOf<T extends string>(known: readonly T[], text: string, where: string, code: string): T {
  const found = known.find((each) => each === text);
  if (found !== undefined) return found;
  throw new UserError({
    code,
    message: `${where} ${JSON.stringify(text)} is not known`,
    where,
    hint: `one of ${known.join(', ')}`,
    exitCode: EXIT.usage,
  });
}

async function networkFor(
  file: string,
  format: CompileFormat | undefined,
  calibration: string | undefined,
): Promise<Graph> {
  const graph = await loadTrainableModel(file);
  if (format === undefined || format === 'float32') {
    if (calibration === undefined) return graph;
    throw new UserError({
      code: 'USAGE',
      message: '--calibration needs a quantized --format',
      hint: 'add --format int8 or uint8',
      exitCode: EXIT.usage,
    });
  }
  const { readNpy } = await import('@tinypareto/evaluators');
  if (calibration === undefined) return quantizeForBoard(graph, format, undefined, file);
  const bytes = await readFile(calibration);
  return quantizeForBoard(
    graph,
    format,
    { file: calibration, samples: await naming(calibration, () => readNpy(bytes)) },
    file,
  );
}

function summary(result: CompileResult) {
  const { board, format, romBytes, ramBytes, macs, flops, linked, planner, halved, layers, buffers } = result;
  const { toolchain, latency } = result;
  const sizes = { board, format, romBytes, ramBytes, macs, flops, linked };
  return { ...sizes, planner, halved, layers, buffers, toolchain, latency };
}

async function writeResult(result: CompileResult, warnings: readonly string[], folder: string): Promise<string[]> {
  const files: string[] = [];
  const write = async (name: string, content: string | Uint8Array): Promise<void> => {
    const target = path.join(folder, name);
    await mkdir(path.dirname(target), { recursive: true });
    await writeFile(target, content);
    files.push(target);
  };
  for (const { path: name, text } of result.files) await write(name, text);
  if (result.blob !== null) await write('weights.blob', result.blob);
  await write('plan.svg', result.planPicture);
  if (result.firmware !== null) await write('firmware.elf', result.firmware);
  await write('report.json', `${JSON.stringify({ ...summary(result), warnings }, null, 2)}\n`);
  return files;
}

/** `00-input.txt`, `01-fuse-quantized.txt` … */
async function writeStages(stages: readonly { name: string; text: string }[], folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const [index, { name, text }] of stages.entries()) {
    await writeFile(path.join(folder, `${String(index).padStart(2, '0')}-${name}.txt`), text);
  }
}

function refuseTooLarge(result: CompileResult, flashBytes: number, ramBytes: number, title: string): void {
  const over = [
    ...(result.romBytes > flashBytes ? [`${result.romBytes} bytes of flash (there are ${flashBytes})`] : []),
    ...(result.ramBytes > ramBytes ? [`${result.ramBytes} bytes of RAM (there are ${ramBytes})`] : []),
  ];
  if (!result.program.fitsBanks) over.push('stretches of RAM that there are not');
  if (over.length === 0) return;
  throw new UserError({
    code: 'DOES_NOT_FIT',
    message: `the network needs ${over.join(' and ')} on ${title}; the sources were written all the same`,
    hint: 'quantize it (--format int8) or compress it (tinypareto compress, tinypareto run)',
    exitCode: EXIT.infeasible,
  });
}

function describeLatency({ latency }: CompileResult): string {
  const { cycles, latencyUs, guessed } = latency;
  if (guessed.length > 0)
    return `time: unknown, ${guessed.join(', ')} never timed; tinypareto measure runs the network`;
  return `time: about ${cycles} cycles, ${(latencyUs / 1000).toPrecision(2)} ms, foretold; tinypareto measure runs the network`;
}

function describePatches({ layers, patches, rows, extraMacs }: CompileResult['planner']['patches'][number]): string {
  const range = layers.length === 1 ? layers[0] : `${layers[0]} to ${layers.at(-1)}`;
  return `patches: ${range} in ${patches} of ${rows} rows${extraMacs === 0 ? '' : `, ${extraMacs} MACs more`}`;
}

function render(result: CompileResult, folder: string): string {
  const { linked, planner } = result;
  const layers = renderTable(
    [
      { title: 'layer' },
      { title: 'operator' },
      { title: 'MACs', align: 'right' },
      { title: 'weights', align: 'right' },
      { title: 'encoding' },
    ],
    result.layers.map((layer) => [
      layer.name,
      layer.op,
      String(layer.macs),
      formatBytes(layer.weightBytes),
      layer.encoding,
    ]),
  );
  return [
    layers,
    '',
    `flash ${result.romBytes} B, RAM ${result.ramBytes} B (predicted), ${result.macs} MACs, format ${result.format}`,
    linked === null
      ? `not linked: ${result.toolchain}`
      : `linked: text ${linked.text}, rodata ${linked.rodata}, data ${linked.data}, bss ${linked.bss} (${result.toolchain})`,
    describeLatency(result),
    `buffers: ${describePeak(planner)}`,
    ...planner.patches.map(describePatches),
    ...(result.halved.length === 0 ? [] : [`two cores: ${result.halved.length} of ${result.layers.length} layers`]),
    `C sources in ${folder}`,
  ].join('\n');
}
