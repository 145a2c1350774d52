import { expect, it } from 'vitest';
import { migration, refusal, shapeOf, stateOf, useProjects } from './stage.js';

const projects = useProjects();
const A = '20240101000000_a';
const purge = (extra = '') =>
  migration(
    `{ description: 'Old events go', table: 'events', backfill: { delete: sql\`at < now() - interval '1 year'\`${extra} } }`,
  );
const TABLE = `create table events (id bigint primary key, at timestamptz);
  insert into events select i, now() - case when i % 4 = 0 then interval '2 years' else interval '1 day' end from generate_series(1, 4000) i`;

it('a purge goes from its file through the gate, and leaves the others', { timeout: 30_000 }, async () => {
  const project = await projects.open({ [A]: purge() });
  const { bellows, client } = project;
  await client.query(TABLE);
  await client.query(`create table notes (id bigint primary key, event bigint references events on delete cascade);
    create index on notes (event);
    create table marks (note bigint references notes on delete set null);
    create index on marks (note)`);
  const [view] = await bellows.plan(A);
  const notices = view?.plan.notices.map(({ text }) => text).join('\n') ?? '';
  expect(notices).toContain('deleted for good');
  expect(notices).toMatch(/notes \(event\) refers by notes_event_fkey: its rows are deleted with them/);
  expect(notices).toMatch(/marks \(note\) refers by marks_note_fkey: its rows get NULL/);
  expect(view?.batches[0]?.sql).toContain('delete from "public"."events" as t');
  const shape = await shapeOf(client);
  const { migrations } = await bellows.up({ approve: { reason: 'test' }, until: 'done' });
  expect(migrations.map(({ state }) => state)).toEqual(['done']);
  const { rows } = await client.query('select count(*)::integer as n from events');
  expect(rows).toEqual([{ n: 3_000 }]);
  expect(await shapeOf(client)).toEqual(shape);
  expect(await stateOf(project, A)).toBe('done');
});

it('rows that others refer to are put aside, and its gate says that somebody has to act', async () => {
  const { bellows, client } = await projects.open({ [A]: purge() });
  await client.query(TABLE);
  await client.query(`create table notes (event bigint references events); create index on notes (event);
    insert into notes values (4), (8)`);
  const next = `gate shut by quarantine: bellows quarantine list ${A}; correct the rows, then bellows quarantine retry ${A}`;
  const { migrations } = await bellows.up();
  expect(migrations[0]).toMatchObject({ state: 'gated', next, waits: [{ cause: 'gate' }] });
  expect((await bellows.statusOf(A)).migration.next).toBe(next);
  await client.query('delete from notes');
  await bellows.quarantine.retry(A);
  await bellows.up();
  expect((await client.query('select count(*)::integer as n from events')).rows).toEqual([{ n: 3_000 }]);
});

it.each([
  [
    'a large table that refers without an index',
    purge(),
    `create table notes (event bigint references events, filler text);
      alter table notes alter filler set storage plain;
      insert into notes select null, repeat('x', 2000) from generate_series(1, 6000)`,
    /notes_event_fkey of notes has no index/,
  ],
  [
    'to skip the triggers that foreign keys are',
    purge(`, triggers: 'skip'`),
    `create table notes (event bigint references events); create index on notes (event)`,
    /notes_event_fkey of notes refers to events/,
  ],
  [
    'triggers that nobody decided on, BEFORE ones too',
    purge(),
    `create function f() returns trigger language plpgsql as 'begin return old; end';
      create trigger archive before delete on events for each row execute function f()`,
    /archive/,
  ],
  ['to fill and to delete at once', purge(`, set: { at: sql\`now()\` }`), 'select 1', /"?set"?/],
])('a purge is refused: %s', { timeout: 30_000 }, async (_, file, sql, names) => {
  const { bellows, client } = await projects.open({ [A]: file });
  await client.query(TABLE);
  await client.query(sql);
  const error = await refusal(bellows.up());
  expect(`${error.text.what} ${error.text.why ?? ''}`).toMatch(names);
  const { rows } = await client.query('select count(*)::integer as n from events');
  expect(rows).toEqual([{ n: 4_000 }]);
});
