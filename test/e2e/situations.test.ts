/**
 * Six situations in which a migration does not move. Page, `status <id>`, log and API give the identical reason and the identical
 * next command: an operator who reads one of them to another must not have to translate.
 */
import type pg from 'pg';
import { expect, it } from 'vitest';
import type { Bellows } from '#api';
import { runCli } from '#cli/run';
import type { Wait } from '#core/waits';
import { createLog } from '#observe/log';
import { ask } from '../http/serving.js';
import { createUsers, SPLIT, type SplitOptions, splitFile, useStages } from '../invariants/stage.js';
import { connect, useDatabase } from '../support/database.js';
import { until } from '../support/until.js';

const used = useDatabase();
const stages = useStages();

interface Situation {
  readonly client: pg.Client;
  readonly bellows: Bellows;
  readonly log: readonly string[];
}

/** A project with a thousand users, and the log of the process that serves it. */
async function situation(file: SplitOptions = {}): Promise<Situation> {
  const client = await connect(used.url);
  await createUsers(client, 1_000);
  const log: string[] = [];
  const { listener } = createLog({ pretty: false, destination: { write: (line: string) => log.push(line) } });
  const { bellows } = await stages.create({
    ...{ url: used.url, file: splitFile(file), listeners: [listener] },
    overrides: {
      logLevel: 'silent',
      http: { metricsPort: 0, workerMetricsPort: 0, pagePort: 0 },
    },
  });
  return { client, bellows, log };
}

/** What each of the four says: the reason, and what to do. */
interface Said {
  readonly api: Said1;
  readonly page: Said1;
  readonly terminal: Said1;
  readonly log: Said1;
}
type Said1 = Pick<Wait, 'reason' | 'next'>;

async function said({ bellows, log }: Situation, cause: Wait['cause']): Promise<Said> {
  const { page } = await stages.serve(bellows);
  await until(() => log.some((line) => line.includes(`"cause":"${cause}"`)), {
    ...{ timeoutMs: 20_000, what: `the log to say ${cause}` },
  });
  const api = await ofApi(`${page}/api/migrations/${SPLIT}`);
  return {
    api,
    page: await ofPage(`${page}/migrations/${SPLIT}`),
    terminal: await ofTerminal(bellows),
    log: ofLog(log, cause),
  };
}

async function ofApi(url: string): Promise<Said1> {
  const { migration } = JSON.parse((await ask(url)).text) as { migration: { waits: readonly Wait[] } };
  const { reason = '', next = '' } = migration.waits[0] ?? {};
  return { reason, next };
}

async function ofPage(url: string): Promise<Said1> {
  const { text } = await ask(url);
  const of = (name: string) =>
    unescaped(new RegExp(`<section id="banner"[^]*?class="${name}">([^<]*)<`).exec(text)?.[1] ?? '');
  return { reason: of('reason'), next: of('next') };
}

