/** `status <id>`: the one screen that answers why a migration is not moving. */
import type { MigrationDetail, StepDetail } from '#api';
import { inWords } from '#core/duration';
import { amount, count, counted, instant, wholeSeconds } from '#core/numbers';
import type { BackfillStatus, MigrationStatus } from '#core/status';
import { gateText, isWalking, rowsText, shareOf, speedParts, stateWord } from '#core/status-words';
import { blockerLines } from './blockers.js';
import { bar, field, hanging } from './lines.js';
import { paintState } from './paint.js';
import { heldText } from './throttle.js';
import type { View } from './view.js';

const BAR = 20;

export function statusOneLines(detail: MigrationDetail, view: View): readonly string[] {
  const { paint, width } = view;
  const { migration } = detail;
  return [
    `${paint.bold(migration.id)}  ${paintState(paint, stateWord(migration).toUpperCase())}`,
    ...hanging('  ', detail.description, width, paint.dim),
    ...trouble(detail, view),
    ...(migration.state === 'rolled_back' ? [] : runLines(detail, view)),
    ...whyLines(migration, view),
    ...field('next', wholeSeconds(migration.waits[0]?.next ?? migration.next), width, paint.bold),
  ];
}

/** What stands beside the state has been said above. */
const SAID: readonly string[] = ['failed', 'paused', 'drift'];

/** Why it is not moving, in the words of page, log and API; the first is what `next` is about. */
function whyLines({ waits }: MigrationStatus, { paint, width }: View): readonly string[] {
  return waits
    .filter(({ cause }) => !SAID.includes(cause))
    .flatMap(({ reason }, i) => field(i === 0 ? 'why' : 'also', reason, width, paint.yellow));
}

/** All of it is gone once the run was taken back. */
function runLines(detail: MigrationDetail, view: View): readonly string[] {
  const { migration, steps, blockers } = detail;
  return [
    ...backfillLines(detail, view),
    ...processLines(detail, view.width),
    ...gateLines(migration, view.width),
    ...stepLines(steps, view),
    ...blockerLines(blockers, migration.id, view),
    ...(migration.state === 'done' ? [] : warnings(detail, view)),
  ];
}

/** What stands beside the state: the reasons come before the numbers. */
function trouble({ migration, drift }: MigrationDetail, { paint, width }: View): readonly string[] {
  const { paused, failed } = migration;
  return [
    ...(paused === null
      ? []
      : field(
          'paused',
          `by ${paused.by} since ${instant(paused.since)}: ${paused.reason}`,
          width,
          paint.yellow,
        )),
    ...(failed === null ? [] : field('failed', `${failed.message} [${failed.code}]`, width, paint.red)),
    ...(drift === null ? [] : field('drift', drift, width, paint.red)),
  ];
}

function backfillLines(detail: MigrationDetail, view: View): readonly string[] {
  const { migration, progress } = detail;
  const { backfill } = migration;
  if (backfill === null) return [];
  const { width, now } = view;
  const walked = progress ?? shareOf(migration);
  return [
    ...field('table', backfill.table, width),
    ...field(
      'progress',
      `${walked === null ? '' : `${bar(walked, BAR)}  `}${rowsText(migration, walked)}`,
      width,
    ),
    ...(isWalking(migration) && !isSweeping(detail)
      ? field('speed', speedParts(migration, now).join('   '), width)
      : []),
    ...throttleLines(migration, view),
    ...lostLines(detail, view),
    ...(isWalking(migration) ? field('batches', batchesText(detail, backfill), width) : []),
    ...quarantineLines(migration, view),
  ];
}

/** A sweep finds next to nothing: its rate and the size of its batches would tell nothing of the walk. */
function isSweeping({ migration, pass }: MigrationDetail): boolean {
  return isWalking(migration) && pass > 1;
}

function batchesText(detail: MigrationDetail, { batchRows, concurrency }: BackfillStatus): string {
  const { pass, pace } = detail;
  const size = batchRows === null ? 'size measuring' : `size ${counted(batchRows, 'row')} (auto)`;
  const cap = pace?.rowsPerSecond ?? null;
  return [
    isSweeping(detail) ? `sweep ${pass}: looking for rows left behind` : size,
    `${concurrency} at a time${ofHowMany(pace, concurrency)}`,
    ...(pace === null ? [] : [`target ${amount(pace.targetMs)} ms`]),
    ...(cap === null ? [] : [`at most ${count(cap)} rows/s`]),
  ].join('   ');
}

/** What the pace is steered within. */
function ofHowMany(pace: MigrationDetail['pace'], concurrency: number): string {
  const { auto = false, ceiling = concurrency } = pace ?? {};
  if (auto) return ` (auto, up to ${ceiling})`;
  return ceiling > concurrency ? ` (of ${ceiling})` : '';
}

function throttleLines(migration: MigrationStatus, { paint, width }: View): readonly string[] {
  const held = migration.backfill?.throttle ?? [];
  if (held.length === 0) return isWalking(migration) ? field('throttle', 'no', width) : [];
  return held.flatMap((one, i) =>
    field(i === 0 ? 'throttle' : '', `YES  ${heldText(one)}`, width, paint.yellow),
  );
}

/** A second here and there is no answer to "why so slow". */
function lostLines({ lost }: MigrationDetail, { paint, width }: View): readonly string[] {
  const named = lost.filter(({ seconds }) => seconds >= 1);
  const text = named.map(({ signal, seconds }) => `${signal} ${inWords(seconds)}`).join(', ');
  return named.length === 0 ? [] : field('lost', text, width, paint.dim);
}

function quarantineLines({ id, backfill }: MigrationStatus, { paint, width }: View): readonly string[] {
  if (backfill === null || backfill.quarantined === 0) return [];
  return field(
    'poison',
    `${counted(backfill.quarantined, 'row')} in quarantine: bellows quarantine list ${id}`,
    width,
    paint.yellow,
  );
}

function processLines({ workers, leader }: MigrationDetail, width: number): readonly string[] {
  const leads = leader === null ? 'no leader' : `leader ${leader.process} (epoch ${leader.epoch})`;
  return field('workers', `${workers.live} live, ${workers.stale} stale   ${leads}`, width);
}

function gateLines(migration: MigrationStatus, width: number): readonly string[] {
  const text = gateText(migration);
  return text === '' ? [] : field('gate', text, width);
}

function stepLines(steps: readonly StepDetail[], view: View): readonly string[] {
  if (steps.length === 0) return [];
  const done = steps.filter(({ run }) => run?.state === 'done').length;
  return [
    ...field('steps', `${done}/${steps.length} done`, view.width),
    ...steps.flatMap((step) => stepLine(step, view)),
  ];
}

function stepLine(
  { phase, title, lock, blocks, run }: StepDetail,
  { paint, width }: View,
): readonly string[] {
  const word = run?.state ?? 'waiting';
  const start = `    ${phase.padEnd(8)}  ${word.padEnd(7)}  `;
  if (word === 'done') return hanging(start, title, width, paint.dim);
  const attempts = run === null || run.attempts < 2 ? '' : `, attempt ${run.attempts}`;
  const takes = lock === 'none' ? 'no lock' : `${lock}, blocks ${blocks}`;
  return [
    ...hanging(start, `${title} (${takes})${attempts}`, width),
    ...(run?.error ? hanging(' '.repeat(start.length), run.error, width, paint.red) : []),
  ];
}

function warnings({ notices }: MigrationDetail, { paint, width }: View): readonly string[] {
  const shown = notices.filter(({ level }) => level === 'warning');
  return shown.flatMap(({ text }) => field('note', text, width, paint.dim));
}
