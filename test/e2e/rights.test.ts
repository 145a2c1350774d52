/** What a role is told that may not see all of the server, or not read what Bellows keeps. */
import { afterEach, expect, it } from 'vitest';
import { refusal, twoWays, useProjects, values } from './stage.js';

const ID = '20240101000000_a';
const ROLE = `rights_${process.pid}`;
const projects = useProjects();
const TABLE = 'create table items (id integer primary key, a text)';

const forget: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const one of forget.splice(0)) await one();
});

/** A project as its owner has it, and the same for a role that has the table and nothing else. */
async function withRole(config = 'export default {};') {
  const files = { [ID]: twoWays('items', 'a', 'a2') };
  const project = await projects.open(files);
  const { client } = project;
  await client.query(TABLE);
  await client.query(`create role ${ROLE} login; alter table items owner to ${ROLE};
    grant create on schema public to ${ROLE}`);
  forget.push(() => client.query(`drop owned by ${ROLE}; drop role ${ROLE}`));
  const url = new URL(projects.database.url);
  url.username = ROLE;
  const theirs = await projects.open(files, { config, overrides: { databaseUrl: url.href } });
  return { ...project, theirs: theirs.bellows };
}

it('plan names the signals that are not applicable, and which of them would hold', async () => {
  const { bellows, client, theirs } = await withRole(
    `export default { throttle: { standby_missing: { names: ['replica-b'] } } };`,
  );
  expect((await bellows.plan(ID))[0]?.notApplicable).toEqual([]);
  const release = `it may: grant pg_read_all_stats to ${ROLE}`;
  const text = `the role ${ROLE} may not see other sessions`;
  expect((await theirs.plan(ID))[0]?.notApplicable).toEqual(
    ['replication_lag', 'standby_missing', 'vacuum_horizon', 'autovacuum'].map((signal) => ({
      ...{ signal, text, release, holds: signal === 'standby_missing' },
    })),
  );
  // Nothing was installed, and nothing is by looking.
  expect(await values(client, `select to_regnamespace('bellows') as value`)).toEqual([null]);
  await client.query(`grant pg_read_all_stats to ${ROLE}`);
  expect((await theirs.plan(ID))[0]?.notApplicable).toEqual([]);
  // With the schema in place, what signals read of it is not the server's to offer.
  await bellows.up({ until: 'expanded', detach: true });
  expect((await bellows.plan(ID))[0]?.notApplicable).toEqual([]);
});

it('a role that may not read the schema is told which right it lacks, and who gives it', async () => {
  const { bellows, client, theirs } = await withRole();
  await bellows.up();
  const grant = `grant usage on schema bellows to "${ROLE}"; grant select on all tables in schema bellows to "${ROLE}";`;
  for (const look of [() => theirs.status(), () => theirs.plan(ID), () => theirs.validate()]) {
    const error = await refusal(look());
    expect(error.code).toBe('BELLOWS_SCHEMA_RIGHTS');
    expect(error.text.what).toContain(`Role "${ROLE}" may not read the schema "bellows"`);
    expect(error.text.why).toContain('lacks USAGE on the schema');
    expect(error.text.next).toBe(`As "postgres", once: ${grant}`);
  }
  await client.query(`grant usage on schema bellows to ${ROLE}`);
  expect((await refusal(theirs.status())).text.why).toMatch(/lacks SELECT on approvals, .*runs/);
  await client.query(grant);
  expect((await theirs.status()).migrations.map(({ id, state }) => [id, state])).toEqual([[ID, 'gated']]);
  expect((await theirs.statusOf(ID)).migration.state).toBe('gated');
});
