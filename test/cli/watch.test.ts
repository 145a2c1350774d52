import { describe, expect, it } from 'vitest';
import type { MigrationStatus } from '#core/status';
import { until } from '../support/until.js';
import { NOW, start } from './outside.js';
import * as samples from './samples.js';

const ID = samples.ID;
// biome-ignore lint/suspicious/noControlCharactersInRegex: it looks for them
const CONTROL = /[\u0000-\u0009\u000b-\u001f]/;

/** Answers one look after the other; the last one again and again. */
function looks(all: readonly (readonly MigrationStatus[])[]) {
  let looked = 0;
  const status = async () => {
    const migrations = all[Math.min(looked, all.length - 1)] ?? [];
    looked += 1;
    return { migrations };
  };
  return { status, looked: () => looked };
}

describe('status --watch', () => {
  it('in a pipe is a line for each change, on stdout, without control codes, and ends when all is over', async () => {
    const blocked: MigrationStatus = {
      ...samples.pending,
      id: ID,
      state: 'expanding',
      waits: [
        { cause: 'lock', reason: 'waits for a lock held by pid 7 user=bi active', next: 'bellows kill 7' },
      ],
    };
    const { status } = looks([[blocked], [blocked], [{ ...samples.done, id: ID }]]);
    const { exit, stdout, stderr } = await start('status --watch', { status }).ran;
    expect(stdout.trimEnd().split('\n')).toEqual([
      `${ID}  expanding  waits for a lock held by pid 7 user=bi active`,
      `${ID}  done`,
    ]);
    expect([exit, stderr]).toEqual([0, '']);
    expect(stdout).not.toMatch(CONTROL);
  });

  it('on a terminal draws the screen anew, no higher than it is', async () => {
    const statusOf = async () => samples.detail;
    const running = start(['status', ID, '--watch', '--no-color'], { statusOf }, { terminal: true, rows: 8 });
    await new Promise((resolve) => setTimeout(resolve, 2_200));
    running.send('SIGINT');
    const { exit, stdout } = await running.ran;
    const screens = stdout.split('\u001b[H\u001b[2J').slice(1);
    expect(screens.length).toBeGreaterThanOrEqual(2);
    expect(screens[0]?.trimEnd().split('\n')).toHaveLength(7);
    expect(screens[0]).toContain('the terminal is too low for all');
    expect(exit).toBe(130);
  });

  it('with --json is a document a line', async () => {
    const { status, looked } = looks([[samples.backfilling], [samples.throttled]]);
    const running = start('status --watch --json', { status }, { now: () => NOW });
    await until(() => looked() >= 2);
    running.send('SIGTERM');
    const { exit, stdout } = await running.ran;
    const documents = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as object);
    expect(documents.slice(0, 2)).toEqual([
      { migrations: [samples.backfilling] },
      { migrations: [samples.throttled] },
    ]);
    expect(exit).toBe(0);
  });
});
