/**
 * Compilers and generated programs run confined: with bubblewrap no network, a read-only system, and only the job's own folder
 * to write; without it only limits on CPU time, memory and file size. Which of the two holds is said in every build result.
 */
import { spawnSync } from 'node:child_process';

export interface Sandbox {
  readonly kind: 'bubblewrap' | 'limits' | 'none';
  /** For people: what holds. */
  readonly description: string;
}

export interface Confinement {
  /** The only folder that may be written. */
  readonly folder: string;
  /** Further folders that may be read, beyond the system's own. */
  readonly readable?: readonly string[];
  readonly cpuSeconds: number;
  readonly memoryBytes: number;
  readonly fileBytes: number;
}

let detected: Sandbox | undefined;

function works(program: string, args: readonly string[]): boolean {
  return spawnSync(program, args, { stdio: 'ignore', timeout: 5000 }).status === 0;
}

/** Looks once for what this machine offers. */
export function detectSandbox(): Sandbox {
  if (detected !== undefined) return detected;
  const hasLimits = works('prlimit', ['--cpu=5', 'true']);
  if (hasLimits && works('bwrap', ['--ro-bind', '/', '/', '--unshare-all', 'true'])) {
    detected = {
      kind: 'bubblewrap',
      description: 'bubblewrap: no network, read-only system, own folder, limits on CPU, memory and file size',
    };
  } else if (hasLimits) {
    detected = {
      kind: 'limits',
      description: 'bubblewrap is missing: only limits on CPU, memory and file size hold (install bubblewrap)',
    };
  } else {
    detected = {
      kind: 'none',
      description: 'bubblewrap and prlimit are missing: compilers run unconfined, with a time limit',
    };
  }
  return detected;
}

const SYSTEM_FOLDERS = ['/usr', '/bin', '/lib', '/lib64', '/etc/alternatives', '/opt'];

/** The command that runs `program` confined. */
export function confine(
  program: string,
  args: readonly string[],
  confinement: Confinement,
): { readonly program: string; readonly args: readonly string[] } {
  const { kind } = detectSandbox();
  if (kind === 'none') return { program, args };
  const limits = [
    `--cpu=${confinement.cpuSeconds}`,
    `--as=${confinement.memoryBytes}`,
    `--fsize=${confinement.fileBytes}`,
    '--core=0',
    program,
    ...args,
  ];
  if (kind === 'limits') return { program: 'prlimit', args: limits };
  const readable = [...SYSTEM_FOLDERS, ...(confinement.readable ?? [])];
  return {
    program: 'bwrap',
    args: [
      '--unshare-all',
      '--die-with-parent',
      '--new-session',
      ...readable.flatMap((folder) => ['--ro-bind-try', folder, folder]),
      '--proc',
      '/proc',
      '--dev',
      '/dev',
      '--tmpfs',
      '/tmp',
      '--bind',
      confinement.folder,
      confinement.folder,
      '--chdir',
      confinement.folder,
      'prlimit',
      ...limits,
    ],
  };
}
