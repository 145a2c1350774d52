/** `up --dry-run`: what would be done now. Its context reads in transactions that the server keeps read-only. */
import type { DryRun, PlainDryRun } from '#api';
import type { SqlMigration } from '#core/sql-migration';
import { prepareUp } from '#everyday/sql/prepare';
import type { Context } from './context.js';
import { refuseProblems } from './files.js';
import { plan } from './plan.js';
import { readStatus } from './status.js';
import { select, timelineOf } from './timeline.js';

export async function dryRun(
  context: Context,
  options: { readonly migration?: string; readonly to?: string } = {},
): Promise<DryRun> {
  const project = await context.project();
  refuseProblems(project);
  const { migrations } = await readStatus(context);
  const waits = new Map(migrations.map((m) => [m.id, m]));
  const views: DryRun['migrations'][number][] = [];
  for (const entry of select(timelineOf(project), options)) {
    const status = waits.get(entry.id);
    if (status?.state !== 'pending') continue;
    if (entry.kind === 'sql') views.push(plainView(entry.file, status.waits[0]?.reason ?? null));
    else views.push(...(await plan(context, entry.id)).map((view) => ({ kind: 'phased' as const, ...view })));
  }
  return { migrations: views };
}

function plainView(migration: SqlMigration, waitsFor: string | null): PlainDryRun {
  const { units } = prepareUp(migration);
  return {
    kind: 'sql',
    id: migration.id,
    file: migration.file,
    waitsFor,
    units: units.map(({ kind, statements }) => ({
      transaction: kind === 'transaction',
      statements: statements.map(({ start, text }) => ({ line: start.line, sql: text })),
    })),
  };
}
