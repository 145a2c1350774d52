import pg from 'pg';
import { describe, expect, it } from 'vitest';
import { connect, createDatabase, useDatabase, withDatabase } from './database.js';
import { spawnNode } from './processes.js';
import { until } from './until.js';

const used = useDatabase();

describe('a test database', () => {
  it('is there, and empty', async () => {
    const client = await connect(used.url);
    const { rows } = await client.query(
      `select current_database() as name, count(*)::int as n from pg_class where relnamespace = 'public'::regnamespace`,
    );
    expect(rows).toEqual([{ name: used.name, n: 0 }]);
  });

  it('is copied from a template, by several at once', async () => {
    const template = await createDatabase();
    const client = await connect(template.url);
    await client.query('create table seeds as select 1 as n');
    await client.end();
    const copies = await Promise.all([1, 2, 3].map(() => createDatabase({ template: template.name })));
    for (const copy of copies)
      expect((await (await connect(copy.url)).query('select n from seeds')).rows).toEqual([{ n: 1 }]);
    await Promise.all([template, ...copies].map((database) => database.drop()));
  });

  it('fails on a connection of Bellows that was left open, and is dropped all the same', async () => {
    const database = await createDatabase();
    const leak = new pg.Client({ connectionString: database.url, application_name: 'bellows worker' });
    leak.on('error', () => undefined);
    await leak.connect();
    await expect(database.drop()).rejects.toThrow(/left open on test_.*bellows worker/);
    await expect(connect(database.url)).rejects.toMatchObject({ code: '3D000' });
  });

  it('lives as long as the function', async () => {
    const url = await withDatabase(async (database) => {
      await connect(database.url, { application_name: 'bellows closed in time' });
      return database.url;
    });
    await expect(connect(url)).rejects.toMatchObject({ code: '3D000' });
  });
});

describe('until', () => {
  it('returns the answer, also a zero', async () => {
    let asked = 0;
    expect(await until(() => (++asked < 3 ? undefined : 0), { everyMs: 1 })).toBe(0);
    expect(asked).toBe(3);
  });

  it('says what it waited for and what it saw last', async () => {
    const failing = until(() => Promise.reject(new Error('no such table')), {
      timeoutMs: 30,
      what: 'the table',
    });
    await expect(failing).rejects.toThrow('Waited 30 ms for the table; last error: no such table');
  });
});

describe('spawnNode', () => {
  it('collects output and waits for lines and the end', async () => {
    const child = spawnNode([
      '-e',
      'console.log("port=42"); console.error("oops"); setInterval(() => {}, 1000)',
    ]);
    expect((await child.waitForLine(/^port=(\d+)$/))[1]).toBe('42');
    await child.waitForLine(/oops/);
    expect(await child.kill('SIGKILL')).toEqual({ code: null, signal: 'SIGKILL' });
    expect([child.stdout, child.stderr]).toEqual(['port=42\n', 'oops\n']);
  });

  it('does not wait for the line of a process that has ended', async () => {
    const child = spawnNode(['-e', 'console.log("bye")']);
    await expect(child.waitForLine(/hello/)).rejects.toThrow(/ended without a line like \/hello\/[\s\S]*bye/);
  });
});
