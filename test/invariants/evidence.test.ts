import type pg from 'pg';
import { expect, it } from 'vitest';
import { connect, useDatabase } from '../support/database.js';
import { until } from '../support/until.js';
import { createUsers, one, reaches, SPLIT, splitFile, stateOf, useStages } from './stage.js';

const used = useDatabase();
const stages = useStages();

/** As if nobody had looked at the gate, which was reached ten minutes ago, for the last six. */
async function age(client: pg.Client): Promise<void> {
  await client.query(`update bellows.checks set evaluated_at = clock_timestamp() - interval '6 minutes'`);
  await client.query(`
    update bellows.runs
    set state = jsonb_set(state, '{since}', to_jsonb(clock_timestamp() - interval '10 minutes'))`);
}
const EVALUATED = `select min(evaluated_at) > clock_timestamp() - interval '1 minute' as value from bellows.checks`;

it('evidence of six minutes ago opens nothing: it is looked for again', async () => {
  const client = await connect(used.url);
  await createUsers(client, 500);
  const { bellows } = await stages.create({ url: used.url });
  await bellows.up();
  await bellows.approve(SPLIT, { reason: 'all was well' });
  expect((await bellows.gate(SPLIT)).open).toBe(true);
  await age(client);
  await client.query('alter table users disable trigger user');
  stages.lead(bellows);
  await until(() => one<boolean>(client, EVALUATED), { what: 'the leader to look again' });
  expect(
    await one(client, `select verdict as value from bellows.checks where check_id = 'sync_trigger'`),
  ).toBe('fail');
  expect(await stateOf(client)).toBe('gated');
  const transitions = `select count(*)::integer as value from bellows.history where detail ->> 'to' = 'contracting'`;
  expect(await one(client, transitions)).toBe(0);
});

it('old evidence is looked for again also where all is well, and the contract follows it', async () => {
  const client = await connect(used.url);
  await createUsers(client, 500);
  const { bellows } = await stages.create({ url: used.url });
  await bellows.up();
  await bellows.approve(SPLIT, { reason: 'all is well' });
  await age(client);
  stages.lead(bellows);
  await reaches(client, 'done');
  expect(await one(client, EVALUATED)).toBe(true);
});

it('a check that cannot be read holds the gate, whoever approves', async () => {
  const client = await connect(used.url);
  await createUsers(client, 500);
  await client.query('create table audit (problem text)');
  const more = `\n  gate: { queries: { audit: sql\`select problem from audit\` } },`;
  const { bellows } = await stages.create({ url: used.url, file: splitFile({ more }) });
  await bellows.up();
  await bellows.approve(SPLIT, { reason: 'in a hurry' });
  await client.query('drop table audit');
  await age(client);
  const result = await bellows.up({ until: 'done', approve: { reason: 'in a hurry' } });
  expect(result.reached).toBe(false);
  expect(await stateOf(client)).toBe('gated');
  const { open, checks } = await bellows.gate(SPLIT);
  expect(open).toBe(false);
  expect(checks.find((c) => c.check === 'queries')).toMatchObject({
    verdict: 'unknown',
    evidence: expect.stringContaining('42P01'),
  });
  await expect(bellows.contract(SPLIT)).rejects.toMatchObject({ code: 'BELLOWS_GATE_SHUT' });
  await client.query('create table audit (problem text)');
  expect((await bellows.contract(SPLIT)).state).toBe('done');
});
