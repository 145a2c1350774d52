import { DATA_CHECKS, type DataCheckId } from '#core/data-checks';
import { durationMs } from '#core/duration';
import { EXIT } from '#core/errors';
import type { Cli, Invocation, Verb } from '../cli.js';
import { UsageError } from '../errors.js';
import { checkAnnotations, checkLines, scanLine } from '../render/check.js';

export const check: Verb = (parent, action) => {
  parent
    .command('check [name...]')
    .summary('look for what is wrong in the data; exits 1 on findings')
    .description(
      `Looks for what is wrong in the data and around it, and says how to mend it. Reads only, in read-only transactions; no row value is shown.

Checks: ${DATA_CHECKS.join(', ')}. \`queries\` are your own: .sql files of SELECTs in checks/ that return issue, count. Foreign keys, unique keys and NOT NULLs that are to come are taken from the migrations that are not done, and from \`checks\` in bellows.config.ts.

No table is scanned where an index or the catalogue answers; where one must be, its size is said first. What is not answered within the time limit is unknown, and counts like a finding.`,
    )
    .option('--deep', 'also scan for what the server already vouches for')
    .option('--timeout <duration>', 'how long each statement may take: 30s, 10m (default: 60s)')
    .addHelpText('after', '\nExample:\n  $ bellows check\n  $ bellows check orphans duplicates --timeout 10m')
    .action(action(run));
};

async function run(cli: Cli, invocation: Invocation): Promise<number> {
  const only = invocation.args.map(named);
  const timeoutMs = timeoutOf(invocation.text('timeout'));
  const report = await cli.connected((bellows) =>
    bellows.check({
      ...(only.length === 0 ? {} : { only }),
      ...(timeoutMs === null ? {} : { timeoutMs }),
      deep: invocation.flag('deep'),
      onScan: (name, scan) => cli.note(scanLine(name, scan)),
    }),
  );
  cli.answer(report, () => checkLines(report, cli.view));
  if (cli.io.env.GITHUB_ACTIONS === 'true')
    for (const line of checkAnnotations(report)) cli.io.stderr.write(`${line}\n`);
  return report.ok ? EXIT.done : EXIT.condition;
}

function named(text: string): DataCheckId {
  const id = DATA_CHECKS.find((one) => one === text.replaceAll('-', '_'));
  if (id !== undefined) return id;
  throw new UsageError(
    `There is no check "${text.slice(0, 40)}".`,
    `It is one of ${DATA_CHECKS.join(', ')}.`,
  );
}

function timeoutOf(text: string | undefined): number | null {
  if (text === undefined) return null;
  const ms = durationMs(text);
  if (ms !== null && ms > 0) return ms;
  throw new UsageError(`--timeout must be a duration, not "${text.slice(0, 40)}".`, 'Write 30s, 10m or 1h.');
}
