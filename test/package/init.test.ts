/** What `bellows init --ci --docker` writes, carried out: every command as it stands in the file, with the built package. */
import { execFile } from 'node:child_process';
import { chmod, cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { parse } from 'yaml';
import { connect } from '../support/database.js';
import { exists, failed, type Ran, run, strangersFolder, tarballIn } from './packed.js';

interface Step {
  readonly name?: string;
  readonly uses?: string;
  readonly run?: string;
}
interface Job {
  readonly services: { readonly postgres: { readonly ports: readonly string[]; readonly options: string } };
  readonly env: Readonly<Record<string, string>>;
  readonly steps: readonly Step[];
}
interface Service {
  readonly command?: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
  readonly healthcheck?: { readonly test: readonly string[] };
  readonly profiles?: readonly string[];
}

const PACKAGE = '{ "name": "stranger", "private": true, "type": "module" }';
let project = '';
let image = '';

const read = (name: string) => readFile(join(project, name), 'utf8');
const workflow = async () =>
  (parse(await read('.github/workflows/migrate.yml')) as { jobs: { migrations: Job } }).jobs.migrations;
const services = async () =>
  (parse(await read('compose.yaml'), { merge: true }) as { services: Readonly<Record<string, Service>> })
    .services;

/** The address that is written is one of a container; the server of the tests is on another host and port. */
function onTestServer(url: string): string {
  const address = new URL(url);
  const { hostname, port } = new URL(inject('postgresUrl'));
  address.hostname = hostname;
  address.port = port;
  address.username = 'postgres';
  return address.href;
}

async function drop(url: string): Promise<void> {
  const client = await connect(inject('postgresUrl'));
  await client.query(`drop database if exists "${new URL(url).pathname.slice(1)}" with (force)`);
}

beforeAll(async () => {
  project = await strangersFolder();
  await writeFile(join(project, 'package.json'), PACKAGE);
  const file = await tarballIn(project);
  const installing = await run('npm', ['install', '--ignore-scripts', '--prefer-offline', file], {
    cwd: project,
  });
  if (installing.code !== 0) throw failed('npm install', installing);
  await mkdir(join(project, 'checks'));
  await writeFile(
    join(project, 'checks/own.sql'),
    `select 'tables named leftover' as issue, count(*) as count from pg_class where relname = 'leftover';`,
  );
  await mkdir(join(project, 'migrations'));
  await writeFile(
    join(project, 'migrations/20240101000000_people.sql'),
    '-- migrate:up\ncreate table people (id bigint primary key, name text not null);\n',
  );
  const init = await run('npx', ['bellows', 'init', '--ci', '--docker'], { cwd: project });
  if (init.code !== 0) throw failed('bellows init', init);
}, 120_000);
afterAll(async () => {
  await rm(project, { recursive: true, force: true });
  if (image !== '') await rm(image, { recursive: true, force: true });
});

it('overwrites nothing, and puts no compose file in front of another', async () => {
  const folder = await strangersFolder();
  const kept = { Dockerfile: 'mine', 'docker-compose.yml': 'mine', '.github/workflows/migrate.yml': 'mine' };
  for (const [name, text] of Object.entries(kept)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), text);
  }
  const bin = join(project, 'node_modules/.bin/bellows');
  const ran = await run(bin, ['init', '--ci', '--docker', '--json'], { cwd: folder });
  expect(ran.code, ran.stderr).toBe(0);
  const { files } = JSON.parse(ran.stdout) as { files: readonly { path: string; written: boolean }[] };
  expect(files.filter(({ written }) => !written).map(({ path }) => path)).toEqual([
    '.github/workflows/migrate.yml',
    'Dockerfile',
    'docker-compose.yml',
  ]);
  for (const name of Object.keys(kept)) expect(await readFile(join(folder, name), 'utf8')).toBe('mine');
  expect(await exists(join(folder, 'compose.yaml'))).toBe(false);
  await rm(folder, { recursive: true, force: true });
});

