import { describe, expect, it } from 'vitest';
import { VERBS } from '#cli/verbs/index';
import { BellowsError, ConditionError, DriftError, FencedError, RefusedError } from '#core/errors';
import { cli, type Ran } from './outside.js';
import * as samples from './samples.js';

const { ID } = samples;

describe('exit codes', () => {
  const failing = (error: Error) => cli('status', { status: () => Promise.reject(error) });

  it.each([
    [1, new ConditionError('BELLOWS_GATE_SHUT', { what: 'The gate is shut.' })],
    [3, new RefusedError({ what: 'It is a view.' })],
    [3, new TypeError('undefined is not a function')],
    [4, new FencedError('Another leader took over.')],
    [5, new DriftError({ what: 'The file was edited.' })],
  ])('%i', async (exit, error) => {
    const ran = await failing(error);
    expect(ran).toMatchObject({ exit, stdout: '', closed: 1 });
    expect(ran.stderr).toContain(error.message);
  });

  it('gate: 0 open, 1 shut', async () => {
    expect((await cli(`gate ${ID}`, { gate: async () => samples.openGate })).exit).toBe(0);
    expect((await cli(`gate ${ID}`, { gate: async () => samples.shutGate })).exit).toBe(1);
  });

  it('verify: 1 while rows are pending or differ, 0 for those that the application gave on both sides', async () => {
    const exit = async (found: object) =>
      (await cli(`verify ${ID}`, { verify: async () => ({ ...samples.verified, ...found }) })).exit;
    expect([await exit({}), await exit({ pending: 1 }), await exit({ mismatched: 1 })]).toEqual([0, 1, 1]);
  });

  it('contract: 0 done, 1 back at the gate, 3 failed', async () => {
    const exit = async (status: typeof samples.done) =>
      (await cli(`contract ${ID} --yes`, { contract: async () => status })).exit;
    expect([await exit(samples.done), await exit(samples.gated), await exit(samples.failed)]).toEqual([
      0, 1, 3,
    ]);
  });
});

describe('errors', () => {
  const error = new BellowsError(
    'BELLOWS_TEST',
    {
      what: 'It broke on postgres://anna:s3cret@db/x.',
      why: 'Because.',
      left: 'Nothing.',
      next: 'bellows status',
    },
    {},
    3,
  );
  const broken = { status: () => Promise.reject(error) };

  it('say what, why, what was left, and what next, on stderr and without passwords', async () => {
    const { stdout, stderr } = await cli('status', broken);
    expect(stdout).toBe('');
    expect(stderr).toBe(
      'It broke on postgres://anna:***@db/x. [BELLOWS_TEST]\nwhy:  Because.\nleft: Nothing.\nnext: bellows status\n',
    );
  });

  it('are one document on stdout with --json, wherever it stands', async () => {
    for (const line of ['status --json', '--json status']) {
      const { exit, stdout, stderr } = await cli(line, broken);
      expect([exit, stderr]).toEqual([3, '']);
      expect(JSON.parse(stdout)).toEqual({
        error: {
          code: 'BELLOWS_TEST',
          what: 'It broke on postgres://anna:***@db/x.',
          why: 'Because.',
          left: 'Nothing.',
          next: 'bellows status',
        },
      });
    }
  });

  it('hide a password that no URL can hold', async () => {
    const url = 'postgres://anna:p@ss w/rd@db/x';
    const fail = { status: () => Promise.reject(new Error(`no connection to ${url}`)) };
    for (const ran of [
      await cli(['status', '--database-url', url], fail),
      await cli(['status', `--database-url=${url}`], fail),
      await cli('status', fail, { env: { DATABASE_URL: url } }),
    ]) {
      expect(ran.stderr).toContain('no connection to postgres:');
      expect(ran.stderr).not.toMatch(/ss w|rd@/);
    }
  });

  it('nobody expected are one line; the stack is for DEBUG=bellows', async () => {
    const fail = { status: () => Promise.reject(new TypeError('x is not a function\nmore')) };
    expect((await cli('status', fail)).stderr).toBe('x is not a function [BELLOWS_UNEXPECTED]\n');
    expect((await cli('status', fail, { env: { DEBUG: 'bellows' } })).stderr).toMatch(/\n\s+at .*exit\.test/);
  });

  it('in SQL show the place', async () => {
    const { SqlSyntaxError } = await import('#parser/errors');
    const fail = {
      plan: () => Promise.reject(new SqlSyntaxError('syntax error at or near "form"', 'select 1 form t', 9)),
    };
    expect((await cli('plan', fail)).stderr).toBe(
      [
        'SQL that PostgreSQL cannot read: syntax error at or near "form" (line 1, column 10) [BELLOWS_SQL_SYNTAX]',
        '1 | select 1 form t',
        '             ^',
        'left: Nothing was run.',
        'next: Correct the SQL and run the command again.\n',
      ].join('\n'),
    );
  });
});

