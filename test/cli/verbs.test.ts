import { describe, expect, it } from 'vitest';
import type { Bellows } from '#api';
import { cli, start } from './outside.js';
import * as samples from './samples.js';

const { ID } = samples;
// biome-ignore lint/suspicious/noControlCharactersInRegex: that is what is looked for
const CONTROL = /[\u001b\r]/;

/** Records what a verb was called with, and answers. */
function called<R>(answer: R) {
  const calls: unknown[][] = [];
  const verb = async (...args: unknown[]): Promise<R> => {
    calls.push(args);
    return answer;
  };
  return { calls, verb };
}

describe('--json gives the shapes of the library', () => {
  const up = samples.upResult([samples.done], true);
  const answers: readonly (readonly [string, Partial<Bellows>, unknown])[] = [
    [
      'status',
      { status: async () => ({ migrations: [samples.throttled] }) },
      { migrations: [samples.throttled] },
    ],
    [`status ${ID}`, { statusOf: async () => samples.detail }, samples.detail],
    ['plan', { plan: async () => [samples.planView] }, [samples.planView]],
    ['up', { up: async () => up }, up],
    [`gate ${ID}`, { gate: async () => samples.shutGate }, samples.shutGate],
    [`verify ${ID}`, { verify: async () => samples.verified }, samples.verified],
    [`resume ${ID}`, { resume: async () => samples.backfilling }, samples.backfilling],
    ['history', { history: async () => [] }, []],
    ['kill 7 --yes', { kill: async () => undefined }, { killed: 7 }],
  ];

  it.each(answers)('%s', async (line, bellows, document) => {
    for (const terminal of [false, true]) {
      const ran = await cli(`${line} --json`, bellows, { terminal });
      expect(JSON.parse(ran.stdout)).toEqual(document);
      expect(ran.closed).toBe(1);
    }
  });
});

describe('colour', () => {
  const bellows = { status: async () => ({ migrations: [samples.failed, samples.throttled] }) };

  it('is for terminals, unless it is not wanted', async () => {
    expect((await cli('status', bellows, { terminal: true })).stdout).toMatch(CONTROL);
    expect((await cli('status', bellows)).stdout).not.toMatch(CONTROL);
    expect((await cli('status --no-color', bellows, { terminal: true })).stdout).not.toMatch(CONTROL);
    expect((await cli('status', bellows, { terminal: true, env: { NO_COLOR: '1' } })).stdout).not.toMatch(
      CONTROL,
    );
  });
});

describe('what destroys something', () => {
  const verbs: readonly (readonly [string, string, Partial<Bellows>])[] = [
    [
      `contract ${ID}`,
      `Contract ${ID}? [y/N] `,
      { contract: async () => samples.done, plan: async () => [samples.planView] },
    ],
    [
      `rollback ${ID}`,
      `Roll back ${ID}? [y/N] `,
      { rollback: async () => ({ ...samples.done, state: 'rolled_back' }) },
    ],
    ['kill 21848', 'End the session with pid 21848? [y/N] ', { kill: async () => undefined }],
  ];

  it.each(verbs)('%s asks on a terminal', async (line, question, bellows) => {
    const yes = await cli(line, bellows, { terminal: true, answer: 'y' });
    expect([yes.exit, yes.asked]).toEqual([0, [question]]);
    const readOnly = bellows.plan === undefined ? {} : { plan: bellows.plan };
    for (const answer of ['', 'n', 'yesterday']) {
      const no = await cli(line, readOnly, { terminal: true, answer });
      expect(no.exit).toBe(1);
      expect(no.stderr).toContain('[BELLOWS_DECLINED]');
    }
  });

  it.each(verbs)('%s needs --yes without one, and never asks', async (line, _, bellows) => {
    const refused = await cli(line, bellows.plan === undefined ? {} : { plan: bellows.plan });
    expect(refused).toMatchObject({ exit: 2, asked: [] });
    expect(refused.stderr).toContain('--yes');
    expect(await cli(`${line} --yes`, bellows)).toMatchObject({ exit: 0, asked: [] });
  });

  it.each([
    [`contract ${ID}`, 'It drops users.full_name, public2.old. There is no way back but a new migration.'],
    [
      `rollback ${ID}`,
      'Of a phased migration it drops the new columns, with what was written only there; of a plain one it runs the down block. The migration can be run again later.',
    ],
    ['kill 21848', 'It ends the session, and what its open transaction did is rolled back.'],
  ])('%s says what it would do, to be asked and to be refused', async (line, what) => {
    const drops = ['public.users.full_name', 'public2.old'];
    const plan = async () => [{ ...samples.planView, plan: { ...samples.planView.plan, drops } }];
    expect((await cli(line, { plan })).stderr).toContain(`why:  ${what}\n`);
    const asked = await cli(line, { plan }, { terminal: true, answer: 'n', columns: 200 });
    expect(asked.stderr.replaceAll(/\s+/g, ' ')).toContain(what);
  });

  it('rollback without an id asks about, and rolls back, the newest in flight', async () => {
    const status = async () => ({ migrations: [samples.done, samples.gated, samples.pending] });
    const { calls, verb } = called({ ...samples.done, state: 'rolled_back' });
    const ran = await cli('rollback', { status, rollback: verb }, { terminal: true, answer: 'yes' });
    expect([ran.asked[0], calls[0]?.[0]]).toEqual([`Roll back ${ID}? [y/N] `, ID]);
  });
});

