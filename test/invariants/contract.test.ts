import type pg from 'pg';
import { describe, expect, it } from 'vitest';
import type { RunPlan, TransactionStep } from '#core/plan';
import { connect, useDatabase } from '../support/database.js';
import { createUsers, markerOf, one, reaches, SPLIT, startWriter, useStages } from './stage.js';

const ROWS = 5_000;

describe.each([14, 15, 18] as const)('the contract on PostgreSQL %i', (major) => {
  const used = useDatabase({ major });
  const stages = useStages();

  it('cuts under four writers: old deploys fail loudly after it, new ones never, and no row is incomplete', async () => {
    const client = await connect(used.url);
    await createUsers(client, ROWS);
    const { bellows } = await stages.create({ url: used.url });
    await bellows.up();
    const id = (n: number) => -(1 + (n % ROWS));
    const writers = await Promise.all(
      [
        (n: number) => ['insert into users (full_name) values ($1)', [`Old${n} Deploy${n}`]] as const,
        (n: number) =>
          ['update users set full_name = $1 where id = $2', [`Up${n} Dated${n}`, id(n * 7)]] as const,
        (n: number) =>
          ['insert into users (first_name, last_name) values ($1, $2)', [`New${n}`, `Deploy${n}`]] as const,
        (n: number) =>
          ['update users set last_name = $1 where id = $2', [`Changed${n}`, id(n * 11)]] as const,
      ].map(async (write) => startWriter(await connect(used.url), write)),
    );
    const [oldInsert, oldUpdate, newInsert, newUpdate] = writers;
    await bellows.approve(SPLIT, { reason: 'the writers are going' });
    expect((await bellows.contract(SPLIT)).state).toBe('done');
    const before = newInsert?.done() ?? 0;
    // New deploys go on after the cut, old ones meet it.
    await expect
      .poll(() => (newInsert?.done() ?? 0) > before + 20 && oldInsert?.errors.length)
      .toBeGreaterThan(5);
    await Promise.all(writers.map((writer) => writer.stop()));
    expect([...(newInsert?.errors ?? []), ...(newUpdate?.errors ?? [])]).toEqual([]);
    expect(new Set([...(oldInsert?.errors ?? []), ...(oldUpdate?.errors ?? [])].map((e) => e.code))).toEqual(
      new Set(['42703']),
    );
    expect(oldInsert?.done()).toBeGreaterThan(10);
    expect(oldUpdate?.done()).toBeGreaterThan(10);
    const counts = await client.query(`
      select
        count(*) filter (where first_name is null or last_name is null)::integer as incomplete,
        count(*) filter (where first_name like 'Old%' and last_name not like 'Deploy%')::integer as torn
      from users`);
    expect(counts.rows).toEqual([{ incomplete: 0, torn: 0 }]);
    const inserted = 'select count(*)::integer as value from users where first_name like $1';
    // What was acknowledged is there: each old insert went through the trigger before the cut, or failed after it.
    expect(await one(client, inserted, ['Old%'])).toBe(oldInsert?.done());
    expect(await one(client, inserted, ['New%'])).toBe(newInsert?.done());
  }, 60_000);

  it('demands that no marker is null, which a CHECK alone would let pass', async () => {
    const client = await connect(used.url);
    await createUsers(client, 100);
    const { bellows } = await stages.create({ url: used.url });
    await bellows.up();
    const marker = await markerOf(client);
    await corruptMarker(client, marker);
    const { add, validate } = await completeness(client);
    await client.query(add);
    await expect(client.query(validate)).rejects.toMatchObject({ code: '23514' });
    // The check of the marker's letter alone is satisfied: the null case is what made it fail.
    await client.query(`alter table users add constraint letter check ("${marker}" <> 'p')`);
  });

  it('is not reached where a session holds the table and the trigger is switched off meanwhile', async () => {
    const client = await connect(used.url);
    await createUsers(client, 100);
    const { bellows } = await stages.create({ url: used.url });
    await bellows.up();
    await bellows.approve(SPLIT, { reason: 'open' });
    const reader = await connect(used.url);
    await reader.query('begin');
    await reader.query('select count(*) from users');
    stages.lead(bellows);
    await reaches(client, 'contracting');
    // Evidence was right when the gate opened, and is not any more: this write is not carried over.
    await client.query('alter table users disable trigger user');
    await client.query(`update users set full_name = 'Nobody Saw' where id = -1`);
    await reader.query('commit');
    await reaches(client, 'gated');
    expect(await one(client, 'select full_name as value from users where id = -1')).toBe('Nobody Saw');
  });
});

async function corruptMarker(client: pg.Client, marker: string): Promise<void> {
  await client.query(`alter table users disable trigger user, alter column "${marker}" drop not null`);
  await client.query(`update users set "${marker}" = null where id = -1`);
}

/** The two statements with which the plan proves completeness. */
async function completeness(client: pg.Client): Promise<{ readonly add: string; readonly validate: string }> {
  const plan = await one<RunPlan>(client, 'select plan as value from bellows.runs');
  const step = plan.steps.contract[0] as TransactionStep;
  const validate = plan.steps.contract[1];
  if (validate?.kind !== 'scan') throw new Error(`the second step is ${validate?.kind}`);
  return { add: step.actions[0]?.sql ?? '', validate: validate.action.sql };
}
