/** `npm run bench`: how fast the backfill is, and what the application feels of it. */
import { BellowsError, EXIT, renderError } from '#core/errors';
import { openGround } from './ground.js';
import { type BenchOptions, readOptions, USAGE } from './options.js';
import { makeProject, removeProject } from './project.js';
import { isMet, type Report, type Result, written } from './result.js';
import { SCENARIOS } from './scenarios/index.js';

type Tell = (text: string) => void;

async function main(args: readonly string[]): Promise<void> {
  const options = readOptions(args);
  if (options.help) {
    process.stdout.write(USAGE);
    return;
  }
  const tell: Tell = (text) => (options.json ? process.stderr : process.stdout).write(`${text}\n`);
  const report = await bench(options, tell);
  if (options.json) process.stdout.write(`${JSON.stringify(asJson(report))}\n`);
}

async function bench({ databaseUrl, rows, rounds, only }: BenchOptions, tell: Tell): Promise<Report> {
  const ground = await openGround(databaseUrl);
  const folder = await makeProject();
  const results: Result[] = [];
  tell(`${ground.server}, ${rows.toLocaleString('en-US')} rows`);
  try {
    for (const { name, title, run } of SCENARIOS.filter((scenario) => only.includes(scenario.name))) {
      tell(`\n${name}: ${title}`);
      await ground.clear();
      const figures = await run({ ground, folder, rows, rounds, tell: (line) => tell(`  ${line}`) });
      results.push({ scenario: name, figures });
      tell(written({ scenario: name, figures }));
    }
    return { rows, rounds, server: ground.server, results };
  } finally {
    await removeProject(folder);
    await ground.close();
  }
}

function asJson(report: Report) {
  const results = report.results.map(({ scenario, figures }) => ({
    scenario,
    figures: figures.map((figure) => ({ ...figure, met: isMet(figure) })),
  }));
  return { ...report, results };
}

main(process.argv.slice(2)).catch((error: unknown) => {
  const lines =
    error instanceof BellowsError
      ? renderError(error)
      : [String(error instanceof Error ? error.stack : error)];
  process.stderr.write(`${lines.join('\n')}\n`);
  process.exitCode = error instanceof BellowsError ? error.exit : EXIT.operation;
});
