/** The README is followed, word for word, by somebody who has nothing but Node and an empty database. */
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CHECKS } from '#core/gate';
import { exists, failed, ROOT, run, strangersFolder, tarballIn, typeErrors } from '../package/packed.js';
import { connect, useDatabase } from '../support/database.js';
import { fences } from './fences.js';

const MIGRATION = '20240102150000_split_user_name';
const readme = await readFile(join(ROOT, 'README.md'), 'utf8');
const blocks = fences(readme);
const steps = blocks.filter(({ language }) => language === 'sh');

let folder = '';
let outside = '';
let install = '';
const database = useDatabase({ per: 'file' });

beforeAll(async () => {
  [folder, outside] = [await strangersFolder(), await strangersFolder()];
  install = `npm install --prefer-offline ${await tarballIn(outside)}`;
}, 60_000);
afterAll(async () => {
  for (const one of [folder, outside]) await rm(one, { recursive: true, force: true });
});

/** Without the published package: what is installed is what this checkout packs. */
const asWritten = (text: string) => text.replaceAll(/^npm install pgbellows$/gm, install);
const shell = (text: string) =>
  run('bash', ['-e', '-o', 'pipefail', '-c', asWritten(text)], {
    cwd: folder,
    env: { DATABASE_URL: database.url },
  });

async function status(): Promise<{ readonly state: string; readonly gate: Record<string, string> }> {
  const { stdout } = await shell('npx bellows status --json');
  const { migrations } = JSON.parse(stdout) as {
    readonly migrations: readonly {
      readonly id: string;
      readonly state: string;
      readonly gate: readonly { readonly check: string; readonly verdict: string }[];
    }[];
  };
  const one = migrations.find(({ id }) => id === MIGRATION);
  const gate = Object.fromEntries((one?.gate ?? []).map(({ check, verdict }) => [check, verdict]));
  return { state: one?.state ?? 'unknown', gate };
}

/** What must be true after the step that runs this command, beyond its exit code. */
const AFTER: readonly { readonly command: RegExp; readonly holds: (said: string) => Promise<void> }[] = [
  { command: /bellows plan/, holds: async () => expect((await status()).state).toBe('pending') },
  {
    command: /bellows up/,
    holds: async () => {
      const { state, gate } = await status();
      expect(state).toBe('gated');
      expect(Object.keys(gate)).toEqual([...CHECKS]);
      expect(gate).toMatchObject({ pending_rows: 'pass', values: 'pass', sync_trigger: 'pass' });
      expect(gate).toMatchObject({ deployed: 'unknown', approval: 'fail' });
    },
  },
  {
    command: /both\.mjs/,
    holds: async (said) => {
      expect(said).toMatch(/Grace Hopper.*Grace.*Hopper/);
      expect(said).toMatch(/Ada King.*Ada.*King/);
    },
  },
  { command: /bellows gate/, holds: async (said) => expect(said).toMatch(/gate SHUT[\s\S]*exit code 1/) },
  { command: /bellows approve/, holds: async (said) => expect(said).toMatch(/gate open/) },
];

describe('its steps', () => {
  it('install what this checkout packs', () => {
    expect(steps.filter(({ text }) => text.includes('npm install')).map(({ text }) => text)).toEqual([
      expect.stringMatching(/^npm install pgbellows$/m),
    ]);
  });

  it.each(steps.map(({ line, text }) => ({ line, text })))(
    'line $line works',
    async ({ text }) => {
      const ran = await shell(text);
      if (ran.code !== 0) throw failed(text, ran);
      for (const { command, holds } of AFTER) if (command.test(text)) await holds(ran.stdout + ran.stderr);
    },
    60_000,
  );

  it('end with the new shape, and every row in it', async () => {
    expect((await status()).state).toBe('done');
    const client = await connect(database.url);
    const { rows: columns } = await client.query<{ name: string; required: boolean }>(
      `select attname::text as name, attnotnull as required
       from pg_attribute
       where attrelid = 'users'::regclass
       and attnum > 0
       and not attisdropped
       order by attname`,
    );
    expect(columns.map(({ name }) => name)).toEqual(['created_at', 'email', 'first_name', 'id', 'last_name']);
    expect(columns.every(({ required }) => required)).toBe(true);
    const { rows } = await client.query(`select count(*)::int as rows from users where first_name = ''`);
    expect(rows).toEqual([{ rows: 0 }]);
  }, 60_000);
});

describe('what it shows', () => {
  it('is of a kind that is run, compiled, or only read', () => {
    const known = ['sh', 'console', 'ts', 'text'];
    expect(blocks.filter(({ language }) => !known.includes(language))).toEqual([]);
  });

  it('compiles against the package', async () => {
    const shown = join(folder, 'shown');
    await mkdir(shown);
    const code = await codeOfDocuments();
    expect(code.length).toBeGreaterThan(0);
    for (const { name, text } of code) await writeFile(join(shown, `${name}.ts`), text);
    await writeFile(join(shown, 'package.json'), '{ "type": "module" }');
    const typeRoots = [join(ROOT, 'node_modules', '@types')];
    const compilerOptions = {
      ...{ module: 'nodenext', target: 'es2023', strict: true, types: ['node'], typeRoots, noEmit: true },
      ...{ moduleDetection: 'force', skipLibCheck: true },
    };
    await writeFile(join(shown, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['*.ts'] }));
    expect(await typeErrors(shown)).toBe('');
  }, 60_000);

  it('names the commands that there are, all of them', async () => {
    const { stdout } = await shell('npx bellows --help');
    const verbs = [...stdout.matchAll(/^ {2}([a-z]+)(?= [ [<])/gm)]
      .map(([, verb]) => verb)
      .filter((verb) => verb !== 'help');
    const listed = [...readme.matchAll(/^\| `([a-z]+)[^`]*` *\|/gm)].map(([, verb]) => verb);
    expect(listed.toSorted()).toEqual(verbs.toSorted());
    const used = [...readme.matchAll(/npx bellows ([a-z]+)/g)].map(([, verb]) => verb);
    expect(used.filter((verb) => !verbs.includes(verb))).toEqual([]);
  });

  it('links to files that are there', async () => {
    const links = [...readme.matchAll(/\]\((?!https?:|#)([^)#]+)/g)].map(([, path]) => path ?? '');
    const missing = [];
    for (const link of links) if (!(await exists(join(ROOT, link)))) missing.push(link);
    expect(missing).toEqual([]);
  });
});

/** The TypeScript of the README and of the pages that it leads to. */
async function codeOfDocuments(): Promise<readonly { readonly name: string; readonly text: string }[]> {
  const pages = (await readdir(join(ROOT, 'docs'))).filter((name) => name.endsWith('.md'));
  const documents = [
    { name: 'README', text: readme },
    ...(await Promise.all(
      pages.map(async (name) => ({ name, text: await readFile(join(ROOT, 'docs', name), 'utf8') })),
    )),
  ];
  return documents.flatMap((document) =>
    fences(document.text)
      .filter(({ language }) => language === 'ts')
      .map(({ text, line }) => ({ name: `${document.name.replace('.md', '')}-${line}`, text })),
  );
}
