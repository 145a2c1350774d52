import { describe, expect, it } from 'vitest';
import type { Bellows, UpOptions } from '#api';
import type { MigrationStatus } from '#core/status';
import { folderWith } from '../project/folder.js';
import { cli, NOW, start } from './outside.js';
import * as samples from './samples.js';

const { ID } = samples;
// biome-ignore lint/suspicious/noControlCharactersInRegex: that is what is looked for
const CONTROL = /[\u001b\r]/;

const ending = (migrations: readonly MigrationStatus[], reached: boolean) => ({
  up: async () => samples.upResult(migrations, reached),
});

describe('how up ends', () => {
  it.each([
    ['done', [samples.done], true, 0],
    ['at a shut gate', [samples.gated], true, 0],
    ['with a failed run', [samples.done, samples.failed], false, 3],
    ['with a paused one', [samples.paused], false, 1],
    ['with one that was rolled back', [{ ...samples.done, state: 'rolled_back' }], false, 1],
    ['with nothing to do', [], true, 0],
  ] as const)('%s', async (_, migrations, reached, exit) => {
    expect((await cli('up', ending(migrations, reached))).exit).toBe(exit);
  });

  it('with later ones waiting behind a shut gate: 0, but not where done was asked for, or is the default', async () => {
    const waiting = ending([samples.gated, samples.pending], false);
    const config = (gate: string) => ({
      'bellows.config.js': `export default { environments: { x: { gate: '${gate}' } } };`,
    });
    const cwd = await folderWith(config('full'));
    expect((await cli('up --env x', waiting, { cwd })).exit).toBe(0);
    expect((await cli('up --env x --until gated', waiting, { cwd })).exit).toBe(0);
    expect((await cli('up --env x --until done', waiting, { cwd })).exit).toBe(1);
    expect((await cli('up --env x', waiting, { cwd: await folderWith(config('data-only')) })).exit).toBe(1);
  });

  it('lists what is missing, and what to do next', async () => {
    const { stdout } = await cli('up', ending([samples.done, samples.gated], true));
    expect(stdout).toContain('missing (3 of 14 checks):');
    expect(stdout).toContain('release: bellows deploys record api 42');
    expect(stdout).toContain('1 of 2 done, 12 s');
  });

  it('hands on what was asked for', async () => {
    const seen: UpOptions[] = [];
    const up: Bellows['up'] = async (options = {}) => {
      seen.push(options);
      return samples.upResult([], true);
    };
    await cli(['up', ID, '--to', '20250101000000', '--until', 'expanded', '--approve', '--reason', 'dev'], {
      up,
    });
    await cli('up --detach', { up });
    expect(seen[0]).toMatchObject({
      migration: ID,
      to: '20250101000000',
      until: 'expanded',
      approve: { reason: 'dev' },
    });
    expect(seen[1]).toMatchObject({ detach: true });
    expect(seen[1]).not.toHaveProperty('until');
  });
});