describe('the workflow', () => {
  /** Runs all steps as the runner does: `bash -e`, in the checkout, with the variables of the job; stops at the first failure. */
  async function runSteps(summary: string): Promise<readonly { readonly step: string; readonly ran: Ran }[]> {
    const { env, steps } = await workflow();
    const variables = {
      ...env,
      DATABASE_URL: onTestServer(env.DATABASE_URL ?? ''),
      ...{ CI: 'true', GITHUB_ACTIONS: 'true', GITHUB_WORKSPACE: project, GITHUB_STEP_SUMMARY: summary },
      npm_config_prefer_offline: 'true',
    };
    const outcomes: { step: string; ran: Ran }[] = [];
    for (const { run: command } of steps) {
      if (command === undefined) continue;
      const ran = await run('bash', ['-eo', 'pipefail', '-c', command], { cwd: project, env: variables });
      outcomes.push({ step: command, ran });
      if (ran.code !== 0) break;
    }
    return outcomes;
  }

  it('is for GitHub: a server with a health check on the port of the URL, the checkout and Node before all', async () => {
    const { services: beside, env, steps } = await workflow();
    expect(beside.postgres.ports).toEqual([`${new URL(env.DATABASE_URL ?? '').port}:5432`]);
    expect(beside.postgres.options).toContain('--health-cmd pg_isready');
    expect(steps.map(({ uses, run: command }) => uses?.replace(/@v\d+$/, '') ?? command)).toEqual([
      ...['actions/checkout', 'actions/setup-node', 'npm ci'],
      ...['npx bellows wait --timeout 60s', 'npx bellows create', 'npx bellows up'],
      ...['npx bellows validate', 'npx bellows dump --check', 'npx bellows check'],
    ]);
  });

  it('passes where all is well, and fails where the schema file is stale or a check finds something', async () => {
    const { env } = await workflow();
    const url = onTestServer(env.DATABASE_URL ?? '');
    const bellows = (...args: readonly string[]) =>
      run('npx', ['bellows', ...args], { cwd: project, env: { DATABASE_URL: url } });
    const summary = join(project, 'summary.md');
    try {
      expect((await bellows('up', '--env', 'ci')).code).toBe(0);
      const dumped = await bellows('dump');
      expect(dumped.code, dumped.stderr).toBe(0);
      await drop(url);

      const well = await runSteps(summary);
      expect(well.at(-1)?.ran.code, JSON.stringify(well.at(-1))).toBe(0);
      expect(well).toHaveLength(7);
      const page = await readFile(summary, 'utf8');
      expect(page.match(/^### bellows \w+$/gm)).toEqual([
        ...['### bellows up', '### bellows validate', '### bellows dump', '### bellows check'],
      ]);

      const client = await connect(url);
      await client.query('create table leftover (id int primary key)');
      const stale = (await runSteps(summary)).at(-1);
      expect(stale).toMatchObject({ step: 'npx bellows dump --check', ran: { code: 1 } });
      expect(stale?.ran.stderr).toMatch(/::error .*title=BELLOWS_DUMP_STALE/);
      expect(await readFile(summary, 'utf8')).toContain('leftover');

      await bellows('dump');
      const found = (await runSteps(summary)).at(-1);
      expect(found).toMatchObject({ step: 'npx bellows check', ran: { code: 1 } });
      expect(found?.ran.stderr).toMatch(/::error .*file=checks\/own.sql/);
      await client.end();
    } finally {
      await drop(url);
    }
  }, 240_000);
});

