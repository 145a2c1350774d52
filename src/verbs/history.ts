import { BellowsError, EXIT } from '#core/errors';
import type { HistoryRow } from '#ports';
import type { Context } from './context.js';
import { isNamed } from './find.js';

export interface HistoryOptions {
  readonly migration?: string;
  readonly limit?: number;
}

/** @throws BellowsError BELLOWS_UNKNOWN_MIGRATION: neither the history nor a run nor a file has the name */
export async function history(
  context: Context,
  { migration, ...filter }: HistoryOptions = {},
): Promise<readonly HistoryRow[]> {
  if (migration === undefined) return context.store.history(filter);
  const id = await idInHistory(context, migration);
  if (id !== null) return context.store.history({ ...filter, migration: id });
  await refuseUnknown(context, migration);
  return [];
}

/** Looked for in the history itself, which stays when the file of a migration is gone. */
async function idInHistory({ database }: Context, name: string): Promise<string | null> {
  const rows = await database.query<{ migration: string }>(
    `(select migration from bellows.history where migration = $1 limit 1)
     union all
     (select migration from bellows.history where starts_with(migration, $1 || '_') order by id desc limit 1)
     limit 1`,
    [name],
  );
  return rows[0]?.migration ?? null;
}

async function refuseUnknown(context: Context, name: string): Promise<void> {
  const { migrations, plain, problems } = await context.folder();
  const files = [...migrations, ...plain, ...problems].flatMap(({ id }) => (id === null ? [] : [id]));
  const runs = (await context.store.runs()).map(({ migration }) => migration);
  if ([...files, ...runs].some((id) => isNamed(id, name))) return;
  throw new BellowsError(
    'BELLOWS_UNKNOWN_MIGRATION',
    {
      what: `No migration named "${name}" is known.`,
      why: 'Neither the history nor the migrations folder has one.',
      left: 'Nothing was changed.',
      next: 'bellows status lists them; bellows history without a name tells of all.',
    },
    { migration: name },
    EXIT.usage,
  );
}
