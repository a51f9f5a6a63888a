#!/usr/bin/env node
// Makes a fresh checkout runnable: npm packages (which bring Node 24), and, where the system's package manager may be used,
// a host C compiler and the Arm compiler. Needs nothing but Node and npm, of any version; prints to stderr only.
// TINYPARETO_NO_SYSTEM_PACKAGES=1 leaves the system alone.
'use strict';
const fs = require('node:fs');
const path = require('node:path');
const { spawn, spawnSync } = require('node:child_process');

const root = path.join(__dirname, '..');
const say = (text) => process.stderr.write(`bootstrap: ${text}\n`);

function run(command, args) {
  return new Promise((resolve) => {
    const output = [];
    const child = spawn(command, args, {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
      shell: process.platform === 'win32',
    });
    child.stdout.on('data', (chunk) => output.push(chunk));
    child.stderr.on('data', (chunk) => output.push(chunk));
    child.on('error', (error) => resolve({ code: 127, text: error.message }));
    child.on('close', (code) => resolve({ code, text: Buffer.concat(output).toString() }));
  });
}

function has(command) {
  return (process.env.PATH || '')
    .split(path.delimiter)
    .some((folder) => folder && fs.existsSync(path.join(folder, command)));
}

/** npm writes node_modules/.package-lock.json last: older than the lockfile means an unfinished or outdated install. */
function packagesAreCurrent() {
  try {
    const installed = fs.statSync(path.join(root, 'node_modules', '.package-lock.json')).mtimeMs;
    const locked = fs.readFileSync(path.join(root, 'package-lock.json'), 'utf8');
    const stamp = path.join(root, 'node_modules', '.tinypareto-lock');
    return installed > 0 && fs.readFileSync(stamp, 'utf8') === locked;
  } catch {
    return false;
  }
}

async function installPackages() {
  if (packagesAreCurrent()) return true;
  say('installing npm packages (about 30 s)');
  // The packages carry their binaries; npm's own rebuild of one of them would want a compiler, Python and Node's headers.
  const result = await run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error']);
  if (result.code !== 0) {
    say(`npm ci failed (exit ${result.code}):\n${result.text}`);
    return false;
  }
  fs.copyFileSync(path.join(root, 'package-lock.json'), path.join(root, 'node_modules', '.tinypareto-lock'));
  return true;
}

/** The command prefix that may install system packages, or null. */
function systemInstaller() {
  if (process.platform !== 'linux' || !has('apt-get') || process.env.TINYPARETO_NO_SYSTEM_PACKAGES) return null;
  if (typeof process.getuid === 'function' && process.getuid() === 0) return [];
  if (has('sudo') && spawnSync('sudo', ['-n', 'true'], { stdio: 'ignore' }).status === 0) return ['sudo', '-n'];
  return null;
}

async function installCompilers() {
  const wanted = [];
  if (!has('cc') && !has('gcc') && !has('clang')) wanted.push('gcc', 'libc6-dev');
  if (!has('arm-none-eabi-gcc')) wanted.push('gcc-arm-none-eabi', 'libnewlib-arm-none-eabi');
  if (wanted.length === 0) return;
  const prefix = systemInstaller();
  const byHand = `sudo apt-get install --no-install-recommends ${wanted.join(' ')}`;
  if (prefix === null) {
    say(`compilers missing; going on without them. To get firmware and linked sizes: ${byHand}`);
    return;
  }
  say(`installing ${wanted.join(' ')} (about a minute)`);
  const apt = [...prefix, 'env', 'DEBIAN_FRONTEND=noninteractive', 'apt-get'];
  let result = await run(apt[0], [...apt.slice(1), 'install', '-y', '-qq', '--no-install-recommends', ...wanted]);
  if (result.code !== 0) {
    await run(apt[0], [...apt.slice(1), 'update', '-qq']);
    result = await run(apt[0], [...apt.slice(1), 'install', '-y', '-qq', '--no-install-recommends', ...wanted]);
  }
  if (result.code !== 0) say(`could not install the compilers; going on without them. By hand: ${byHand}`);
}

/** Only benches and the tutorial's examples use it, so it is named, not installed. */
function nameOptionalData() {
  if (systemInstaller() === null || fs.existsSync('/usr/share/datasets/fashion-mnist')) return;
  say('optional, for data set fashion-mnist: apt-get install dataset-fashion-mnist (30 MB)');
}

Promise.all([installPackages(), installCompilers()]).then(([packagesOk]) => {
  if (!packagesOk) process.exit(69);
  nameOptionalData();
});
