import { createServer as createSocketServer, type Server, type Socket } from 'node:net';
import { afterEach, describe, expect, inject, test } from 'vitest';
import type { BellowsError } from '#core/errors';
import { createServer } from '#postgres/server';
import { freePort } from '#servers/free-port';
import { startPostgres } from '#servers/postgres';
import { connect, useDatabase } from '../support/database.js';
import { until } from '../support/until.js';

const shared = () => inject('postgresUrl');
const at = (database: string, base = shared()) => {
  const url = new URL(base);
  url.pathname = `/${encodeURIComponent(database)}`;
  return url.href;
};
const server = (url: string) => createServer({ url, applicationName: 'test' });
const failure = async (work: Promise<unknown>): Promise<BellowsError> =>
  work.then(
    () => expect.fail('it was not refused'),
    (error: BellowsError) => error,
  );

let named = 0;
const made: string[] = [];
/** A name that needs quoting, and that nobody else has. */
function name(): string {
  named += 1;
  const one = `Shop "${process.pid}" ${Date.now()} ${named}`;
  made.push(one);
  return one;
}

async function admin<T>(text: string, values: readonly string[] = []): Promise<readonly T[]> {
  const client = await connect(shared());
  return (await client.query(text, [...values])).rows as readonly T[];
}
const isThere = async (database: string) =>
  (await admin('select 1 from pg_database where datname = $1', [database])).length === 1;

afterEach(async () => {
  for (const one of made.splice(0))
    await admin(`drop database if exists "${one.replaceAll('"', '""')}" with (force)`);
});

describe('create and drop', () => {
  test('make and remove a database; a second time neither is an error', async () => {
    const database = name();
    const one = server(at(database));
    expect(await one.create()).toBe(true);
    expect(await isThere(database)).toBe(true);
    expect(await one.create()).toBe(false);
    expect(await one.drop({ force: false })).toBe(true);
    expect(await isThere(database)).toBe(false);
    expect(await one.drop({ force: false })).toBe(false);
  });

  test('many that create one at the same time: it is there, one of them made it, nobody fails', async () => {
    const one = server(at(name()));
    const created = await Promise.all([1, 2, 3, 4].map(() => one.create()));
    expect(created.filter(Boolean)).toHaveLength(1);
  });

  test('a database in use is kept, and everybody who uses it is named', async () => {
    const database = name();
    const one = server(at(database));
    await one.create();
    const other = await connect(at(database));
    await other.query(`set application_name = 'reports'`);
    await other.query('create table t (id int)');
    await other.query('begin');
    await other.query('insert into t values (1)');
    await other.query(`prepare transaction 'held'`);
    const refused = await failure(one.drop({ force: false }));
    expect(refused).toMatchObject({ code: 'BELLOWS_DATABASE_IN_USE', exit: 1 });
    expect(refused.text.why).toMatch(/pid \d+ \(reports, user postgres, idle\)/);
    expect(refused.text.why).toContain(`prepared transaction 'held'`);
    const forced = await failure(one.drop({ force: true }));
    expect(forced.text.next).toContain('no prepared transaction');
    const again = await connect(at(database));
    await again.query(`rollback prepared 'held'`);
    expect(await one.drop({ force: true })).toBe(true);
    expect(await isThere(database)).toBe(false);
  }, 30_000);

  test("the server's own databases are not dropped", async () => {
    for (const own of ['postgres', 'template0', 'template1'])
      expect((await failure(server(at(own)).drop({ force: true }))).code).toBe('BELLOWS_REFUSED');
    expect(await server(at('postgres')).create()).toBe(false);
  });

  test('without the rights it says which, and nothing is done', async () => {
    const role = `poor_${process.pid}_${Date.now()}`;
    const database = name();
    await server(at(database)).create();
    await admin(`create role ${role} login`);
    const poor = (which: string) => {
      const url = new URL(at(which));
      url.username = role;
      return server(url.href);
    };
    expect((await failure(poor(name()).create())).text.why).toContain('CREATEDB');
    expect((await failure(poor(database).drop({ force: false }))).text.why).toContain('owner');
    expect(await isThere(database)).toBe(true);
    await admin(`drop role ${role}`);
  });
});

test('where there is no database postgres, template1 is used', async () => {
  const own = await startPostgres({ settings: { fsync: 'off' } });
  try {
    const client = await connect(at('template1', own.url));
    await client.query('drop database postgres with (force)');
    await client.end();
    const one = server(at('shop', own.url));
    expect(await one.create()).toBe(true);
    expect(await one.drop({ force: false })).toBe(true);
  } finally {
    await own.stop('immediate');
  }
}, 60_000);

describe('probe', () => {
  const database = useDatabase();

  test('is content with a server that answers, whether or not the database is there', async () => {
    expect(await server(database.url).probe(2_000)).toBeNull();
    expect(await server(at(name())).probe(2_000)).toBeNull();
  });

  test('says why a server does not answer yet: nobody listens, or it is silent', async () => {
    const port = await freePort();
    expect(await server(`postgres://u:hunter2@127.0.0.1:${port}/d`).probe(500)).toContain('nothing listens');
    const silent = await listening(() => undefined);
    expect(await server(`postgres://u:hunter2@127.0.0.1:${silent.port}/d`).probe(200)).toContain('in time');
    await silent.close();
  });

  test('waits for one that is starting up (57P03)', async () => {
    const starting = await listening((socket) => {
      socket.once('data', () => socket.end(refusal('57P03', 'the database system is starting up')));
    });
    const url = `postgres://u@127.0.0.1:${starting.port}/d?sslmode=disable`;
    expect(await server(url).probe(2_000)).toContain('starting up');
    await starting.close();
  });

  test('throws what waiting cannot cure', async () => {
    const login = await listening((socket) => {
      socket.once('data', () => socket.end(refusal('28P01', 'password authentication failed')));
    });
    const url = `postgres://u:hunter2@127.0.0.1:${login.port}/d?sslmode=disable`;
    expect((await failure(server(url).probe(2_000))).code).toBe('BELLOWS_PG_LOGIN');
    await login.close();
  });
});

test('every server can be served, the oldest too', async () => {
  const oldest = await startPostgres({ major: 14, settings: { fsync: 'off' } });
  try {
    const one = server(at('shop', oldest.url));
    expect(await one.create()).toBe(true);
    const other = await connect(at('shop', oldest.url));
    expect((await failure(one.drop({ force: false }))).code).toBe('BELLOWS_DATABASE_IN_USE');
    expect(await one.drop({ force: true })).toBe(true);
    await until(() =>
      other.query('select 1').then(
        () => false,
        () => true,
      ),
    );
  } finally {
    await oldest.stop('immediate');
  }
}, 60_000);

/** An ErrorResponse as the protocol has it. */
function refusal(code: string, message: string): Buffer {
  const body = Buffer.from(`SFATAL\0VFATAL\0C${code}\0M${message}\0\0`);
  const length = Buffer.alloc(4);
  length.writeInt32BE(body.length + 4);
  return Buffer.concat([Buffer.from('E'), length, body]);
}

async function listening(
  onConnection: (socket: Socket) => void,
): Promise<{ readonly port: number; close(): Promise<void> }> {
  const sockets = new Set<Socket>();
  const listener: Server = createSocketServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    onConnection(socket);
  });
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  const address = listener.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => listener.close(resolve));
    },
  };
}
