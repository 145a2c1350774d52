/** A phased migration of statements alone need not name a table. */
import { expect, it } from 'vitest';
import { migration, stateOf, useProjects, values } from './stage.js';

const [A, B] = ['20240101000000_types', '20240102000000_index'] as const;
const projects = useProjects();

const TYPES = migration(`{
  description: 'A type of its own',
  expand: [statement(sql\`create type mood as enum ('good')\`, { reason: 'a new type', undo: sql\`drop type mood\` })],
}`);
/** One of its operations names a table, the statement does not. */
const MIXED = migration(`{
  description: 'A type, an index, and a type that goes',
  expand: [
    statement(sql\`create type size as enum ('l')\`, { reason: 'a new type', undo: sql\`drop type size\` }),
    on('items', createIndex(['a'])),
  ],
  contract: [statement(sql\`drop type mood\`, { reason: 'nobody uses it' })],
}`);

const types = `select typname as value from pg_type where typname in ('mood', 'size') order by 1`;

it('is planned, carried out, taken back and contracted', async () => {
  const project = await projects.open({ [A]: TYPES, [B]: MIXED });
  const { bellows, client } = project;
  await client.query('create table items (id integer primary key, a text)');
  expect((await bellows.plan()).map(({ plan }) => plan.steps.expand.map(({ title }) => title))).toEqual([
    ['a new type'],
    ['a new type', expect.stringContaining('index')],
  ]);
  await bellows.up();
  expect([await stateOf(project, A), await stateOf(project, B)]).toEqual(['done', 'gated']);
  expect(await values(client, types)).toEqual(['mood', 'size']);
  await bellows.rollback(B);
  expect(await values(client, types)).toEqual(['mood']);
  await bellows.up({ migration: B });
  await bellows.approve(B, { reason: 'nobody has a mood' });
  expect((await bellows.contract(B)).state).toBe('done');
  expect(await values(client, types)).toEqual(['size']);
});

it('alone, it is taken back too', async () => {
  const contract = `contract: [statement(sql\`select 1\`, { reason: 'looks' })],`;
  const project = await projects.open({
    [A]: TYPES.replace('expand:', `${contract} expand:`),
  });
  await project.bellows.up();
  expect(await values(project.client, types)).toEqual(['mood']);
  expect((await project.bellows.rollback(A)).state).toBe('rolled_back');
  expect(await values(project.client, types)).toEqual([]);
});
