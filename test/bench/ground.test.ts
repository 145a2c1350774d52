import { describe, expect, it } from 'vitest';
import { openGround } from '../../src/bench/ground.js';
import { connect, useDatabase } from '../support/database.js';

const database = useDatabase();

async function there(text: string): Promise<readonly unknown[]> {
  const client = await connect(database.url);
  return (await client.query<{ name: string }>(text)).rows.map(({ name }) => name);
}

const SCHEMAS = `
select nspname::text as name
from pg_namespace
where nspname in ('bellows_bench', 'bellows', 'bullmq')
order by nspname`;

describe('the database of somebody else', () => {
  it('is left as it was where a schema is there that the benchmarks did not make', async () => {
    const client = await connect(database.url);
    await client.query('create schema bellows');
    await client.query('create table bellows.runs (id bigint)');
    await expect(openGround(database.url)).rejects.toMatchObject({ code: 'BELLOWS_BENCH_OCCUPIED' });
    expect(await there(`select to_regclass('bellows.runs')::text as name`)).toEqual(['bellows.runs']);
    expect(await there(SCHEMAS)).toEqual(['bellows']);
  });

  it('is cleared of what a benchmark left that was killed, and of nothing else', async () => {
    const client = await connect(database.url);
    await client.query('create table users (id bigint)');
    await (await openGround(database.url)).clear();
    expect(await there(SCHEMAS)).toEqual(['bellows', 'bellows_bench', 'bullmq']);
    const next = await openGround(database.url);
    expect(await there(SCHEMAS)).toEqual([]);
    await next.close();
    expect(await there(`select to_regclass('public.users')::text as name`)).toEqual(['users']);
  });
});
