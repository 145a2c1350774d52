/** What user code throws where nobody waits for it must not end the process, nor be printed. */
import { expect, it } from 'vitest';
import { spawnBellows } from '../everyday/bellows-process.js';
import { migration, useProjects, values } from './stage.js';

const projects = useProjects();

it.each([
  ['a promise that nobody awaits', `void Promise.reject(new RangeError('secret ' + rows[0].id));`],
  ['a callback of a timer', `setTimeout(() => { throw new RangeError('secret ' + rows[0].id); }, 1);`],
  ['something that is no error', `void Promise.reject('secret ' + rows[0].id);`],
])(
  'is survived and named: %s',
  async (_, stray) => {
    const text = migration(`{
    description: 'Throws on the way',
    table: 'events',
    expand: [addColumn('kind', 'text')],
    backfill: {
      read: ['id'],
      write: ['kind'],
      transform: async (rows) => {
        ${stray}
        await new Promise((resolve) => setTimeout(resolve, 50));
        return rows.map(() => ({ kind: 'ok' }));
      },
    },
    contract: [],
  }`);
    const { client, cwd } = await projects.open({ '20240101000000_stray': text });
    await client.query(
      'create table events (id bigint primary key); insert into events select generate_series(1, 300)',
    );
    const child = spawnBellows(['up', '--until', 'gated'], { cwd, url: projects.database.url });
    const { code } = await child.exited;
    expect(child.stderr).toContain('BELLOWS_STRAY_ERROR');
    expect(child.stderr + child.stdout).not.toContain('secret');
    if (stray.includes('RangeError'))
      expect(child.stderr).toMatch(/RangeError at .*20240101000000_stray\.ts\S*:\d+:\d+/);
    expect(code).toBe(0);
    expect(await values(client, `select count(*)::integer as value from events where kind = 'ok'`)).toEqual([
      300,
    ]);
  },
  60_000,
);
