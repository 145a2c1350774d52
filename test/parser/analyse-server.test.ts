import { beforeAll, expect, test } from 'vitest';
import { renderExpression } from '#core/analysed-sql';
import { quote } from '#core/identifier';
import { analyseExpression } from '#parser/analyse';
import { BUILT_IN_AGGREGATES } from '#parser/built-in-aggregates';
import { loadParser } from '#parser/load';
import { connect, useDatabase } from '../support/database.js';
import { EXPRESSIONS, SCHEMA } from './expressions.js';

const database = useDatabase({ per: 'file' });

beforeAll(async () => {
  await loadParser();
  await (await connect(database.url)).query(SCHEMA);
});

test('an expression over an alias gives what it gives over the table', async () => {
  const client = await connect(database.url);
  const valuesOf = async (value: string, from: string) => {
    const { rows } = await client
      .query(`select (${value}\n)::text as v from ${from}`)
      .catch((cause: unknown) => {
        throw new Error(`${value}: ${String(cause)}`);
      });
    return rows;
  };
  // One transaction, in which now() stands still.
  await client.query('begin');
  for (const [sql] of EXPRESSIONS) {
    const moved = renderExpression(
      analyseExpression(sql, { table: 'users' }),
      (name) => `moved.${quote(name)}`,
    );
    expect(await valuesOf(moved, 'users moved'), sql).toEqual(await valuesOf(sql, 'users'));
  }
  await client.query('commit');
});

test('the built-in aggregates are those of the newest server', async () => {
  const client = await connect(database.url);
  const { rows } = await client.query(
    `select distinct proname
     from pg_proc
     where prokind in ('a', 'w')
     and pronamespace = 'pg_catalog'::regnamespace`,
  );
  expect(rows.map((row) => row.proname).sort()).toEqual([...BUILT_IN_AGGREGATES].sort());
});
