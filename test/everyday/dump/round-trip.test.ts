import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Major } from '#servers/binaries';
import { createDatabase, withDatabase } from '../../support/database.js';
import { catalogueFacts, differences, NONE } from './catalogue-facts.js';
import { dumped, execute, loaded } from './dumping.js';
import { everything } from './everything.js';
import { ODDITIES } from './oddities.js';

const run = promisify(execFile);
const psql = await run('psql', ['--version']).then(
  () => true,
  () => false,
);
const pgDump = await run('pg_dump', ['--version']).then(
  ({ stdout }) => Number(/(\d+)\./.exec(stdout)?.[1]),
  () => 0,
);

const MAJORS: readonly Major[] = [14, 15, 16, 17, 18];
const SCHEMAS = MAJORS.flatMap((major) => [
  { name: 'a schema with everything', major, sql: everything(major) },
  { name: 'a schema of oddities', major, sql: ODDITIES },
]);

describe.each(SCHEMAS)('$name, version $major', ({ major, sql }) => {
  let url = '';
  let folder = '';
  let drop = async (): Promise<void> => undefined;
  beforeAll(async () => {
    const database = await createDatabase({ major });
    [url, drop] = [database.url, database.drop];
    folder = await mkdtemp(join(tmpdir(), 'bellows-dump-'));
    await execute(url, sql);
  });
  afterAll(async () => {
    await drop();
    await rm(folder, { recursive: true, force: true });
  });

  it('is the same after bellows load, in every row of the catalogue', async () => {
    const text = await dumped(url);
    await withDatabase(
      async (copy) => {
        await loaded(copy.url, text);
        expect(differences(await catalogueFacts(url), await catalogueFacts(copy.url))).toEqual(NONE);
        expect(await dumped(copy.url)).toBe(text);
      },
      { major },
    );
  });

  it.skipIf(!psql)('is the same after plain psql', async () => {
    const file = join(folder, 'schema.sql');
    await writeFile(file, await dumped(url));
    await withDatabase(
      async (copy) => {
        await run('psql', ['-qX', '-v', 'ON_ERROR_STOP=1', '-f', file, copy.url]);
        expect(differences(await catalogueFacts(url), await catalogueFacts(copy.url))).toEqual(NONE);
      },
      { major },
    );
  });

  it('gives the same text from a database whose objects have other numbers', async () => {
    await withDatabase(
      async (other) => {
        await execute(other.url, 'create table early (a int primary key, b text unique); drop table early');
        await execute(other.url, sql);
        expect(await dumped(other.url)).toBe(await dumped(url));
      },
      { major },
    );
  });

  it.skipIf(pgDump < major)('is the same to pg_dump after bellows load', async () => {
    const plain = async (from: string): Promise<readonly string[]> => {
      const { stdout } = await run('pg_dump', ['--schema-only', '--no-owner', '--no-privileges', from], {
        maxBuffer: 1 << 26,
      });
      return stdout.split('\n').filter((line) => !/^(\\|-- Dumped)/.test(line));
    };
    await withDatabase(
      async (copy) => {
        await loaded(copy.url, await dumped(url));
        expect(await plain(copy.url)).toEqual(await plain(url));
      },
      { major },
    );
  });
});
