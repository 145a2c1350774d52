import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect as connectSocket, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type BellowsError, renderError } from '#core/errors';
import { ServerTooOldError } from '#postgres/connection-errors';
import { freePort } from '#servers/free-port';
import { type PostgresServer, startPostgres } from '#servers/postgres';
import { connect } from '../support/connections.js';
import { useOpen } from './open.js';

/** A server with passwords and with a certificate for `localhost` alone, signed by an authority of its own. */
let server: PostgresServer;
let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'bellows-tls-'));
  chmodSync(folder, 0o755);
  certificates(folder);
  const hba = [
    'host all postgres all trust',
    'hostnossl all only_plain all trust',
    'hostssl all only_tls all trust',
    'host all anna all scram-sha-256',
  ];
  writeFileSync(join(folder, 'pg_hba.conf'), `${hba.join('\n')}\n`, { mode: 0o644 });
  server = await startPostgres({ settings: { hba_file: join(folder, 'pg_hba.conf') } });
  const pem = (name: string) => execFileSync('cat', [join(folder, name)], { encoding: 'utf8' });
  await setUp(server, pem('server.crt'), pem('server.key'));
});

afterAll(async () => {
  await server.stop('immediate');
  rmSync(folder, { recursive: true });
});

function certificates(into: string): void {
  const openssl = (...args: readonly string[]) => execFileSync('openssl', args, { cwd: into, stdio: 'pipe' });
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  openssl(
    'req',
    '-x509',
    ...key,
    '-keyout',
    'ca.key',
    '-out',
    'ca.crt',
    '-days',
    '2',
    '-subj',
    '/CN=Test authority',
  );
  openssl('req', ...key, '-keyout', 'server.key', '-out', 'server.csr', '-subj', '/CN=localhost');
  writeFileSync(join(into, 'names'), 'subjectAltName=DNS:localhost\n');
  const signed = ['-CA', 'ca.crt', '-CAkey', 'ca.key', '-CAcreateserial', '-extfile', 'names', '-days', '2'];
  openssl('x509', '-req', '-in', 'server.csr', ...signed, '-out', 'server.crt');
}

/** The key has to belong to the server's own user, so the server writes it. */
async function setUp({ url, dataDir }: PostgresServer, certificate: string, key: string): Promise<void> {
  const admin = await connect(url);
  const write = async (name: string, text: string) => {
    const line = `select unnest(string_to_array('${text.trim()}', E'\\n'))`;
    await admin.query(`copy (${line}) to program 'umask 077; cat > ${join(dataDir, name)}'`);
  };
  await write('server.crt', certificate);
  await write('server.key', key);
  await admin.query('alter system set ssl = on');
  await admin.query('select pg_reload_conf()');
  await admin.query(`create role anna login password 'hunter2'`);
  await admin.query('create role only_plain login');
  await admin.query('create role only_tls login');
  await admin.query('create database closed');
  await admin.query('revoke connect on database closed from public');
}

const open = useOpen();

function at(
  query: string,
  { user = 'postgres', password = '', host = '127.0.0.1', database = 'postgres' } = {},
): string {
  const login = password === '' ? user : `${user}:${password}`;
  return `postgres://${login}@${host}:${server.port}/${database}${query}`;
}

async function failure(url: string): Promise<BellowsError> {
  const error: unknown = await open(url)
    .query('select 1')
    .catch((reason: unknown) => reason);
  expect(inspect(error, { depth: 9, showHidden: true })).not.toContain('hunter');
  return error as BellowsError;
}

const words = (error: BellowsError) =>
  renderError(error).map((line) => line.replaceAll(/\b\d{4,5}\b/g, 'PORT'));