describe('arguments', () => {
  it.each([
    ['pause', ['pause', ID, '--reason', 'quarter end'], [ID, { reason: 'quarter end' }]],
    ['approve', ['approve', ID, '--reason', 'ok'], [ID, { reason: 'ok' }]],
    ['skipCheck', ['gate', ID, '--skip', 'soak', '--reason', 'hotfix'], [ID, 'soak', { reason: 'hotfix' }]],
    ['kill', ['kill', '7', '--reason', 'stuck', '--yes'], [7, { reason: 'stuck' }]],
    ['history', ['history', ID, '--limit', '20'], [{ migration: ID, limit: 20 }]],
    ['history', ['history'], [{}]],
  ] as const)('%s', async (verb, argv, expected) => {
    const answers = {
      pause: samples.paused,
      approve: samples.openGate,
      skipCheck: samples.openGate,
      kill: undefined,
      history: [],
    };
    const { calls, verb: record } = called<unknown>(answers[verb]);
    await cli(argv, { [verb]: record });
    expect(calls).toEqual([expected]);
  });

  it('of the groups', async () => {
    const [list, retry, skip, record] = [called([]), called(2), called(1), called(undefined)];
    const bellows = {
      quarantine: { list: list.verb, retry: retry.verb, skip: skip.verb },
      deploys: { record: record.verb, list: async () => [] },
    };
    await cli('quarantine list', bellows);
    expect((await cli(`quarantine retry ${ID}`, bellows)).stdout).toBe('2 rows returned to pending.\n');
    await cli(`quarantine skip ${ID} 12 --reason known`, bellows);
    await cli('deploys record api 42', bellows);
    expect([list.calls, retry.calls, skip.calls, record.calls]).toEqual([
      [[undefined]],
      [[ID, undefined]],
      [[ID, { reason: 'known', id: 12 }]],
      [['api', '42']],
    ]);
  });
});

describe('plan', () => {
  const sql = Array.from({ length: 40 }, (_, i) => `-- ${i}`).join('\n');
  const long = [{ ...samples.planView, batches: [{ table: 'users', sql, access: '', explain: [] }] }];
  const bellows = { plan: async () => long };

  it('cuts long statements, but not with --sql, and not in JSON', async () => {
    expect((await cli('plan', bellows)).stdout).toContain(
      `      … 37 more lines: bellows plan ${ID} --sql\n`,
    );
    expect((await cli('plan', bellows)).stdout).not.toContain('-- 39');
    expect((await cli('plan --sql', bellows)).stdout).toContain('-- 39');
    expect(JSON.parse((await cli('plan --json', bellows)).stdout)).toEqual(long);
  });
});

describe('verify', () => {
  it('counts on stderr, in place on a terminal only', async () => {
    const verify: Bellows['verify'] = async (_, options) => {
      options?.onProgress?.(1, 4);
      return samples.verified;
    };
    expect((await cli(`verify ${ID}`, { verify })).stderr).toBe('verifying 25 %\n');
    expect((await cli(`verify ${ID}`, { verify }, { terminal: true })).stderr).toBe(
      '\rverifying 25 %\u001b[K\r\u001b[K',
    );
  });
});

describe('serve and worker', () => {
  it('say where they listen, and end with the signal', async () => {
    const forever: Bellows['worker'] = (options) => {
      options.onReady?.({ metrics: 'http://127.0.0.1:9485' });
      return new Promise((resolve) => options.signal.addEventListener('abort', () => resolve()));
    };
    for (const [signal, exit] of [
      ['SIGTERM', 0],
      ['SIGINT', 130],
    ] as const) {
      const running = start('worker --slots 8', { worker: forever });
      await Promise.resolve().then(() => undefined);
      setImmediate(() => running.send(signal));
      expect(await running.ran).toMatchObject({
        exit,
        stdout: 'working; metrics and health on http://127.0.0.1:9485\n',
        closed: 1,
      });
    }
  });
});
