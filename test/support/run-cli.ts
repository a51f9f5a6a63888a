/** Runs the command line as a user would: a process of its own. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { WireTrial } from '../../src/contract/trial.ts';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const ENTRY = path.join(ROOT, 'bin', 'tinypareto.cjs');

export interface CliResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunningCli {
  readonly child: ChildProcess;
  readonly result: Promise<CliResult>;
  /** Text of stderr so far. */
  stderr(): string;
}

export function startCli(args: readonly string[], options: { readonly cwd?: string } = {}): RunningCli {
  const child = spawn(process.execPath, [ENTRY, ...args], {
    cwd: options.cwd ?? ROOT,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, NO_COLOR: '1', TINYPARETO_URL: undefined },
  });
  let stdout = '';
  let stderr = '';
  child.stdout?.on('data', (chunk) => {
    stdout += chunk;
  });
  child.stderr?.on('data', (chunk) => {
    stderr += chunk;
  });
  const result = new Promise<CliResult>((resolve) => {
    child.on('close', (code) => resolve({ code, stdout, stderr }));
  });
  return { child, result, stderr: () => stderr };
}

export function runCli(args: readonly string[], options: { readonly cwd?: string } = {}): Promise<CliResult> {
  return startCli(args, options).result;
}

/** Waits until stderr shows the pattern; fails when the process ends before. */
export async function untilShown(run: RunningCli, pattern: RegExp): Promise<void> {
  while (!pattern.test(run.stderr())) {
    assert.equal(run.child.exitCode, null, `ended too early:\n${run.stderr()}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** All trials of a study, as the command line tells them. */
export async function trialsOf(study: string, data: string): Promise<WireTrial[]> {
  const result = await runCli(['trials', study, '--data', data, '--json']);
  assert.equal(result.code, 0, result.stderr);
  return (JSON.parse(result.stdout) as { trials: WireTrial[] }).trials;
}

/** The error object that a failed command prints with --json. */
export function errorOf(result: CliResult): { code: string; message: string; where?: string; hint?: string } {
  return (JSON.parse(result.stdout) as { error: { code: string; message: string; where?: string; hint?: string } })
    .error;
}

/** A folder that is removed when the test is over. */
export function temporaryFolder(test: { after(body: () => void): void }): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'tinypareto-test-'));
  test.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