function unescaped(markup: string): string {
  return markup
    .replaceAll(/&#(\d+);/g, (_, code: string) => String.fromCharCode(Number(code)))
    .replaceAll('&quot;', '"')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&');
}

async function ofTerminal(bellows: Bellows): Promise<Said1> {
  const out: string[] = [];
  const sink = { write: (text: string) => out.push(text) };
  const io = { stdout: sink, stderr: sink, isTTY: false, env: {}, columns: 80 };
  await runCli(['status', SPLIT], io, async () => ({ ...bellows, close: async () => undefined }));
  // A field goes on below its own beginning; broken at spaces it is the same text.
  const of = (label: string) =>
    new RegExp(`^ {2}${label} +(.*(?:\\n {12}\\S.*)*)`, 'm')
      .exec(out.join(''))?.[1]
      ?.replaceAll(/\s+/g, ' ') ?? '';
  const failed = of('failed').replace(/ \[BELLOWS_\w+\]$/, '');
  return { reason: failed === '' ? of('why') : failed, next: of('next') };
}

function ofLog(log: readonly string[], cause: string): Said1 {
  const line = log.findLast((text) => text.includes(`"cause":"${cause}"`)) ?? '{}';
  const { reason, next, msg } = JSON.parse(line) as Said1 & { readonly msg: string };
  expect(msg).toBe(`waits: ${reason}; next: ${next}`);
  return { reason, next };
}

function expectOneVoice({ api, page, terminal, log }: Said, reason: RegExp, next: RegExp): void {
  expect(api.reason).toMatch(reason);
  expect(api.next).toMatch(next);
  expect({ page, terminal, log }).toEqual({ page: api, terminal: api, log: api });
}

/** The application, idle in a transaction that holds a lock on the table. */
async function hold(lock: string): Promise<pg.Client> {
  const holder = await connect(used.url);
  await holder.query(`set application_name = 'reports'`);
  await holder.query('begin');
  await holder.query(lock);
  return holder;
}

it('throttled', async () => {
  const staged = await situation();
  await staged.bellows.up({ until: 'expanded', detach: true });
  await staged.client.query('create table pad ()');
  // A session of ours that holds a lock, and one of the application that waits for it.
  const ours = await connect(used.url);
  await ours.query(`set application_name = 'bellows drill'`);
  await ours.query('begin');
  await ours.query('lock table pad');
  const waiting = connect(used.url).then((client) => client.query('select from pad'));
  waiting.catch(() => undefined);
  const waits = () =>
    staged.client.query(`select from pg_locks where clock_timestamp() - waitstart > interval '1.1 s'`);
  await until(async () => (await waits()).rows.length > 0, { what: 'somebody who waits long' });
  const end = new AbortController();
  const working = staged.bellows.worker({ signal: end.signal });
  const held = () => staged.client.query('select from bellows.holds');
  await until(async () => (await held()).rows.length > 0, { what: 'the hold' });
  // Without a worker the reading stands still, so that the four can be compared.
  end.abort();
  await working;
  expectOneVoice(
    await said(staged, 'throttle'),
    /^held by lock_waiters: a session has waited for Bellows for \d+ ms \(limit 1000 ms\)$/,
    /^released when /,
  );
  await ours.query('rollback');
  await waiting;
});

it('blocked DDL', async () => {
  const staged = await situation();
  const holder = await hold('lock table users in access share mode');
  const end = new AbortController();
  const begun = staged.bellows.up({ until: 'expanded', detach: true, signal: end.signal });
  const blocked = () => staged.client.query(`select from bellows.steps where blockers <> '[]'`);
  await until(async () => (await blocked()).rows.length > 0, { what: 'the blocker' });
  end.abort();
  await begun;
  expectOneVoice(
    await said(staged, 'lock'),
    /^waits for a lock held by pid \d+ app=reports user=\w+ idle in transaction$/,
    /^bellows kill \d+ --reason "…" ends it$/,
  );
  await holder.query('rollback');
});

it('no worker', async () => {
  const staged = await situation();
  await staged.bellows.up({ until: 'expanded', detach: true });
  expectOneVoice(await said(staged, 'no_worker'), /^no worker is alive$/, /^bellows up, or bellows worker$/);
});

it('quarantine', async () => {
  const staged = await situation({ firstName: `(10 / (id + 7))::text` });
  await staged.bellows.up();
  expectOneVoice(
    await said(staged, 'gate'),
    /^gate shut by quarantine, approval$/,
    new RegExp(
      `^bellows quarantine list ${SPLIT}; correct the rows, then bellows quarantine retry ${SPLIT}$`,
    ),
  );
});

it('gate shut', async () => {
  const staged = await situation({ more: `\n  gate: { deployed: { api: '>=42' } },` });
  await staged.bellows.up();
  expectOneVoice(
    await said(staged, 'gate'),
    /^gate shut by deployed, approval$/,
    /bellows deploys record api/,
  );
});

it('failed', async () => {
  const staged = await situation();
  await staged.bellows.up({ until: 'expanded', detach: true });
  // The name that an index of settling is to get.
  await staged.client.query('create view users_last_name as select');
  const { migrations } = await staged.bellows.up();
  expect(migrations[0]?.failed).not.toBeNull();
  expectOneVoice(await said(staged, 'failed'), /users_last_name/, /bellows/);
});
