import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { createBellows } from '#index';
import { ROOT } from '../../grafana/build.js';
import { connect, useDatabase } from '../support/database.js';

const used = useDatabase();

it('the tables and the configuration of the containers carry the examples to their gates', {
  timeout: 60_000,
}, async () => {
  const client = await connect(used.url);
  await client.query(`select set_config('stack.rows', '1500', false)`);
  await client.query(await readFile(join(ROOT, 'grafana/stack/tables.sql'), 'utf8'));
  const bellows = await createBellows({
    cwd: join(ROOT, 'grafana/stack'),
    overrides: { databaseUrl: used.url, migrations: join(ROOT, 'migrations'), dumpSchema: false },
    actor: 'test',
  });
  try {
    const { reached, migrations } = await bellows.up();
    expect(reached).toBe(true);
    expect(migrations.map((m) => m.state)).toEqual(['gated', 'gated', 'done', 'gated', 'gated']);
  } finally {
    await bellows.close();
  }
});
