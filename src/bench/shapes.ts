/** The shapes that are compared. Each does the same work on a slice of the same table. */
import type { Client } from 'pg';
import { FIRST_NAME, LAST_NAME } from './project.js';

export type ShapeName = 'single' | 'pgroll' | 'bellows';

/** Blocks: `lo` inclusive, `hi` exclusive. Ids: both inclusive; a row stands in one slice by either measure. */
export interface Slice {
  readonly lo: number;
  readonly hi: number;
  readonly firstId: string;
  readonly lastId: string;
  readonly rows: number;
  /** The same as a range of Bellows' walk. */
  readonly range: number;
}

export interface Shape {
  readonly name: ShapeName;
  /** Names of the sessions that do its work begin so. */
  readonly sessions: string;
  /** Not measured: its triggers on, those of the others off. */
  prepare(slice: Slice): Promise<void>;
  /** The work; how many rows it moved. */
  move(slice: Slice): Promise<number>;
}

/** One UPDATE and no trigger: what PostgreSQL itself can do in place. */
export function singleStatement(client: Client): Shape {
  return {
    name: 'single',
    sessions: 'bench',
    prepare: async () => {
      await client.query('alter table users disable trigger user');
    },
    move: async ({ lo, hi }) => {
      const { rowCount } = await client.query(`
        update users
        set first_name = ${FIRST_NAME}, last_name = ${LAST_NAME}
        where ctid >= '(${lo},0)'
          and ctid < '(${hi},0)'`);
      return rowCount ?? 0;
    },
  };
}
