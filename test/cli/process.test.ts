/** The command as a process: real streams, real signals. */
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { folderWith } from '../project/folder.js';
import { spawnNode } from '../support/processes.js';

const BELLOWS = fileURLToPath(new URL('../../src/cli/bellows.ts', import.meta.url));
const WAITING = fileURLToPath(new URL('./waiting.ts', import.meta.url));
const STRAY = fileURLToPath(new URL('./stray.ts', import.meta.url));
const NOWHERE = { DATABASE_URL: undefined, BELLOWS_ENV: undefined, FORCE_COLOR: undefined };

async function bellows(args: readonly string[], cwd?: string) {
  const child = spawnNode([BELLOWS, ...args], { env: NOWHERE, ...(cwd === undefined ? {} : { cwd }) });
  const { code } = await child.exited;
  return { code, stdout: child.stdout, stderr: child.stderr };
}

describe('the process', () => {
  it('answers help without a database or a configuration', async () => {
    const { code, stdout, stderr } = await bellows([], await folderWith());
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toContain('Usage: bellows <command> [options]');
  });

  it('leaves with the exit code of the error', async () => {
    const { code, stdout, stderr } = await bellows(['stauts']);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain('Did you mean status?');
  });

  it.each([
    ['await new Promise(() => {});', 'BELLOWS_FILE_UNSETTLED'],
    ['process.exit(0);', 'BELLOWS_FILE_ENDED'],
  ])('names the file that it was loading when `%s` in it ended the command', async (line, error) => {
    const file = 'migrations/20240102000001_ends.ts';
    const cwd = await folderWith({ [file]: `${line}\nexport default {};\n` });
    for (const args of [['validate'], ['validate', '--json']]) {
      const { code, stdout, stderr } = await bellows(args, cwd);
      const said = args.includes('--json') ? stdout : stderr;
      expect(code).toBe(2);
      for (const part of [error, file, 'Nothing was changed.', 'run the command again'])
        expect(said).toContain(part);
    }
  });

  it('goes on after a stray error of others, and ends after one of its own; with no message either way', async () => {
    const [own, other] = [spawnNode([STRAY, 'own']), spawnNode([STRAY, 'other'])];
    expect((await own.exited).code).toBe(3);
    expect(own.stderr).toMatch(/^TypeError\n {2}at [^\n]*identifier\.ts.*BELLOWS_UNEXPECTED/s);
    expect((await other.exited).code).toBe(0);
    expect(other.stderr).toMatch(/Error at [^\n]*stray\.ts.*BELLOWS_STRAY_ERROR.*went on/s);
    expect(own.stderr + other.stderr).not.toContain('secret');
  });

  it('writes no control codes into a pipe, and never asks there', async () => {
    const { code, stderr } = await bellows(['kill', '1'], await folderWith());
    expect(code).toBe(2);
    expect(stderr).toContain('--yes');
    // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what is looked for
    expect(stderr).not.toMatch(/[\u001b\r]/);
  });

  it.each([
    ['SIGTERM', 0],
    ['SIGINT', 130],
  ] as const)('ends on %s within seconds, with what was finished said', async (signal, code) => {
    const child = spawnNode([WAITING, 'up']);
    await child.waitForLine(/backfilling {2}71\.4 %/);
    const began = Date.now();
    expect(await child.kill(signal)).toEqual({ code, signal: null });
    expect(Date.now() - began).toBeLessThan(3000);
    expect(child.stderr).toContain(`Stopped by ${signal}`);
    expect(child.stdout).toContain('backfilling');
  });

  it('does not wait after a second Ctrl-C', async () => {
    const child = spawnNode([WAITING, 'verify', 'x']);
    await child.waitForLine(/verifying 0 %/);
    process.kill(child.pid, 'SIGINT');
    await child.waitForLine(/asked to stop/);
    expect(await child.kill('SIGINT')).toEqual({ code: 130, signal: null });
  });
});
