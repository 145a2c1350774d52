/** `baseline`: a database that is there already is taken for migrated up to a version; nothing is run. */
import { parseTable, quoteTable } from '#core/identifier';
import type { MigrationStatus } from '#core/status';
import { holdingLease } from '#everyday/sql/hold-lease';
import { createVersionTable } from '#everyday/sql/ledger';
import type { Context } from './context.js';
import { refuseProblems } from './files.js';
import { readPlain } from './plain.js';
import { sleep } from './sleep.js';
import { readStatus } from './status.js';
import { select, timelineOf } from './timeline.js';

const LOCK_WAIT_MS = 60_000;

export async function baseline(context: Context, to?: string): Promise<readonly MigrationStatus[]> {
  const project = await context.project();
  refuseProblems(project);
  const entries = select(timelineOf(project), to === undefined ? {} : { to });
  const { emit } = context;
  const lease = context.plainLease();
  const never = new AbortController().signal;
  const marked = await holdingLease({ lease, emit, sleep, waitMs: LOCK_WAIT_MS }, never, async () => {
    const { ledger } = await readPlain(context, project);
    const runs = await context.store.runs();
    const begun = new Set(runs.map(({ migration }) => migration));
    const due = entries.filter(({ id, version }) => !ledger.applied.has(version) && !begun.has(id));
    await mark(context, due);
    return new Set(due.map(({ id }) => id));
  });
  return (await readStatus(context)).migrations.filter(({ id }) => marked.has(id));
}

/** Versions, their files and the history in one transaction. */
async function mark(
  { database, settings, actor }: Context,
  due: ReturnType<typeof timelineOf>,
): Promise<void> {
  const table = parseTable(settings.migrationsTable);
  await createVersionTable(database, table);
  const plain = due.flatMap((entry) => (entry.kind === 'sql' ? [entry.file] : []));
  await database.query(
    `with versions as (
       insert into ${quoteTable(table)} (version)
       select unnest($1::text[])
       on conflict do nothing
     ), files as (
       insert into bellows.plain (version, migration, checksum, state, origin, finished_at, applied_by)
       select version, migration, checksum, 'applied', 'baseline', clock_timestamp(), $6
       from unnest($3::text[], $4::text[], $5::text[]) as f (version, migration, checksum)
       on conflict do nothing
     )
     insert into bellows.history (actor, migration, action)
     select $6, unnest($2::text[]), 'baseline'`,
    [
      due.map(({ version }) => version),
      due.map(({ id }) => id),
      ...[
        plain.map(({ version }) => version),
        plain.map(({ id }) => id),
        plain.map(({ checksum }) => checksum),
      ],
      actor,
    ],
  );
}
