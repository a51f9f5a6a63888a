import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { BudgetExceeded, BusFault, type Core, readElf, VirtualCore } from '../../../hw-agents/virtual/index.ts';

const programs = fileURLToPath(new URL('./programs/', import.meta.url));
const LAYOUT = { flashBase: 0x10000000, flashBytes: 1 << 20, ramBase: 0x20000000, ramBytes: 64 * 1024 };
const STACK_TOP = LAYOUT.ramBase + LAYOUT.ramBytes - 64;
const CORES: Readonly<Record<Core, readonly string[]>> = {
  'cortex-m0plus': ['-mcpu=cortex-m0plus', '-mthumb'],
  'cortex-m4': ['-mcpu=cortex-m4', '-mthumb', '-mfpu=fpv4-sp-d16', '-mfloat-abi=hard'],
};

const missing = (command: string) => spawnSync(command, ['--version']).status !== 0;
const skip = missing('arm-none-eabi-gcc') || missing('gcc') ? 'arm-none-eabi-gcc or gcc is not here' : false;

describe('VirtualCore', { skip }, () => {
  let folder = '';
  before(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'virtual-core-'));
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  function run(command: string, args: readonly string[]): string {
    const result = spawnSync(command, args, { encoding: 'utf8', cwd: folder });
    assert.equal(result.status, 0, result.stderr);
    return result.stdout;
  }

  function boot(
    core: Core,
    source: string,
    names: readonly string[],
    options: readonly string[],
    xip = false,
  ): { core: VirtualCore; addresses: Map<string, number> } {
    const keep = names.flatMap((name) => ['-Wl,-u', `-Wl,${name}`]);
    run('arm-none-eabi-gcc', [
      ...CORES[core],
      ...options,
      '-ffp-contract=off',
      '-nostartfiles',
      '-Wl,--no-warn-rwx-segments',
      `-Wl,-e,${names[0]}`,
      ...keep,
      '-T',
      path.join(programs, 'link.ld'),
      path.join(programs, source),
      '-o',
      'program.elf',
    ]);
    const image = readElf(readFileSync(path.join(folder, 'program.elf')));
    const machine = new VirtualCore(core, LAYOUT, xip ? { kind: 'xipCache', missCycles: 40 } : { kind: 'zeroWait' });
    machine.load(image);
    return { core: machine, addresses: new Map(names.map((name) => [name, image.symbols.get(name)?.address ?? 0])) };
  }

  /** What the same source answers on this computer. */
  function onHost(source: string, names: readonly string[], seeds: readonly number[]): string {
    const main = `#include <stdio.h>\n#include <stdint.h>\n${names.map((name) => `uint32_t ${name}(uint32_t);`).join('\n')}
int main(void) { ${seeds.map((seed) => names.map((name) => `printf("%u ", ${name}(${seed}u));`).join('')).join('')} }`;
    writeFileSync(path.join(folder, 'main.c'), main);
    run('gcc', ['-O1', '-ffp-contract=off', '-fwrapv', path.join(programs, source), 'main.c', '-o', 'host']);
    return run(path.join(folder, 'host'), []).trim();
  }

  const seeds = [1, 20, 12345];
  const answers = (machine: ReturnType<typeof boot>, names: readonly string[]) =>
    seeds
      .flatMap((seed) =>
        names.map(
          (name) =>
            machine.core.call(machine.addresses.get(name) ?? 0, [seed], { stackTop: STACK_TOP, maxCycles: 1e8 })
              .result >>> 0,
        ),
      )
      .join(' ');

  for (const core of ['cortex-m0plus', 'cortex-m4'] as const) {
    for (const level of ['-O1', '-O3', '-Os']) {
      it(`${core} ${level}: computes what the host computes`, () => {
        const names = ['integers', 'bytes', 'floats'];
        assert.equal(answers(boot(core, 'arithmetic.c', names, [level]), names), onHost('arithmetic.c', names, seeds));
      });
    }
  }

  it('executes the DSP extension as the manual defines it', () => {
    assert.equal(answers(boot('cortex-m4', 'dsp.c', ['dsp'], ['-O2']), ['dsp']), onHost('dsp.c', ['dsp'], seeds));
  });

  const loops: readonly {
    name: string;
    round: Readonly<Record<Core, number>>;
    frame: Readonly<Record<Core, number>>;
  }[] = [
    {
      name: 'alu',
      round: { 'cortex-m0plus': 3 + 1 + 2, 'cortex-m4': 3 + 1 + 2 },
      frame: { 'cortex-m0plus': 1 - 1 + 2, 'cortex-m4': 1 - 1 + 3 },
    },
    {
      name: 'multiply',
      round: { 'cortex-m0plus': 1 + 1 + 2, 'cortex-m4': 1 + 1 + 2 },
      frame: { 'cortex-m0plus': 2, 'cortex-m4': 3 },
    },
    {
      name: 'loads',
      round: { 'cortex-m0plus': 4 + 3, 'cortex-m4': 2 + 1 + 3 },
      frame: { 'cortex-m0plus': 2, 'cortex-m4': 3 },
    },
    {
      name: 'stores',
      round: { 'cortex-m0plus': 4 + 3, 'cortex-m4': 2 + 3 },
      frame: { 'cortex-m0plus': 2, 'cortex-m4': 3 },
    },
    {
      name: 'stack',
      round: { 'cortex-m0plus': 8 + 3, 'cortex-m4': 8 + 3 },
      frame: { 'cortex-m0plus': 2, 'cortex-m4': 3 },
    },
    {
      name: 'calls',
      round: { 'cortex-m0plus': 3 + 2 + 3, 'cortex-m4': 2 + 3 + 3 },
      frame: { 'cortex-m0plus': 3 + 1 - 1 + 4, 'cortex-m4': 3 + 1 - 1 + 5 },
    },
  ];
  for (const core of ['cortex-m0plus', 'cortex-m4'] as const) {
    for (const { name, round, frame } of loops) {
      it(`${core}: the ${name} loop takes the cycles of the timing table`, () => {
        const machine = boot(core, 'loops.S', [name], []);
        const { cycles } = machine.core.call(machine.addresses.get(name) ?? 0, [], {
          stackTop: STACK_TOP,
          maxCycles: 1e6,
        });
        assert.equal(cycles, 100 * round[core] + frame[core]);
      });
    }
  }

  it('stops a program that does not return', () => {
    const machine = boot('cortex-m4', 'loops.S', ['runaway'], []);
    assert.throws(
      () => machine.core.call(machine.addresses.get('runaway') ?? 0, [], { stackTop: STACK_TOP, maxCycles: 1e5 }),
      BudgetExceeded,
    );
  });

  it('faults on an address that is no memory', () => {
    const machine = boot('cortex-m0plus', 'loops.S', ['stack'], []);
    assert.throws(
      () => machine.core.call(machine.addresses.get('stack') ?? 0, [], { stackTop: 0x40000000, maxCycles: 1e5 }),
      BusFault,
    );
  });

  it('charges cold code in flash to the XIP cache once', () => {
    const machine = boot('cortex-m0plus', 'loops.S', ['alu'], [], true);
    const call = () =>
      machine.core.call(machine.addresses.get('alu') ?? 0, [], { stackTop: STACK_TOP, maxCycles: 1e6 });
    const cold = call();
    const warm = call();
    assert.equal(cold.cycles - warm.cycles, 40 * cold.cacheMissWords);
    assert.ok(cold.cacheMissWords >= 3 && cold.cacheMissWords <= 5);
    assert.equal(warm.cacheMissWords, 0);
  });
});
