import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { open } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { EventMap } from '#core/events';
import { createLog } from '#observe/log';

function lines(options: Parameters<typeof createLog>[0] = {}) {
  const written: string[] = [];
  const destination = { write: (line: string) => void written.push(line) };
  return { written, log: createLog({ pretty: false, ...options, destination }) };
}
const parsed = (written: readonly string[]) =>
  written.map((line) => JSON.parse(line) as Record<string, unknown>);

const attempt: EventMap['step:attempt'] = {
  migration: '0042_split',
  step: 'expand/1',
  outcome: 'lock_timeout',
  lockWaitSeconds: 0.5,
  lockHeldSeconds: null,
  queued: 0,
  blockers: [
    {
      pid: 7,
      application: 'reports',
      user: 'bi',
      state: 'idle in transaction',
      ageSeconds: 2_467,
      query: 'select $1',
    },
  ],
};

describe('lines', () => {
  it('are one JSON object for each event, with its facts as fields', () => {
    const { written, log } = lines();
    log.listener('step:attempt', attempt);
    log.listener('run:transition', {
      migration: 'a',
      from: 'expanding',
      to: 'backfilling',
      event: 'expanded',
      actor: 'x',
    });
    expect(written.every((line) => line.endsWith('\n') && line.indexOf('\n') === line.length - 1)).toBe(true);
    const [first, second] = parsed(written);
    expect(first).toMatchObject({
      level: 'warn',
      type: 'step:attempt',
      migration: '0042_split',
      outcome: 'lock_timeout',
      msg: 'expand/1: lock_timeout after 500 ms of waiting for the lock; held by pid 7 app=reports user=bi idle in transaction 41 min 7 s',
    });
    expect(first?.time).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
    expect(second).toMatchObject({
      level: 'info',
      type: 'run:transition',
      event: 'expanded',
      from: 'expanding',
      to: 'backfilling',
    });
  });

  it('have levels that mean something', () => {
    const { written, log } = lines({ level: 'debug' });
    log.listener('batch:committed', { migration: 'a', rows: 1, blocks: 1, seconds: 0.1 });
    log.listener('batch:failed', { migration: 'a', outcome: 'split', sqlstate: '57014' });
    log.listener('batch:failed', { migration: 'a', outcome: 'failed', sqlstate: '42501' });
    log.listener('rows:quarantined', { migration: 'a', rows: 1, sqlstate: '22P02' });
    log.listener('run:failed', { migration: 'a', code: 'C', message: 'm', next: 'n' });
    log.listener('gate:evaluated', { migration: 'a', open: false, results: [] });
    log.listener('leader:changed', { leading: true, epoch: 1 });
    expect(parsed(written).map((line) => line.level)).toEqual([
      'debug',
      'debug',
      'warn',
      'warn',
      'error',
      'debug',
      'info',
    ]);
  });

  it('below the level are not written', () => {
    const { written, log } = lines({ level: 'warn' });
    log.listener('leader:changed', { leading: true, epoch: 1 });
    log.write('warn', 'the port is in use', { port: 9484 });
    expect(parsed(written)).toMatchObject([{ level: 'warn', msg: 'the port is in use', port: 9484 }]);
  });

  it('for people hold time, level, migration and words, in one line', () => {
    const { written, log } = lines({ pretty: true, colour: false });
    log.listener('run:failed', {
      migration: '0042_split',
      code: 'C',
      message: 'first\nsecond',
      next: 'look',
    });
    log.listener('leader:changed', { leading: true, epoch: 3 });
    expect(written[0]).toMatch(
      /^\d\d:\d\d:\d\d {2}ERROR {2}0042_split {2}failed: first · second \[C\]; next: look\n$/,
    );
    expect(written[1]).toMatch(/^\d\d:\d\d:\d\d {2}INFO {3}leads, epoch 3\n$/);
  });

  it('for people have colour where it is wanted, and only there', () => {
    const { written, log } = lines({ pretty: true, colour: true });
    log.listener('leader:changed', { leading: true, epoch: 3 });
    expect(written[0]).toContain('\u001b[32mINFO');
  });
});

describe('a log that cannot be written', () => {
  it('does not throw at who tells it', () => {
    const destination = {
      write: () => {
        throw new Error('ENOSPC');
      },
    };
    for (const pretty of [true, false]) {
      const log = createLog({ pretty, destination });
      expect(() => log.listener('leader:changed', { leading: true, epoch: 1 })).not.toThrow();
      expect(() => log.flush()).not.toThrow();
    }
  });

  it('because the disk is full: the process goes on and ends with its own exit code', async () => {
    const full = await open('/dev/full', 'w');
    try {
      const { code, stdout } = await child(full.fd, 3_000);
      expect(stdout).toContain('worked');
      expect(code).toBe(0);
    } finally {
      await full.close();
    }
  });

  it('because nobody reads the pipe: the process is not delayed, and ends', async () => {
    const { code, stdout } = await child('pipe', 20_000);
    expect(Number(/worked for (\d+) ms/.exec(stdout)?.[1])).toBeLessThan(5_000);
    expect(code).toBe(0);
  });

  it('because the reader went away: the process goes on', async () => {
    const { code, stdout } = await child('closed', 3_000);
    expect(stdout).toContain('worked');
    expect(code).toBe(0);
  });
});

/** A process that logs 20,000 lines, works meanwhile, and ends by itself. */
async function child(stderr: number | 'pipe' | 'closed', timeoutMs: number) {
  const loader = fileURLToPath(new URL('../support/typescript.mjs', import.meta.url));
  const program = fileURLToPath(new URL('./programs/logs-a-lot.ts', import.meta.url));
  const started = spawn(process.execPath, ['--import', loader, program], {
    stdio: ['ignore', 'pipe', typeof stderr === 'number' ? stderr : 'pipe'],
  });
  if (stderr === 'closed') started.stderr?.destroy();
  let stdout = '';
  started.stdout?.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  const timer = setTimeout(() => started.kill('SIGKILL'), timeoutMs + 5_000);
  const [code] = (await once(started, 'exit')) as [number | null];
  clearTimeout(timer);
  return { code, stdout };
}
