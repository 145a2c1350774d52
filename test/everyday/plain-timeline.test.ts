/** Plain and phased migrations in one timeline. */
import { expect, it } from 'vitest';
import { refusal, twoWays, useProjects, values } from '../e2e/stage.js';

const { open } = useProjects();

const CREATE = `create table people (id bigserial primary key, name text, note text);
insert into people (name) select 'n' || g from generate_series(1, 100) g;`;
const PHASED = twoWays('people', 'name', 'label', `dropColumn('name')`);

it('a plain one behind a phased one waits where it names what that one moves, and nowhere else', async () => {
  const project = await open({
    '20240101000000_people.sql': CREATE,
    '20240102000000_label': PHASED,
    '20240103000000_elsewhere.sql': 'alter table people add column phone text;\ncreate table other (id int);',
    '20240104000000_here.sql': 'alter table people alter column label set default 1;',
    '20240105000000_behind.sql': 'create index on people (phone);',
    '20240106000000_free.sql': 'alter table other add column x int;',
  });
  const result = await project.bellows.up();
  const told = (migrations: readonly { id: string; state: string }[]) =>
    Object.fromEntries(migrations.map(({ id, state }) => [id.slice(15), state]));
  expect(told(result.migrations)).toEqual({
    people: 'done',
    label: 'gated',
    elsewhere: 'done',
    here: 'pending',
    behind: 'pending',
    free: 'done',
  });
  expect(result.reached).toBe(true);
  const { migrations } = await project.bellows.status();
  const next = (name: string) => migrations.find(({ id }) => id.endsWith(name))?.next;
  expect(next('_here')).toBe('waits for 20240102000000_label: both change people.label');
  expect(next('_behind')).toBe('waits for 20240104000000_here: both change people');
  // The plain one changed the table by our own hand: nobody has to ask for the verification that the gate wants then.
  const done = await project.bellows.up({ until: 'done', approve: { reason: 'test' } });
  expect(new Set(Object.values(told(done.migrations)))).toEqual(new Set(['done']));
  expect(await values(project.client, 'select version as value from schema_migrations order by 1')).toEqual(
    [1, 2, 3, 4, 5, 6].map((n) => `2024010${n}000000`),
  );
}, 60_000);

it('in development everything goes through in one command, in order', async () => {
  const project = await open(
    {
      '20240101000000_people.sql': CREATE,
      '20240102000000_label': PHASED,
      '20240103000000_here.sql': 'alter table people rename column label to title;',
      '20240104000000_again': twoWays('people', 'title', 'heading', `dropColumn('title')`),
      '20240105000000_end.sql': `comment on column people.heading is 'the end';`,
    },
    { config: `export default { environments: { dev: { gate: 'data-only' } } };`, env: 'dev' },
  );
  expect((await project.bellows.up()).reached).toBe(true);
  expect(
    await values(
      project.client,
      `select attname as value from pg_attribute where attrelid = 'people'::regclass and attnum > 0 and not attisdropped order by attnum`,
    ),
  ).toEqual(['id', 'note', 'heading']);
}, 60_000);

it('a phased one that a dump or a baseline brought is done, and is not run again', async () => {
  const project = await open({ '20240101000000_people.sql': CREATE, '20240102000000_label': PHASED });
  await project.client.query('create table people (id bigserial primary key, label text)');
  await project.bellows.baseline();
  const { migrations } = await project.bellows.status();
  expect(migrations.map(({ state }) => state)).toEqual(['done', 'done']);
  expect((await project.bellows.up()).reached).toBe(true);
  await project.bellows.assertUpToDate();
});

it('rollback acts on the newest entry, of whichever kind', async () => {
  const project = await open({
    '20240101000000_people.sql': CREATE,
    '20240102000000_label': PHASED,
    '20240103000000_other.sql': '-- migrate:up\ncreate table other ();\n-- migrate:down\ndrop table other;',
  });
  await project.bellows.up();
  expect((await project.bellows.rollback()).id).toBe('20240103000000_other');
  expect(await project.bellows.rollback()).toMatchObject({
    id: '20240102000000_label',
    state: 'rolled_back',
  });
  expect((await refusal(project.bellows.rollback())).code).toBe('BELLOWS_NO_DOWN_BLOCK');
}, 60_000);
