import type { Client } from 'pg';
import { COPIED } from '../project.js';
import type { Shape } from './shape.js';

/** One INSERT of what a SELECT reads, into a table like the target of the copy: what PostgreSQL itself can do. */
export function insertSelect(client: Client, table: string): Shape {
  const columns = COPIED.join(', ');
  return {
    name: 'one INSERT … SELECT',
    sessions: 'bench',
    prepare: async () => undefined,
    move: async ({ lo, hi }) => {
      const { rowCount } = await client.query(`
        insert into ${table} (user_id, ${columns})
        select id, ${columns}
        from users
        where ctid >= '(${lo},0)'
          and ctid < '(${hi},0)'`);
      return rowCount ?? 0;
    },
  };
}
