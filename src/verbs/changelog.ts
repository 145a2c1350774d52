/** `changelog`: what the history says happened, with what the files say it was. */
import type { Changelog } from '#api/changelog';
import type { ChangelogEntry } from '#core/changelog';
import { displayTable } from '#core/identifier';
import type { SqlMigration } from '#core/sql-migration';
import { type Happened, whatHappened } from '#everyday/changelog/happened';
import { type Marks, marksOf } from '#everyday/changelog/marks';
import type { Context } from './context.js';

export async function changelog({ database, project }: Context): Promise<Changelog> {
  const [happened, { plain, migrations }] = await Promise.all([whatHappened(database), project()]);
  const files = new Map(plain.map((file) => [file.id, file]));
  const descriptions = new Map(migrations.map(({ id, definition }) => [id, definition.description]));
  return {
    entries: happened.map((one) =>
      one.state === null
        ? plainEntry(one, files.get(one.migration), descriptions.get(one.migration))
        : phasedEntry(one),
    ),
  };
}

const EVENTS: Readonly<Record<string, ChangelogEntry['event']>> = {
  sql_applied: 'applied',
  sql_resolved: 'resolved',
  sql_rolled_back: 'rolled_back',
};
const NO_MARKS: Marks = { drops: [], renames: [] };

/** Of plain SQL; and of a phased migration that a baseline took as applied, which has no run. */
function plainEntry(
  { at, migration, action }: Happened,
  file: SqlMigration | undefined,
  phased: string | undefined,
): ChangelogEntry {
  const event = EVENTS[action] ?? 'adopted';
  const { drops, renames } = file === undefined || event !== 'applied' ? NO_MARKS : marksOf(file);
  return {
    ...{ migration, kind: phased === undefined ? ('sql' as const) : ('phased' as const), event, at },
    ...{ description: file?.description ?? phased ?? null, drops, renames },
  };
}

function phasedEntry({ at, migration, state, description, drops }: Happened): ChangelogEntry {
  return {
    ...{ migration, kind: 'phased', event: state === 'done' ? 'applied' : 'rolled_back', at },
    ...{ description, drops: (drops ?? []).map(droppedName), renames: [] },
  };
}

/** `public.users.full_name` as a plan has it, in the words of the others. */
function droppedName(name: string): string {
  const [schema = '', table = '', ...column] = name.split('.');
  const shown = displayTable({ schema, name: table });
  return column.length === 0 ? `table ${shown}` : `column ${shown}.${column.join('.')}`;
}
