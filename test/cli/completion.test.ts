/** The scripts, in the shells that they are for. */
import { execFileSync, spawnSync } from 'node:child_process';
import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { VERBS } from '#cli/verbs/index';
import { folderWith } from '../project/folder.js';
import { cli } from './outside.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const scripts: Record<string, string> = {};
const has = (shell: string) => spawnSync(shell, ['-c', 'true']).status === 0;

beforeAll(async () => {
  for (const shell of ['bash', 'zsh', 'fish']) scripts[shell] = (await cli(`completion ${shell}`)).stdout;
});

/** What Tab offers at the end of the line, in a real bash with the command on its path. */
async function offered(
  line: string,
  files: Readonly<Record<string, string>> = {},
): Promise<readonly string[]> {
  const cwd = await folderWith({ ...files, 'completion.bash': scripts.bash ?? '' });
  const loader = join(ROOT, 'test/support/typescript.mjs');
  await writeFile(
    join(cwd, 'bellows'),
    `#!/bin/sh\nexec ${process.execPath} --conditions=pgbellows-source --import ${loader} ${join(ROOT, 'src/cli/bellows.ts')} "$@"\n`,
  );
  await chmod(join(cwd, 'bellows'), 0o755);
  const typed = `COMP_WORDS=(${line
    .split(' ')
    .map((word) => `'${word}'`)
    .join(' ')})`;
  const program = `source ./completion.bash; ${typed}; COMP_CWORD=$((\${#COMP_WORDS[@]} - 1)); _bellows; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const env = { PATH: `${cwd}:${process.env.PATH}` };
  return execFileSync('bash', ['--norc', '-uc', program], { cwd, env, encoding: 'utf8' })
    .trim()
    .split('\n')
    .filter(Boolean);
}

describe('bash', () => {
  it('offers every command', async () => {
    const all = await offered('bellows ');
    expect(all).toHaveLength(VERBS.flatMap(({ verbs }) => verbs).length);
    expect(all).toEqual(expect.arrayContaining(['up', 'changelog', 'completion', 'drop']));
    expect(await offered('bellows st')).toEqual(['status']);
  });

  it('offers options, those of the command and those of all, wherever the command stands', async () => {
    expect(await offered('bellows up --un')).toEqual(['--until']);
    expect(await offered('bellows --env up up --json --env-')).toEqual(['--env-file']);
    expect(await offered('bellows drop --con')).toEqual(['--confirm']);
    expect(await offered('bellows status --con')).toEqual([]);
  });

  it('offers what an option may be: its choices, or files', async () => {
    expect(await offered('bellows up --until ')).toEqual(['expanded', 'gated', 'done']);
    expect(await offered('bellows --env-file ./x', { 'x.env': '' })).toEqual(['./x.env']);
    expect(await offered('bellows up --reason ')).toEqual([]);
  });

  it('offers subcommands, and ids of the files without a database; none that a shell would run', async () => {
    expect(await offered('bellows quarantine ')).toEqual(['list', 'retry', 'skip']);
    const files = {
      'migrations/20240101000000_one.sql': 'select 1;',
      'migrations/20240102000000_two.ts': 'export default {};',
      'migrations/20240103000000_$(touch evil).sql': 'select 1;',
    };
    const both = ['20240101000000_one', '20240102000000_two'];
    expect(await offered('bellows status ', files)).toEqual(both);
    expect(await offered('bellows quarantine list 20240102', files)).toEqual(both.slice(1));
    expect(await offered('bellows serve ', files)).toEqual([]);
  }, 30_000);
});

describe.each(['bash', 'zsh', 'fish'])('the script for %s', (shell) => {
  it('names every command, and choices', () => {
    expect(scripts[shell]).toContain('changelog');
    expect(scripts[shell]).toContain('expanded gated done');
  });

  it.runIf(has(shell))('is what the shell can read', async () => {
    const cwd = await folderWith({ script: scripts[shell] ?? '' });
    const ran = spawnSync(shell, ['-n', join(cwd, 'script')], { encoding: 'utf8' });
    expect(ran).toMatchObject({ status: 0, stderr: '' });
  });

  it.runIf(shell === 'fish' && has('fish'))('completes', async () => {
    const cwd = await folderWith({ script: scripts.fish ?? '' });
    const ask = (line: string) =>
      execFileSync('fish', ['-c', `source script; complete -C '${line}'`], { cwd, encoding: 'utf8' });
    expect(ask('bellows change')).toMatch(/^changelog\t/);
    expect(ask('bellows up --until g')).toMatch(/^gated/m);
    expect(ask('bellows quarantine re')).toMatch(/^retry\t/);
    expect(ask('bellows up --confirm').trim()).toBe('');
  });
});

it('refuses a shell that it does not know, or none', async () => {
  expect((await cli('completion tcsh')).exit).toBe(2);
  expect((await cli('completion')).exit).toBe(2);
});
