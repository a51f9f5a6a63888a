/** The command line's tree of commands. Each command lives in its own file and loads what it needs only when it runs. */
import { Command } from 'commander';
import type { RunCommand } from './command-context.ts';
import { addAgentCommand } from './commands/agent.ts';
import { addAskCommand } from './commands/ask.ts';
import { addBoardsCommand } from './commands/boards.ts';
import { addCompileCommand } from './commands/compile.ts';
import { addCompressCommand } from './commands/compress.ts';
import { addDemoCommand } from './commands/demo.ts';
import { addDoctorCommand } from './commands/doctor.ts';
import { addExplainCommand } from './commands/explain.ts';
import { addExportCommand } from './commands/export.ts';
import { addFrontCommand } from './commands/front.ts';
import { addHypervolumeCommand } from './commands/hypervolume.ts';
import { addImportCommand } from './commands/import.ts';
import { addInferCommand } from './commands/infer.ts';
import { addLayersCommand } from './commands/layers.ts';
import { addMeasureCommand } from './commands/measure.ts';
import { addPlanCommand } from './commands/plan.ts';
import { addRunCommand } from './commands/run.ts';
import { addServeCommand } from './commands/serve.ts';
import { addStudiesCommand } from './commands/studies.ts';
import { addStudyVerbCommands } from './commands/study-verbs.ts';
import { addTellCommand } from './commands/tell.ts';
import { addTrainCommand } from './commands/train.ts';
import { addTrialsCommand } from './commands/trials.ts';
import { productVersion } from './product-version.ts';

const COMMANDS: readonly ((program: Command, run: RunCommand) => void)[] = [
  addServeCommand,
  addRunCommand,
  addDemoCommand,
  addCompileCommand,
  addInferCommand,
  addLayersCommand,
  addMeasureCommand,
  addCompressCommand,
  addTrainCommand,
  addPlanCommand,
  addHypervolumeCommand,
  addFrontCommand,
  addAskCommand,
  addTellCommand,
  addStudiesCommand,
  addTrialsCommand,
  addExplainCommand,
  addExportCommand,
  addImportCommand,
  addStudyVerbCommands,
  addAgentCommand,
  addBoardsCommand,
  addDoctorCommand,
];

export function createProgram(run: RunCommand): Command {
  const program = new Command('tinypareto')
    .description('Finds the Pareto-optimal compressed versions of a neural network for a microcontroller.')
    .version(productVersion())
    .option('--json', 'answer with one JSON value on stdout')
    .showSuggestionAfterError()
    .exitOverride()
    .configureOutput({ outputError: () => {} });
  for (const add of COMMANDS) add(program, run);
  // Inherited settings are copied when a command is made, so `exitOverride` and `--json` are given to each one here.
  for (const command of program.commands) {
    command.exitOverride().configureOutput({ outputError: () => {} });
    if (!command.options.some((option) => option.long === '--json')) {
      command.option('--json', 'answer with one JSON value on stdout');
    }
  }
  return program;
}
