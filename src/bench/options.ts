/** What stands behind `npm run bench --`. */
import { parseArgs } from 'node:util';
import { BellowsError, EXIT } from '#core/errors';
import { SCENARIOS } from './scenarios/index.js';

export interface BenchOptions {
  /** Rows of the table. */
  readonly rows: number;
  /** Slices that each shape gets. */
  readonly rounds: number;
  /** Names of the scenarios to run, in the order of the list. */
  readonly only: readonly string[];
  /** Null: a server of our own. */
  readonly databaseUrl: string | null;
  /** One object as the last line of stdout; everything else on stderr. */
  readonly json: boolean;
  readonly help: boolean;
}

export const USAGE = `How fast Bellows' backfill is, beside what else one could do, and what the application feels of it.

npm run bench -- [options]

  --only <scenario>     run this one; may be given several times (default: all, one after the other)
  --rows <n>            rows of the table (default 1000000)
  --rounds <n>          slices of the table that each shape gets (default 8)
  --database-url <url>  a database of yours instead of a server of its own: works in the schemas bellows_bench,
                        bellows and bullmq, which must not be there, and drops them afterwards
  --json                print one JSON object as the last line of stdout, the rest on stderr
  --help                print this

Scenarios:

${SCENARIOS.map(({ name, title }) => `  ${name.padEnd(10)}${title}`).join('\n')}

Exit codes: 0 done, also where a target is missed; 2 usage, 3 anything else.
`;

/** Throws `BELLOWS_BENCH_OPTION` for what it does not know. */
export function readOptions(args: readonly string[]): BenchOptions {
  const values = parse(args);
  return {
    rows: whole('--rows', values.rows ?? '1000000', 50_000, 50_000_000),
    rounds: whole('--rounds', values.rounds ?? '8', 1, 100),
    only: scenarios(values.only ?? []),
    databaseUrl: values['database-url'] ?? null,
    json: values.json ?? false,
    help: values.help ?? false,
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        rows: { type: 'string' },
        rounds: { type: 'string' },
        only: { type: 'string', multiple: true },
        'database-url': { type: 'string' },
        json: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    }).values;
  } catch (error) {
    const [what] = (error instanceof Error ? error.message : String(error)).split('. ');
    throw wrong(`${what?.replace(/\.$/, '')}.`);
  }
}

function scenarios(only: readonly string[]): readonly string[] {
  const names = SCENARIOS.map(({ name }) => name);
  const unknown = only.find((name) => !names.includes(name));
  if (unknown === undefined) return only.length === 0 ? names : only;
  throw wrong(`There is no scenario ${JSON.stringify(unknown)}: ${names.join(', ')}.`);
}

function whole(name: string, text: string, least: number, most: number): number {
  const value = /^\d[\d_,]*$/.test(text) ? Number(text.replaceAll(/[_,]/g, '')) : Number.NaN;
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  throw wrong(`${name} ${JSON.stringify(text)} is not a whole number from ${least} to ${most}.`);
}

function wrong(what: string): BellowsError {
  return new BellowsError(
    'BELLOWS_BENCH_OPTION',
    { what, left: 'Nothing was started.', next: 'npm run bench -- --help' },
    {},
    EXIT.usage,
  );
}
