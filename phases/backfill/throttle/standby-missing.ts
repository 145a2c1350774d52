import { measured, notApplicable } from './reading.js';
import { blind } from './sight.js';
import { defineSignal } from './signal.js';

/** Standbys that were declared by name and do not stream: a lag that cannot be seen is taken as bad. */
export const standbyMissing = defineSignal({
  id: 'standby_missing',
  defaultOn: false,
  limits: {},
  open:
    () =>
    async ({ database, declared }) => {
      const unseen = await blind(database);
      if (unseen !== null) return unseen;
      const names = Array.isArray(declared.names) ? (declared.names as readonly string[]) : [];
      if (names.length === 0) return notApplicable('no standby is declared', 'one is');
      const rows = await database.query<{ name: string }>(
        `select name
        from unnest($1::text[]) as declared (name)
        where not exists (
          select from pg_stat_replication
          where application_name = declared.name
            and state = 'streaming'
        )`,
        [names],
      );
      const missing = rows.map((row) => row.name).join(', ');
      return measured({
        value: rows.length,
        limit: 1,
        text:
          rows.length === 0
            ? `${names.length} declared, all stream`
            : `${missing} does not stream (0 may be missing)`,
        release: `${missing} streams again`,
      });
    },
});
