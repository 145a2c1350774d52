import { expect, test } from 'vitest';
import { renderError } from '#core/errors';
import { parseConnectionUrl } from '#postgres/connection-url';

const nothing = {};
const parsed = (url: string, env: Readonly<Record<string, string>> = nothing) => parseConnectionUrl(url, env);

test('reads the parts, decoded', () => {
  const { endpoint, config } = parsed('postgres://an%40na:p%40ss%2Fw%3Ard@db.example.com:6432/my%20db');
  expect(endpoint).toEqual({ host: 'db.example.com', port: 6432, user: 'an@na', database: 'my db' });
  expect(config).toMatchObject({ password: 'p@ss/w:rd', connectionTimeoutMillis: 10_000 });
});

test.each([
  ['postgres://u@[::1]/d', '::1', true],
  ['postgres://u@localhost/d', 'localhost', true],
  ['postgres://u@127.0.0.9/d', '127.0.0.9', true],
  ['postgres://u@10.0.0.1/d', '10.0.0.1', false],
  ['postgres://u@localhost.example.com/d', 'localhost.example.com', false],
  ['postgres://u@/d?host=/var/run/postgresql', '/var/run/postgresql', true],
  ['postgres:///d?host=/var/run/postgresql', '/var/run/postgresql', true],
  ['postgres://u@%2Fvar%2Frun/d', '/var/run', true],
  ['postgres://u@/d?socket=/var/run/postgresql&sslmode=disable', '/var/run/postgresql', true],
  ['postgres://u@/d', 'localhost', true],
  ['postgres://', 'localhost', true],
])('%s leads to %s', (url, host, loopback) => {
  expect(parsed(url)).toMatchObject({ endpoint: { host }, loopback });
});

test('what is absent comes from the environment, and the URL wins', () => {
  const env = { PGHOST: 'h', PGPORT: '7', PGUSER: 'u', PGDATABASE: 'd', PGSSLMODE: 'require' };
  expect(parsed('postgres://', env)).toMatchObject({
    endpoint: { host: 'h', port: 7, user: 'u', database: 'd' },
    sslmode: 'require',
  });
  expect(parsed('postgres://a@b:8/c?sslmode=disable', env)).toMatchObject({
    endpoint: { host: 'b', port: 8, user: 'a', database: 'c' },
    sslmode: 'disable',
  });
});

const unverified = { rejectUnauthorized: false };
const full = { rejectUnauthorized: true };
test.each([
  ['', [unverified, false]],
  ['?sslmode=disable', [false]],
  ['?sslmode=allow', [false, unverified]],
  ['?sslmode=prefer', [unverified, false]],
  ['?sslmode=require', [unverified]],
  ['?sslmode=verify-full', [full]],
  ['?sslmode=verify-full&sslrootcert=system', [full]],
])('sslmode as libpq means it: %s', (query, encryptions) => {
  expect(parsed(`postgres://u@h/d${query}`).encryptions).toEqual(encryptions);
});

test('with an authority, require checks the certificate and not the name; verify-full both', () => {
  const root = encodeURIComponent(import.meta.filename);
  const ways = (mode: string) => parsed(`postgres://u@h/d?sslmode=${mode}&sslrootcert=${root}`).encryptions;
  const byAuthority = {
    rejectUnauthorized: true,
    ca: expect.any(String),
    checkServerIdentity: expect.any(Function),
  };
  expect(ways('require')).toEqual([byAuthority]);
  expect(ways('verify-ca')).toEqual([byAuthority]);
  expect(ways('verify-full')).toEqual([{ rejectUnauthorized: true, ca: expect.any(String) }]);
});

test('search_path as Go has it becomes an option of the session, beside those that are there', () => {
  const options = (query: string) => parsed(`postgres://u@h/d?${query}`).config.options;
  expect(options('search_path=app,public')).toBe('-c search_path=app,public');
  expect(options('search_path=app,%20b%5Cc')).toBe(String.raw`-c search_path=app,\ b\\c`);
  expect(options('options=-c%20jit%3Doff&search_path=a')).toBe('-c jit=off -c search_path=a');
});

test('what other drivers need is passed over', () => {
  expect(parsed('postgres://u@h/d?binary_parameters=yes&pgbouncer=true&application_name=x').sslmode).toBe(
    'prefer',
  );
});

test('nothing is encrypted on a socket', () => {
  expect(parsed('postgres:///d?host=/run&sslmode=require').encryptions).toEqual([false]);
});

test.each([
  'mysql://u:hunter2@h/d',
  'postgres://u:hunter2@h:port/d',
  'postgres://u:hunter2@a:1,b:2/d',
  'postgres://u:hunter2%zz@h/d',
  'postgres://u:hunter2@h/d?port=0',
  'postgres://u:hunter2@h/d?sslmode=on',
  'postgres://u:hunter2@h/d?sslmode=verify-ca',
  'postgres://u:hunter2@h/d?sslmode=require&sslrootcert=/no/such/file',
  'postgres://u:hunter2@h/d?connect_timeout=soon',
  'postgres://u:hunter2@h/d?schema=app&pgbouncer=true',
  'postgres://u:hunter2@h/d?statement_timeout=5s',
])('refuses %s without showing the password', (url) => {
  let words: readonly string[] = [];
  try {
    parsed(url);
  } catch (error) {
    words = renderError(error as never);
  }
  expect(words.join('\n')).not.toContain('hunter2');
  expect(words).toMatchSnapshot();
});