describe('no connection', () => {
  const silent = new Set<Server>();
  afterEach(() => {
    for (const each of silent) each.close();
    silent.clear();
  });

  async function listen(answer: (socket: Socket) => void): Promise<number> {
    const listener = createServer((socket) => answer(socket.on('error', () => undefined)));
    silent.add(listener);
    await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
    const address = listener.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  }

  test('nothing listens', async () => {
    expect(
      words(await failure(`postgres://u:hunter2@127.0.0.1:${await freePort()}/d`)),
    ).toMatchInlineSnapshot(`
      [
        "No PostgreSQL server answers at 127.0.0.1:PORT. [BELLOWS_PG_UNREACHABLE]",
        "why:  The connection was refused: nothing listens there.",
        "left: Nothing was changed.",
        "next: Check that the server runs and that host and port are right: pg_isready -h 127.0.0.1 -p PORT",
      ]
    `);
  });

  test('an unknown host', async () => {
    expect(words(await failure('postgres://u:hunter2@no-such-host.invalid/d'))).toMatchInlineSnapshot(`
      [
        "The host "no-such-host.invalid" is not known. [BELLOWS_PG_HOST_UNKNOWN]",
        "why:  Its name cannot be resolved to an address.",
        "left: Nothing was changed.",
        "next: Check the host in the database URL, and the name service of this machine.",
      ]
    `);
  });

  test('no answer in time', async () => {
    const port = await listen(() => undefined);
    expect(
      words(await failure(`postgres://u:hunter2@127.0.0.1:${port}/d?connect_timeout=0.2`)),
    ).toMatchInlineSnapshot(`
      [
        "No PostgreSQL server answers at 127.0.0.1:PORT. [BELLOWS_PG_UNREACHABLE]",
        "why:  It did not answer in time; a firewall may drop the packets.",
        "left: Nothing was changed.",
        "next: Check that the server runs and that host and port are right: pg_isready -h 127.0.0.1 -p PORT",
      ]
    `);
  });

  test('not a PostgreSQL server', async () => {
    const port = await listen((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
    expect(words(await failure(`postgres://u:hunter2@127.0.0.1:${port}/d`))).toMatchInlineSnapshot(`
      [
        "No PostgreSQL server answers at 127.0.0.1:PORT. [BELLOWS_PG_UNREACHABLE]",
        "why:  Something answers there that does not speak as PostgreSQL does, or it hung up.",
        "left: Nothing was changed.",
        "next: Check that the server runs and that host and port are right: pg_isready -h 127.0.0.1 -p PORT",
      ]
    `);
  });

  test('no such socket', async () => {
    expect(words(await failure('postgres://u@/d?host=/no/such/folder'))).toMatchInlineSnapshot(`
      [
        "No PostgreSQL server answers at /no/such/folder. [BELLOWS_PG_UNREACHABLE]",
        "why:  There is no such socket file.",
        "left: Nothing was changed.",
        "next: Check the socket folder in the database URL.",
      ]
    `);
  });

  test('a wrong password', async () => {
    expect(words(await failure(at('', { user: 'anna', password: 'hunter3' })))).toMatchInlineSnapshot(`
      [
        "The server at 127.0.0.1:PORT refused the login of "anna". [BELLOWS_PG_LOGIN]",
        "why:  The password is wrong or missing, or there is no such role.",
        "left: Nothing was changed.",
        "next: Check user and password in the database URL; special characters in a password must be percent-encoded.",
      ]
    `);
  });

  test('a missing password', async () => {
    expect(await failure(at('', { user: 'anna' }))).toMatchObject({ code: 'BELLOWS_PG_LOGIN' });
  });

  test('a user whom no line of pg_hba.conf lets in', async () => {
    expect(words(await failure(at('', { user: 'nobody' })))).toMatchInlineSnapshot(`
      [
        "The server at 127.0.0.1:PORT does not let "nobody" into "postgres". [BELLOWS_PG_NOT_ALLOWED]",
        "why:  The role does not exist or may not log in, or no line of pg_hba.conf allows this user, database, address and encryption.",
        "left: Nothing was changed.",
        "next: Check the user, and sslmode; then ask whoever runs the server for a line in pg_hba.conf.",
      ]
    `);
  });

  test('a missing database', async () => {
    expect(
      words(await failure(at('', { user: 'anna', password: 'hunter2', database: 'nowhere' }))),
    ).toMatchInlineSnapshot(`
      [
        "There is no database "nowhere" at 127.0.0.1:PORT. [BELLOWS_PG_NO_DATABASE]",
        "why:  The server answered and accepted the login.",
        "left: Nothing was changed.",
        "next: bellows create makes it; or correct the name at the end of the database URL.",
      ]
    `);
  });

  test('a database that the role may not connect to', async () => {
    expect(words(await failure(at('', { user: 'only_plain', database: 'closed' })))).toMatchInlineSnapshot(`
      [
        "Role "only_plain" may not connect to database "closed" at 127.0.0.1:PORT. [BELLOWS_PG_NOT_ALLOWED]",
        "why:  It lacks the CONNECT privilege.",
        "left: Nothing was changed.",
        "next: As the owner of the database: grant connect on database "closed" to "only_plain";",
      ]
    `);
  });

  test('a server that is too old', () => {
    const endpoint = { host: 'db', port: 5432, user: 'u', database: 'd' };
    expect(renderError(new ServerTooOldError(endpoint, 130_014))).toMatchInlineSnapshot(`
      [
        "The server at db:5432 is PostgreSQL 13.14; Bellows needs 14 or newer. [BELLOWS_PG_TOO_OLD]",
        "why:  Older servers have no TID range scans, so a table cannot be walked in short batches.",
        "left: Nothing was changed.",
        "next: Upgrade the server, or name another one in the database URL.",
      ]
    `);
  });

  test('a role whose times cannot be read', async () => {
    const admin = await connect(server.url);
    await admin.query(`alter role only_plain set datestyle = 'German'`);
    const error = await failure(at('', { user: 'only_plain' }));
    expect(words(error)).toMatchInlineSnapshot(`
      [
        "Role "only_plain" has DateStyle "German, DMY" in database "postgres"; Bellows needs ISO. [BELLOWS_PG_DATESTYLE]",
        "why:  Other styles print times in a form that cannot be read back for certain, and a setting of our own would change what expressions of a migration mean.",
        "left: Nothing was changed.",
        "next: alter role "only_plain" in database "postgres" set datestyle = 'ISO'; or give Bellows a role of its own.",
      ]
    `);
    await admin.query(error.text.next?.split('; ')[0] ?? '');
    expect(await open(at('', { user: 'only_plain' })).query('show datestyle')).toEqual([
      { DateStyle: 'ISO, MDY' },
    ]);
  });

  test('a failure is not remembered', async () => {
    const port = await freePort();
    const db = open(`postgres://postgres@127.0.0.1:${port}/postgres`);
    await expect(db.query('select 1')).rejects.toMatchObject({ code: 'BELLOWS_PG_UNREACHABLE' });
    const target = new URL(server.url);
    const relay = createServer((socket) => {
      const onward = connectSocket(Number(target.port), target.hostname);
      socket.pipe(onward).pipe(socket);
      for (const end of [socket, onward]) end.on('error', () => undefined);
    });
    silent.add(relay);
    await new Promise<void>((resolve) => relay.listen(port, '127.0.0.1', resolve));
    expect(await db.query('select 1 as one')).toEqual([{ one: 1 }]);
  });
});

describe('sslmode', () => {
  async function encrypted(url: string): Promise<boolean> {
    const db = open(url);
    const [row] = await db.query<{ ssl: boolean }>(
      'select ssl from pg_stat_ssl where pid = pg_backend_pid()',
    );
    const { encrypted: told } = await db.transport();
    expect(told).toBe(row?.ssl);
    return told;
  }
  const root = () => `&sslrootcert=${encodeURIComponent(join(folder, 'ca.crt'))}`;

  test.each([
    ['absent', '', true],
    ['disable', '?sslmode=disable', false],
    ['allow', '?sslmode=allow', false],
    ['prefer', '?sslmode=prefer', true],
    ['require, without a look at the certificate', '?sslmode=require', true],
  ])('%s', async (_, query, expected) => {
    expect(await encrypted(at(query))).toBe(expected);
  });

  test('verify-ca looks at the authority, verify-full at the name too', async () => {
    expect(await encrypted(at(`?sslmode=verify-ca${root()}`))).toBe(true);
    expect(await encrypted(at(`?sslmode=verify-full${root()}`, { host: 'localhost' }))).toBe(true);
    expect(words(await failure(at(`?sslmode=verify-full${root()}`)))).toMatchInlineSnapshot(`
      [
        "No encrypted connection to 127.0.0.1:PORT could be made as sslmode asks. [BELLOWS_PG_TLS]",
        "why:  The certificate of the server is for another host name.",
        "left: Nothing was changed.",
        "next: Use the host name that the certificate is for, or sslmode=verify-ca with sslrootcert.",
      ]
    `);
  });

  test('an unknown authority', async () => {
    expect(words(await failure(at('?sslmode=verify-full', { host: 'localhost' })))).toMatchInlineSnapshot(`
      [
        "No encrypted connection to localhost:PORT could be made as sslmode asks. [BELLOWS_PG_TLS]",
        "why:  The server shows a certificate that no trusted authority signed.",
        "left: Nothing was changed.",
        "next: Name the authority with sslrootcert=/path/to/ca.pem in the database URL.",
      ]
    `);
  });

  test('prefer and allow take the other way where the server refuses the first', async () => {
    expect(await encrypted(at('?sslmode=prefer', { user: 'only_plain' }))).toBe(false);
    expect(await encrypted(at('?sslmode=allow', { user: 'only_tls' }))).toBe(true);
    expect(await failure(at('?sslmode=require', { user: 'only_plain' }))).toMatchObject({
      code: 'BELLOWS_PG_NOT_ALLOWED',
    });
    expect(await failure(at('?sslmode=disable', { user: 'only_tls' }))).toMatchObject({
      code: 'BELLOWS_PG_NOT_ALLOWED',
    });
  });

  test('a server without TLS: prefer goes plain, require does not', async () => {
    const admin = await connect(server.url);
    await admin.query('alter system set ssl = off');
    await admin.query('select pg_reload_conf()');
    const off = open(at('?sslmode=disable'));
    await expect.poll(() => off.query('show ssl')).toEqual([{ ssl: 'off' }]);
    expect(await encrypted(at('?sslmode=prefer'))).toBe(false);
    expect(words(await failure(at('?sslmode=require')))).toMatchInlineSnapshot(`
      [
        "No encrypted connection to 127.0.0.1:PORT could be made as sslmode asks. [BELLOWS_PG_TLS]",
        "why:  The server offers no TLS.",
        "left: Nothing was changed.",
        "next: Switch ssl on at the server, or say sslmode=prefer (encrypted where it can be) in the database URL.",
      ]
    `);
  });
});
