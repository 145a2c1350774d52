/** How far the rows are, how fast, and until when. */
import type { MigrationDetail, WalkView } from '#api';
import { amount, count, counted, percent } from '#core/numbers';
import type { BackfillStatus } from '#core/status';
import { isWalking, rowsText, shareOf, speedParts } from '#core/status-words';
import { type Html, html, nothing, type Part } from './html.js';
import { card } from './layout.js';
import { rangesPicture } from './ranges.js';

export function progressCard(detail: MigrationDetail, walk: WalkView, now: number): Html {
  const { migration } = detail;
  const { backfill } = migration;
  if (backfill === null) return card('progress', 'Rows', html`<p class="dim">It moves no rows.</p>`);
  const share = detail.progress ?? shareOf(migration);
  return card('progress', 'Rows', [
    share === null
      ? nothing
      : html`<progress max="1" value="${share.toFixed(4)}" aria-label="walked">${percent(share)}</progress>`,
    html`<p>${rowsText(migration, share)} <span class="dim">of ${backfill.table}</span></p>`,
    facts(factsOf(detail, now)),
    rangesPicture(walk.ranges),
  ]);
}

function factsOf(detail: MigrationDetail, now: number): readonly (readonly [string, string])[] {
  const { migration, pace, pass, workers, leader } = detail;
  const { backfill } = migration;
  if (backfill === null) return [];
  const walking = isWalking(migration);
  const cap = pace?.rowsPerSecond ?? null;
  return [
    ...(walking && pass <= 1 ? [['speed', speedParts(migration, now).join(', ')] as const] : []),
    ...(walking && pass > 1 ? [['sweep', `${pass}: looking for rows left behind`] as const] : []),
    ...(walking ? [['batches', sizeOf(backfill)] as const] : []),
    ['at a time', String(backfill.concurrency)],
    ...(pace === null ? [] : [['target', `${amount(pace.targetMs)} ms a batch`] as const]),
    ['cap', cap === null ? 'none' : `${count(cap)} rows/s`],
    ['in quarantine', counted(backfill.quarantined, 'row')],
    ['workers', `${workers.live} live, ${workers.stale} stale`],
    ['leader', leader === null ? 'none' : `${leader.process} (epoch ${leader.epoch})`],
  ];
}

function sizeOf({ batchRows }: BackfillStatus): string {
  return batchRows === null ? 'measuring' : `${counted(batchRows, 'row')} (auto)`;
}

export function facts(pairs: readonly (readonly [string, Part])[]): Html {
  return html`<dl class="facts">${pairs.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>`;
}