describe('usage', () => {
  it.each([
    ['stauts', "Unknown command 'stauts'.", 'Did you mean status?'],
    ['status --jsno', "Unknown option '--jsno'.", 'Did you mean --json?'],
    ['gate', "Missing required argument 'id'.", 'bellows gate --help'],
    [`pause ${ID}`, "Required option '--reason <text>' not specified.", 'bellows pause --help'],
    ['up --until tomorrow', 'Allowed choices are expanded, gated, done.', 'bellows up --help'],
    ['up --detach --until done', "cannot be used with option '--until <point>'", 'bellows up --help'],
    ['up --approve', '--approve needs a reason', '--reason'],
    ['up --reason x', '--reason means something only together with --approve.', '--approve'],
    [`gate ${ID} --skip everything`, 'Allowed choices are ledger', 'bellows gate --help'],
    [`gate ${ID} --skip soak`, '--skip needs a reason', '--reason'],
    ['kill bash', 'The process id must be a whole number', 'bellows --help'],
    ['history --limit 0', '--limit must be a whole number', 'bellows --help'],
    ['quarantine', 'It does not say which command.', 'bellows quarantine --help'],
    ['status one two', 'Too many arguments', 'bellows status --help'],
  ])('%s', async (line, what, next) => {
    const ran = await cli(line);
    expect(ran).toMatchObject({ exit: 2, stdout: '', connections: [] });
    expect(ran.stderr).toContain(what);
    expect(ran.stderr).toContain('[BELLOWS_USAGE]');
    expect(ran.stderr).toContain(next);
  });

  it('is an error document with --json', async () => {
    const ran = await cli('stauts --json');
    expect([ran.exit, JSON.parse(ran.stdout).error.code]).toEqual([2, 'BELLOWS_USAGE']);
  });

  it('without any: help, with every command, and what exit codes mean', async () => {
    const ran = await cli('');
    expect(ran).toMatchObject({ exit: 0, stderr: '' });
    expect(ran.stdout).toMatchSnapshot();
    expect(await cli('--help')).toEqual(ran);
  });

  it('every command has help with an example', async () => {
    const names = [...(await cli('')).stdout.matchAll(/^ {2}([a-z]+)(?: \S+)* {2,}/gm)].map(
      (match) => match[1] ?? '',
    );
    expect(names.filter((name) => name !== 'help')).toHaveLength(VERBS.flatMap(({ verbs }) => verbs).length);
    for (const name of names.filter((one) => one !== 'help')) {
      const ran = await cli(`${name} --help`);
      expect(ran.exit).toBe(0);
      expect(ran.stdout).toMatch(new RegExp(`Examples?:\\n {2}\\$ bellows ${name}`));
    }
  });

  it('prints the version', async () => {
    expect(await cli('--version')).toMatchObject({
      exit: 0,
      stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/),
    });
  });

  it('takes global options before and after the verb', async () => {
    const given = '--env staging --database-url postgres://db/x --queue-url redis://q --migrations sql';
    const before = await cli(`${given} status`, { status: async () => ({ migrations: [] }) });
    const after = await cli(`status ${given}`, { status: async () => ({ migrations: [] }) });
    const told = ({ connections }: Ran) => connections.map(({ listeners, ...rest }) => rest);
    expect(told(after)).toEqual(told(before));
    expect(after.connections[0]).toMatchObject({
      env: 'staging',
      overrides: { databaseUrl: 'postgres://db/x', queueUrl: 'redis://q', migrations: ['sql'] },
    });
  });
});
