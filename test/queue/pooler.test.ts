import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect as connectSocket } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { freePort } from '#servers/free-port';
import { serverIdentity } from '#servers/identity';
import { useBench } from '../contract/queue.js';
import { connect, useDatabase } from '../support/database.js';
import { until } from '../support/until.js';

const program = await findPgBouncer();
if (program === undefined)
  console.warn('No pgbouncer on the PATH: the pooler tests of the queue are skipped.');

const used = useDatabase();

describe.skipIf(program === undefined)('behind PgBouncer', () => {
  const bench = useBench(() => used.url);
  const poolers: { readonly child: ChildProcess; readonly folder: string }[] = [];
  afterEach(async () => {
    for (const { child, folder } of poolers.splice(0)) {
      child.kill('SIGTERM');
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
      await rm(folder, { recursive: true });
    }
  });

  /** A pooler in front of the test's database, as its address. */
  async function pooler(settings: Readonly<Record<string, string>>): Promise<string> {
    const folder = await mkdtemp(join(tmpdir(), 'pooler-'));
    await chmod(folder, 0o755);
    const port = await freePort();
    const target = new URL(used.url);
    const lines = Object.entries({
      listen_addr: '127.0.0.1',
      listen_port: String(port),
      unix_socket_dir: '',
      auth_type: 'any',
      ...settings,
    }).map(([name, value]) => `${name} = ${value}`);
    const database = `${used.name} = host=127.0.0.1 port=${target.port} user=postgres`;
    const file = join(folder, 'pgbouncer.ini');
    await writeFile(file, ['[databases]', database, '[pgbouncer]', ...lines, ''].join('\n'));
    const child = spawn(program ?? '', [file], { ...serverIdentity(), stdio: 'ignore' });
    poolers.push({ child, folder });
    await until(() => answers(port), { what: 'pgbouncer to listen' });
    return `postgres://postgres@127.0.0.1:${port}/${used.name}`;
  }

  const needsDirect = { code: 'BELLOWS_QUEUE_NEEDS_DIRECT', exit: 2 };

  it('is refused where the pooler refuses startup options', async () => {
    const opening = bench.open({ queueUrl: await pooler({ pool_mode: 'transaction' }) });
    await expect(opening).rejects.toMatchObject(needsDirect);
    await opening.catch((error: { text: { next: string } }) =>
      expect(error.text.next).toMatch(/direct queueUrl .* or Redis/),
    );
  });

  it('is refused where the pooler drops them', async () => {
    const queueUrl = await pooler({ pool_mode: 'transaction', ignore_startup_parameters: 'options' });
    await expect(bench.open({ queueUrl })).rejects.toMatchObject(needsDirect);
  });

  it('is refused where the options do not matter, but nobody hears what is listened for', async () => {
    const client = await connect(used.url);
    await client.query(`alter database ${used.name} set search_path = bullmq`);
    try {
      const queueUrl = await pooler({ pool_mode: 'transaction', ignore_startup_parameters: 'options' });
      const opening = bench.open({ queueUrl });
      await expect(opening).rejects.toMatchObject(needsDirect);
      await expect(opening).rejects.toThrow(/notification/);
    } finally {
      await client.query(`alter database ${used.name} reset search_path`);
    }
  });

  it('leaves nothing behind when it was refused', async () => {
    const queueUrl = await pooler({ pool_mode: 'transaction', ignore_startup_parameters: 'options' });
    await bench.open({ queueUrl }).catch(() => undefined);
    const client = await connect(used.url);
    const { rows } = await client.query(`select to_regnamespace('bullmq') as schema`);
    expect(rows).toEqual([{ schema: null }]);
  });
});

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connectSocket(port, '127.0.0.1');
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}

async function findPgBouncer(): Promise<string | undefined> {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin'];
  for (const folder of folders) {
    const path = join(folder, 'pgbouncer');
    if (
      await access(path).then(
        () => true,
        () => false,
      )
    )
      return path;
  }
  return undefined;
}
