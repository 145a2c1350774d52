/** What stands behind `npm run bench --`. */
import { parseArgs } from 'node:util';
import { BellowsError, EXIT } from '#core/errors';

export interface BenchOptions {
  /** Rows of the table. */
  readonly rows: number;
  /** Slices that each shape gets. */
  readonly rounds: number;
  /** One object as the last line of stdout; everything else on stderr. */
  readonly json: boolean;
  readonly help: boolean;
}

export const USAGE = `Bellows' backfill beside one UPDATE of the whole table and beside a loop in pgroll's shape.

npm run bench -- [options]

  --rows <n>    rows of the table (default 1000000)
  --rounds <n>  slices of the table that each shape gets (default 8)
  --json        print one JSON object as the last line of stdout, the rest on stderr
  --help        print this

Exit codes: 0 done, 2 usage, 3 anything else.
`;

/** Throws `BELLOWS_BENCH_OPTION` for what it does not know. */
export function readOptions(args: readonly string[]): BenchOptions {
  const values = parse(args);
  return {
    rows: whole('--rows', values.rows ?? '1000000', 50_000, 50_000_000),
    rounds: whole('--rounds', values.rounds ?? '8', 1, 100),
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
        json: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    }).values;
  } catch (error) {
    const [what] = (error instanceof Error ? error.message : String(error)).split('. ');
    throw wrong(`${what?.replace(/\.$/, '')}.`);
  }
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
