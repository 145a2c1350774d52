/** The everyday commands as somebody types them: processes from their start to their end, beside dbmate where it is installed. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { median } from '../figures.js';
import { SCHEMA } from '../ground.js';
import type { Figure } from '../result.js';
import type { Scenario, Stage } from '../scenario.js';

const run = promisify(execFile);
const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const BELLOWS = here('../../../bundle/bellows.js');
const DBMATE = here('../../../../node_modules/dbmate/dist/cli.js');
const PLAIN = 980;
const PHASED = 20;
const APPLIED = 500;

export const everyday: Scenario = {
  name: 'everyday',
  title: `status and an idle up with ${PLAIN + PHASED} files; ${APPLIED} plain migrations, beside dbmate`,
  run: async (stage) => [...(await idle(stage)), ...(await applied(stage))],
};

async function idle({ ground, rounds }: Stage): Promise<readonly Figure[]> {
  await ground.clear();
  const project = await makeFiles(PLAIN, PHASED);
  const seconds = (...args: readonly string[]) => timed(BELLOWS, args, project, ground.url);
  try {
    await seconds('up');
    await seconds('status');
    const [status, up]: [number[], number[]] = [[], []];
    for (let i = 0; i < rounds * 3; i += 1) {
      status.push(await seconds('status'));
      up.push(await seconds('up'));
    }
    return [
      { name: 'status, process included', value: median(status) * 1000, unit: 'ms', target: { atMost: 300 } },
      { name: 'up with nothing to do', value: median(up) * 1000, unit: 'ms', target: { atMost: 300 } },
    ];
  } finally {
    await rm(project, { recursive: true, force: true });
  }
}

/** One after the other in each round, so that both meet the same machine. */
async function applied({ ground, rounds, tell }: Stage): Promise<readonly Figure[]> {
  if (!existsSync(DBMATE)) {
    tell('dbmate is not installed: left out');
    return [];
  }
  const project = await makeFiles(APPLIED, 0);
  const [ours, theirs]: [number[], number[]] = [[], []];
  try {
    for (let i = 0; i < rounds; i += 1) {
      await ground.clear();
      theirs.push(
        await timed(DBMATE, ['--no-dump-schema', '-d', 'migrations', 'migrate'], project, ground.url),
      );
      await ground.clear();
      ours.push(await timed(BELLOWS, ['up'], project, ground.url));
    }
  } finally {
    await rm(project, { recursive: true, force: true });
  }
  return [
    { name: 'seconds of dbmate', value: median(theirs), unit: 's' },
    { name: 'seconds of Bellows', value: median(ours), unit: 's' },
    {
      name: 'Bellows over dbmate, speed',
      value: median(theirs.map((seconds, i) => seconds / (ours[i] ?? Number.NaN))),
      unit: 'x',
      target: { atLeast: 1 },
    },
  ];
}

async function timed(program: string, args: readonly string[], cwd: string, url: string): Promise<number> {
  const address = new URL(url);
  address.searchParams.set('sslmode', 'disable');
  address.searchParams.set('search_path', SCHEMA);
  const began = performance.now();
  await run(process.execPath, [program, ...args], {
    cwd,
    env: { ...process.env, DATABASE_URL: address.href, DBMATE_NO_DUMP_SCHEMA: 'true', BELLOWS_ENV: 'bench' },
    maxBuffer: 1 << 26,
  });
  return (performance.now() - began) / 1000;
}

async function makeFiles(plain: number, phased: number): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'bellows-bench-'));
  await mkdir(join(folder, 'migrations'));
  await writeFile(
    join(folder, 'bellows.config.ts'),
    `export default { environments: { bench: { gate: 'data-only' } }, http: { metricsPort: 0 } };\n`,
  );
  const write = (name: string, text: string) => writeFile(join(folder, 'migrations', name), text);
  for (let n = 1; n <= plain; n += 1)
    await write(
      `${20240101000000 + n}_t${n}.sql`,
      `-- migrate:up\ncreate table ${SCHEMA}.t${n} (id bigint primary key, name text);\n\n-- migrate:down\ndrop table ${SCHEMA}.t${n};\n`,
    );
  for (let n = 1; n <= phased; n += 1)
    await write(
      `${20250101000000 + n}_p${n}.ts`,
      `import { addColumn, defineMigration, dropColumn, sql } from 'pgbellows';

export default defineMigration({
  description: 'A label in place of the name',
  table: '${SCHEMA}.t${n}',
  expand: [addColumn('label', 'text')],
  backfill: { set: { label: sql\`upper(name)\` }, reverse: { name: sql\`lower(label)\` } },
  contract: [dropColumn('name')],
});
`,
    );
  return folder;
}