describe('the image', () => {
  interface Instruction {
    readonly name: string;
    readonly rest: string;
  }
  const instructions = async (): Promise<readonly Instruction[]> =>
    (await read('Dockerfile'))
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'))
      .map((line) => ({ name: line.split(' ')[0] ?? '', rest: line.slice(line.indexOf(' ') + 1) }));

  it('is Debian with Node, installs without scripts, and runs as nobody of importance', async () => {
    const all = await instructions();
    expect(all.map(({ name }) => name)).toEqual([
      ...['FROM', 'ENV', 'WORKDIR', 'COPY', 'RUN', 'COPY', 'COPY', 'COPY', 'USER', 'ENTRYPOINT', 'CMD'],
    ]);
    expect(all[0]?.rest).toBe('node:22-bookworm-slim');
    expect(all.find(({ name }) => name === 'USER')?.rest).toBe('node');
    expect(all.find(({ name }) => name === 'RUN')?.rest).toContain('npm ci --omit=dev --ignore-scripts');
    expect(all.filter(({ name }) => name === 'COPY').map(({ rest }) => rest)).toEqual([
      'package.json package-lock.json ./',
      'bellows.config.ts ./bellows.config.ts',
      'migrations ./migrations',
      'checks ./checks',
    ]);
  });

  it('built by hand, it runs what compose asks of it, as another user in files that are not its own', async () => {
    image = await strangersFolder();
    const all = await instructions();
    for (const { name, rest } of all) {
      if (name === 'COPY') {
        const [to = '.', ...from] = rest.split(' ').reverse();
        for (const one of from)
          await cp(join(project, one), to.endsWith('/') ? join(image, to, one) : join(image, to), {
            recursive: true,
          });
      }
      if (name !== 'RUN') continue;
      // The one dependency is a file here, and comes from a registry there.
      await cp(join(project, 'pgbellows.tgz'), join(image, 'pgbellows.tgz'));
      const ran = await run('bash', ['-c', rest], { cwd: image, env: { npm_config_prefer_offline: 'true' } });
      expect(ran.code, ran.stderr).toBe(0);
    }
    await chmod(image, 0o755);
    const exec = (name: string) =>
      JSON.parse(all.find((one) => one.name === name)?.rest ?? '[]') as readonly string[];
    const { db, migrate, ...further } = await services();
    expect(db?.healthcheck?.test).toContain('pg_isready');
    expect(migrate?.depends_on).toEqual({ db: { condition: 'service_healthy' } });
    expect(migrate?.command).toEqual(exec('CMD'));
    expect(Object.values(further).map(({ profiles }) => profiles)).toEqual([
      ['long-running'],
      ['long-running'],
    ]);
    const environment = migrate?.environment ?? {};
    const url = new URL(onTestServer(environment.DATABASE_URL ?? ''));
    url.pathname = `/compose_${process.pid}`;
    const [program = '', ...given] = exec('ENTRYPOINT');
    try {
      const ran = await asNobody(join(image, program), [...given, ...(migrate?.command ?? [])], {
        ...environment,
        DATABASE_URL: url.href,
      });
      expect(ran.code, ran.stderr).toBe(0);
      expect(ran.stderr).toContain('Created database');
      const client = await connect(url.href);
      expect((await client.query('select * from people')).rows).toEqual([]);
      await client.end();
    } finally {
      await drop(url.href);
    }
  }, 120_000);

  async function asNobody(
    program: string,
    args: readonly string[],
    env: Readonly<Record<string, string>>,
  ): Promise<Ran> {
    const user = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {};
    const variables = { PATH: process.env.PATH, HOME: '/nonexistent', ...env };
    return new Promise((resolve) => {
      execFile(program, [...args], { cwd: image, env: variables, ...user }, (error, stdout, stderr) => {
        resolve({ code: error === null ? 0 : Number(error.code ?? -1), stdout, stderr });
      });
    });
  }

  it.each(['serve', 'worker'])('%s of compose is a command that exists, with its options', async (name) => {
    const command = (await services())[name]?.command ?? [];
    const ran = await run(join(project, 'node_modules/.bin/bellows'), [...command, '--help'], {
      cwd: project,
    });
    expect(ran).toMatchObject({ code: 0, stdout: expect.stringContaining(`Usage: bellows ${name}`) });
  });
});
