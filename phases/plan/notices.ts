/** What `plan` says before anything is begun: guarantees that are gone, what others need first, what it will cost. */
import type { AnalysedMigration } from '#core/analysed-migration';
import type { TableFacts } from '#core/catalogue-facts';
import { backfillsOf } from '#core/definition';
import { inWords } from '#core/duration';
import { displayTable, quoteTable } from '#core/identifier';
import type { BackfillPlan, Notice, TransformPlan } from '#core/plan';
import { aboutCopy, aboutReferences } from './about-copy.js';
import { aboutPurge } from './compile-purge.js';
import { type PlanningFacts, tableOf } from './facts.js';
import { sideEffectTriggers } from './trigger-policy.js';

/** Measured on one worker of a 2-core machine with one secondary index; a first guess that the run replaces within seconds. */
const ROWS_PER_SECOND = 50_000;
/** Beside the first change of each page after a checkpoint, which logs it whole: so about once the table. */
const WAL_BYTES_PER_ROW = 350;
/** Of the heap, with strides and with vacuums as the walk goes. */
const GROWTH = 0.2;

const info = (code: string, text: string): Notice => ({ code, level: 'info', text });
const warning = (code: string, text: string): Notice => ({ code, level: 'warning', text });

export function notices(
  migration: AnalysedMigration,
  backfills: readonly BackfillPlan[],
  facts: PlanningFacts,
): readonly Notice[] {
  return [
    ...backfills.flatMap((b) => [...aboutBackfill(b, bytesOf(b, facts)), ...aboutTable(b, facts)]),
    ...aboutReverse(migration),
  ];
}

function bytesOf({ table }: BackfillPlan, facts: PlanningFacts): number {
  return facts.tables.get(quoteTable(table))?.bytes ?? 0;
}

/** A plain fill and a purge are expected to meet each row too, which is the most that they can cost. How large a copy becomes is not known. */
function estimate({ table, kind, expectedRows: rows }: BackfillPlan, bytes: number): Notice {
  const name = displayTable(table);
  if (rows === null) return info('estimate', `${name} was never analysed: no estimate of rows and time.`);
  const wal = megabytes(rows * WAL_BYTES_PER_ROW + bytes);
  const disk = kind === 'purge' || kind === 'copy' ? [] : [`${megabytes(bytes * GROWTH)} of disk`];
  const time = `${inWords(rows / ROWS_PER_SECOND)} for one worker`;
  const parts = [`${rows.toLocaleString('en')} rows`, time, `${wal} of WAL`, ...disk];
  return info('estimate', `${name}: about ${parts.join(', ')}.`);
}

function megabytes(bytes: number): string {
  return `${Math.ceil(bytes / 1e6).toLocaleString('en')} MB`;
}

function aboutBackfill(backfill: BackfillPlan, bytes: number): readonly Notice[] {
  const table = displayTable(backfill.table);
  const cost = estimate(backfill, bytes);
  if (backfill.kind !== 'synced') return [cost];
  const blind = backfill.groups.filter((g) => !g.verifiable).flatMap((g) => g.forward.map((c) => c.name));
  return [
    cost,
    info('readable', `The new columns of ${table} are writable from expand, readable from settling.`),
    warning(
      'prepared_select_star',
      `Prepared SELECT * on ${table} fails once with 0A000 at expand and at the cut; name the columns or let the driver prepare again.`,
    ),
    warning('copy_without_columns', `COPY ${table} FROM without a column list fails from expand on (22P04).`),
    ...(backfill.transform === undefined ? [] : aboutTransform(table, backfill.transform)),
    ...(blind.length === 0
      ? []
      : [
          warning(
            'coverage_only',
            `${blind.join(', ')}: the mapping is volatile or reads other tables, so only coverage can be verified, not values.`,
          ),
        ]),
  ];
}

function aboutTransform(table: string, { read, write }: TransformPlan): readonly Notice[] {
  const names = (columns: TransformPlan['read']) => columns.map((c) => c.name).join(', ');
  return [
    info(
      'transform',
      `${names(write)} of ${table}: computed in TypeScript from ${names(read)}, by workers that have the migration file.`,
    ),
    warning(
      'transform_catch_up',
      `A write that changes ${names(read)} of ${table} and leaves ${names(write)} as they are is caught up with by a worker; contract waits for deploys that give them.`,
    ),
    warning('coverage_only', `${names(write)}: only coverage can be verified, not values.`),
  ];
}

function aboutTable(backfill: BackfillPlan, facts: PlanningFacts): readonly Notice[] {
  const table = facts.tables.get(quoteTable(backfill.table));
  if (table === undefined) return [];
  if (backfill.kind === 'copy') {
    const target =
      facts.tables.get(quoteTable(backfill.target)) ?? facts.created.get(quoteTable(backfill.target));
    const about = [...aboutCopy(backfill, target ?? null), ...aboutReferences(backfill, table)];
    return target === undefined ? about : [...about, ...aboutTriggers(backfill, target)];
  }
  if (backfill.kind === 'purge') return [...aboutPurge(table), ...aboutTriggers(backfill, table)];
  const open = table.publications.filter((p) => !p.columnList).map((p) => p.name);
  return [
    ...aboutTriggers(backfill, table),
    ...(open.length === 0
      ? []
      : [
          warning(
            'publications',
            `Published by ${open.join(', ')} without a column list: each subscriber needs the new columns first, or its apply stops.`,
          ),
        ]),
    ...(table.kind === 'partitioned'
      ? [
          warning(
            'partitions',
            `A partition attached to ${displayTable(backfill.table)} during the run must have the new columns and the marker; one that is detached keeps them.`,
          ),
        ]
      : []),
  ];
}

function aboutTriggers({ kind, triggers }: BackfillPlan, facts: TableFacts): readonly Notice[] {
  const events = { synced: 'update', plain: 'update', purge: 'delete', copy: 'copy' } as const;
  const named = sideEffectTriggers(facts, events[kind]);
  if (named.length === 0) return [];
  const what = triggers === 'skip' ? 'skipped' : 'run';
  const text = `Triggers of ${displayTable(facts.table)} for the rows of the backfill: ${what}: ${named.join(', ')}.`;
  return [warning('triggers', text)];
}

function aboutReverse({ definition }: AnalysedMigration): readonly Notice[] {
  return backfillsOf(definition).flatMap((b) => {
    if (b.where !== undefined || b.delete !== undefined || b.copy !== undefined) return [];
    if (b.reverse !== undefined && b.reverse !== 'none') return [];
    const dropped = (definition.contract ?? []).some((o) => o.kind === 'dropColumn');
    if (b.reverse !== 'none' && !dropped) return [];
    return [
      warning(
        'no_reverse',
        `${tableOf(b, definition)} has no reverse mapping: what a new deploy writes is not seen by old deploys, and a rollback loses it.`,
      ),
    ];
  });
}
