import type { Client } from 'pg';
import { SET_NAMES } from '../project.js';
import type { Shape } from './shape.js';

/** One UPDATE and no trigger: what PostgreSQL itself can do in place. */
export function singleStatement(client: Client): Shape {
  return {
    name: 'one UPDATE',
    sessions: 'bench',
    prepare: async () => {
      await client.query('alter table users disable trigger user');
    },
    move: async ({ lo, hi }) => {
      const { rowCount } = await client.query(`
        update users
        set ${SET_NAMES}
        where ctid >= '(${lo},0)'
          and ctid < '(${hi},0)'`);
      return rowCount ?? 0;
    },
  };
}
