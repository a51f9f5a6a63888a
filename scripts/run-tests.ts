/** Runs the test suite with Node's own runner: all of it, or the files and options given. */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const args = process.argv.slice(2);
const files = args.some((arg) => !arg.startsWith('--')) ? [] : ['test/**/*.test.ts'];

const child = spawn(process.execPath, ['--test', '--test-concurrency=2', '--test-reporter=spec', ...args, ...files], {
  cwd: root,
  stdio: 'inherit',
});
child.on('exit', (code, signal) => process.exit(signal === null ? (code ?? 1) : 1));