describe('live progress', () => {
  const other = { ...samples.backfilling, id: '20240301000000_other' };

  /** Looks at one second each, telling `up` what is seen. */
  function looking(looks: readonly (readonly MigrationStatus[])[]) {
    let clock = NOW;
    const up: Bellows['up'] = async (options = {}) => {
      for (const migrations of looks) {
        options.onProgress?.({ migrations });
        clock += 1000;
      }
      return samples.upResult(looks.at(-1) ?? [], true);
    };
    return { bellows: { up }, now: () => clock };
  }
  const rows = (rowsDone: number): MigrationStatus => ({
    ...samples.backfilling,
    backfill: samples.backfilling.backfill && { ...samples.backfilling.backfill, rowsDone },
  });

  it('in a pipe is a line on each change, and one every ten seconds, without control codes', async () => {
    const walk = Array.from({ length: 25 }, (_, i) => [samples.done, rows(i * 1000)]);
    const { bellows, now } = looking([
      ...walk,
      [samples.done, samples.throttled],
      [samples.done, samples.gated],
    ]);
    const { stdout, stderr } = await cli('up', bellows, { now });
    const lines = stderr.trimEnd().split('\n');
    expect(lines.map((line) => line.replace(/ {2}18,240.*/, ''))).toEqual([
      `${ID}  backfilling  0.0 %  0 / ~180,000,000 rows  measuring`,
      `${ID}  backfilling  0.0 %  10,000 / ~180,000,000 rows`,
      `${ID}  backfilling  0.0 %  20,000 / ~180,000,000 rows`,
      expect.stringContaining('71.4 %  128,540,112'),
      `${ID}  gated  gate 11/14, waiting for deployed, queries, approval`,
    ]);
    expect(lines[3]).toContain(
      'held by replication_lag: replica-b is 6.2 s behind (limit 5 s); released when replica-b is less than 5 s behind',
    );
    expect(`${stdout}${stderr}`).not.toMatch(CONTROL);
  });

  const redrawn = [[rows(0)], [rows(90_000_000)], [samples.gated]];
  // The carriage return: after Ctrl-C the terminal's ^C stands in the line.
  const BACK = '\r\u001b[3A\u001b[0J';

  it('on a terminal is redrawn in place, and makes room for the answer', async () => {
    const { bellows, now } = looking(redrawn);
    const { stdout, stderr } = await cli('up --no-color', bellows, { terminal: true, now });
    const [first, second, third, ...rest] = stderr.split(BACK);
    expect(first).toContain('0.0 %  0 /');
    expect(second).toContain('[##########----------]  50.0 %  90,000,000');
    expect(third).toContain('gated');
    expect(third).not.toMatch(CONTROL);
    expect(rest).toEqual(['']);
    expect(stdout).toContain(`${ID}  gated`);
  });

  it('leaves its last look standing where the answer goes elsewhere, or there is none', async () => {
    const { bellows, now } = looking(redrawn);
    const elsewhere = await cli('up --no-color', bellows, { terminal: true, redirected: true, now });
    expect(elsewhere.stderr.split(BACK)[2]).toMatch(/gated[^\r]*\n$/);
    expect(elsewhere.stderr.split(BACK)).toHaveLength(3);
    const up: Bellows['up'] = async (options = {}) => {
      options.onProgress?.({ migrations: [rows(0)] });
      throw new Error('disk full');
    };
    const broken = await cli('up --no-color', { up }, { terminal: true });
    expect(broken.stderr).toMatch(/backfilling\n[^\r]*disk full/);
  });

  it('tells of the session that blocks', async () => {
    const blocker = {
      pid: 7,
      application: 'psql',
      user: 'bi',
      state: 'idle in transaction',
      ageSeconds: 61,
      query: '',
    };
    const expanding = { ...samples.pending, id: ID, state: 'expanding', next: 'the expand steps run' };
    const attempt = {
      migration: ID,
      step: 'expand/1',
      lockWaitSeconds: 0.5,
      lockHeldSeconds: null,
      queued: 0,
    };
    const { stderr } = await cli('up', ({ listeners: [listener] }) => ({
      up: async ({ onProgress } = {}) => {
        const look = () => onProgress?.({ migrations: [expanding] });
        look();
        listener?.('step:attempt', { ...attempt, outcome: 'lock_timeout', blockers: [blocker] });
        look();
        listener?.('step:attempt', { ...attempt, outcome: 'ok', blockers: [] });
        look();
        return samples.upResult([samples.done], true);
      },
    }));
    const line = `${ID}  expanding`;
    const blocked = `${line}  blocked by pid 7 app=psql user=bi idle in transaction 1 min 1 s`;
    expect(stderr.trimEnd().split('\n')).toEqual([line, blocked, line]);
  });

  it('shows what was asked for only', async () => {
    const { bellows, now } = looking([[samples.backfilling, other]]);
    expect((await cli(`up ${ID}`, bellows, { now })).stderr).not.toContain('other');
    expect((await cli('up 20240301000000', bellows, { now })).stderr).toMatch(
      /^20240301000000_other[^\n]*\n$/,
    );
  });
});

describe('a signal', () => {
  it.each([
    ['SIGTERM', 0],
    ['SIGINT', 130],
  ] as const)('%s lets the batch finish, says where it stands and how to go on', async (name, exit) => {
    const up: Bellows['up'] = ({ signal } = {}) =>
      new Promise((resolve) => {
        signal?.addEventListener('abort', () => resolve(samples.upResult([samples.backfilling], false)));
        running.send(name);
      });
    const running = start(`up ${ID}`, { up });
    const ran = await running.ran;
    expect(ran).toMatchObject({ exit, closed: 1 });
    expect(ran.stdout).toContain(`${ID}  backfilling\n  71.4 %  128,540,112 / ~180,000,000 rows\n`);
    expect(ran.stderr).toContain(`Stopped by ${name}`);
    expect(ran.stderr).toContain(`bellows up ${ID} goes on from here.`);
  });

  it('is told of on a terminal without breaking a word', async () => {
    const up: Bellows['up'] = ({ signal } = {}) =>
      new Promise((resolve) => {
        signal?.addEventListener('abort', () => resolve(samples.upResult([samples.backfilling], false)));
        running.send('SIGINT');
      });
    const running = start(`up ${ID}`, { up }, { terminal: true });
    const lines = (await running.ran).stderr.split('\n');
    expect(lines[0]).toMatch(/^Stopped by SIGINT: finished batches are kept/);
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(80);
  });

  it('ends a verification as an unmet condition, and a failure meanwhile stays a failure', async () => {
    const verify =
      (fail: (signal: AbortSignal) => unknown): Bellows['verify'] =>
      (_, options) => {
        running.send('SIGTERM');
        return Promise.reject(fail(options?.signal ?? AbortSignal.abort()));
      };
    let running = start(`verify ${ID}`, { verify: verify((signal) => signal.reason) });
    expect(await running.ran).toMatchObject({
      exit: 1,
      stderr: expect.stringContaining('[BELLOWS_INTERRUPTED]'),
    });
    running = start(`verify ${ID}`, { verify: verify(() => new Error('disk full')) });
    expect(await running.ran).toMatchObject({ exit: 3, stderr: expect.stringContaining('disk full') });
  });
});
