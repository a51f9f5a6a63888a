/**
 * Progress of a campaign on stderr: on a terminal a table that is redrawn in place, elsewhere one line per finished trial.
 */
import { stripVTControlCharacters } from 'node:util';
import colors from 'picocolors';
import type { StudyView } from '../contract/study.ts';
import type { WireTrial } from '../contract/trial.ts';
import { formatDuration, formatMetric, formatNumber, formatParams } from './format-values.ts';
import { type Column, renderTable } from './render-table.ts';

export interface Snapshot {
  readonly study: StudyView;
  /** Trials in the order of their numbers; all that are running, and at least the last finished ones. */
  readonly trials: readonly WireTrial[];
  /** Numbers of the trials on the front. */
  readonly front: ReadonlySet<number>;
  /** Seconds since this run started, and trials finished since then. */
  readonly seconds: number;
  readonly finishedHere: number;
}

export interface LiveView {
  update(snapshot: Snapshot): void;
  /** Leaves the last picture in place. */
  end(): void;
}

const BAR_CELLS = 24;
const ROWS = 12;

export function createLiveView(isTerminal: boolean, write: (text: string) => void): LiveView {
  return isTerminal ? createRedrawnView(write) : createLineView(write);
}

/** Trials that count towards the budget and are done. */
export function finishedTrials(study: StudyView): number {
  const { completed, infeasible, failed, pruned, abandoned } = study.counts;
  return completed + infeasible + failed + pruned + abandoned;
}

/** Seconds to the end of the trial budget at the speed so far; null before the first result. */
export function secondsLeft({ study, seconds, finishedHere }: Snapshot): number | null {
  const total = study.budget.trials;
  if (total === undefined || finishedHere === 0) return null;
  return (Math.max(0, total - finishedTrials(study)) * seconds) / finishedHere;
}

/** Notices when the reference point of the hypervolume moves: values before and after are not comparable. */
function createReferenceWatch(): (study: StudyView) => boolean {
  let last: string | undefined;
  return ({ hypervolume }) => {
    if (hypervolume === null) return false;
    const now = JSON.stringify(hypervolume.reference);
    const moved = last !== undefined && last !== now;
    last = now;
    return moved;
  };
}

function summary(snapshot: Snapshot, referenceMoved: boolean): string {
  const { study } = snapshot;
  const total = study.budget.trials;
  const left = secondsLeft(snapshot);
  return [
    `${finishedTrials(study)}${total === undefined ? '' : `/${total}`} trials`,
    ...(study.counts.pruned === 0 ? [] : [`${study.counts.pruned} stopped early`]),
    `front ${study.frontSize}`,
    `hypervolume ${study.hypervolume === null ? '–' : formatNumber(study.hypervolume.value)}${referenceMoved ? ' (reference point moved)' : ''}`,
    formatDuration(snapshot.seconds),
    ...(left === null || study.state !== 'running' ? [] : [`about ${formatDuration(left)} left`]),
  ].join(' · ');
}

function isFinished(trial: WireTrial): boolean {
  return trial.state !== 'running' && trial.state !== 'waiting';
}

export function createLineView(write: (text: string) => void): LiveView {
  const printed = new Set<number>();
  const hasMoved = createReferenceWatch();
  let state = '';
  return {
    update: (snapshot) => {
      const { study } = snapshot;
      let moved = hasMoved(study);
      for (const trial of snapshot.trials) {
        if (!isFinished(trial) || printed.has(trial.number)) continue;
        printed.add(trial.number);
        const metrics = study.objectives.map(
          ({ metric }) => `${metric} ${formatMetric(metric, trial.metrics[metric])}`,
        );
        const why = trial.reason === null ? '' : ` (${trial.reason})`;
        write(
          `trial ${trial.number} ${trial.state}${why}: ${metrics.join(', ')} [${trial.why.origin}] · ${summary(snapshot, moved)}\n`,
        );
        moved = false;
      }
      if (state !== study.state) {
        state = study.state;
        write(`${study.name} is ${state}${study.reason === null ? '' : ` (${study.reason})`}\n`);
      }
    },
    end: () => {},
  };
}

function createRedrawnView(write: (text: string) => void): LiveView {
  let height = 0;
  let moved = false;
  const hasMoved = createReferenceWatch();
  return {
    update: (snapshot) => {
      const width = process.stderr.columns ?? 100;
      moved ||= hasMoved(snapshot.study);
      const lines = draw(snapshot, moved).map((line) => clip(line, width));
      write(`${height > 0 ? `\x1b[${height}A` : ''}${lines.map((line) => `\x1b[2K${line}\n`).join('')}\x1b[0J`);
      height = lines.length;
    },
    end: () => {
      height = 0;
    },
  };
}

function draw(snapshot: Snapshot, referenceMoved: boolean): string[] {
  const { study, trials, front } = snapshot;
  const metrics = study.objectives.map((objective) => objective.metric);
  const columns: Column[] = [
    { title: '' },
    { title: 'trial', align: 'right' },
    ...metrics.map((metric) => ({ title: metric, align: 'right' as const })),
    { title: 'from' },
    { title: 'params' },
  ];
  const rows = trials
    .slice(-ROWS)
    .map((trial) => [
      mark(trial, front),
      String(trial.number),
      ...metrics.map((metric) => (isFinished(trial) ? formatMetric(metric, trial.metrics[metric]) : '')),
      trial.why.origin,
      isFinished(trial) ? formatParams(trial.params) : `${bar(trial.progress ?? 0, 10)} ${formatParams(trial.params)}`,
    ]);
  const total = study.budget.trials;
  const share = total === undefined ? 0 : finishedTrials(study) / total;
  return [
    `${colors.bold(study.name)} ${study.state === 'running' ? '' : colors.yellow(study.state)}`,
    ...renderTable(columns, rows).split('\n'),
    '',
    `${total === undefined ? '' : `${bar(share, BAR_CELLS)} `}${summary(snapshot, referenceMoved)}`,
  ];
}

function mark(trial: WireTrial, front: ReadonlySet<number>): string {
  switch (trial.state) {
    case 'running':
      return colors.cyan('>');
    case 'completed':
      return front.has(trial.number) ? colors.green('*') : ' ';
    case 'infeasible':
      return colors.yellow('x');
    case 'failed':
    case 'abandoned':
      return colors.red('!');
    case 'pruned':
      return colors.dim('-');
    case 'waiting':
      return ' ';
  }
}

function bar(share: number, cells: number): string {
  const full = Math.round(Math.min(1, Math.max(0, share)) * cells);
  return `${'█'.repeat(full)}${'░'.repeat(cells - full)}`;
}

/** Cuts a line to the terminal's width, so that redrawing counts lines correctly; a line that is cut loses its colours. */
function clip(line: string, width: number): string {
  const plain = stripVTControlCharacters(line);
  return plain.length < width ? line : plain.slice(0, width - 1);
}
