/** What stands behind `npm run demo --`. */
import { parseArgs } from 'node:util';
import { BellowsError, EXIT } from '#core/errors';

export interface DemoOptions {
  /** Users, and half as many orders. */
  readonly rows: number;
  /** One object as the last line of stdout; everything else on stderr. */
  readonly json: boolean;
  /** The servers stay up until Ctrl-C. */
  readonly keep: boolean;
  readonly help: boolean;
}

const LEAST = 1_000;
const MOST = 50_000_000;

export const USAGE = `A large table changes its shape under live traffic, on servers of its own.

npm run demo -- [options]

  --rows <n>   users, and half as many orders (default 1000000)
  --json       print one JSON object as the last line of stdout, the rest on stderr
  --keep       leave the servers up at the end, until Ctrl-C
  --help       print this

Exit codes: 0 done, 1 the application saw an error or a row is wrong, 2 usage, 3 anything else.
`;

/** Throws `BELLOWS_DEMO_OPTION` for what it does not know. */
export function readOptions(args: readonly string[]): DemoOptions {
  const values = parse(args);
  return {
    rows: rowsOf(values.rows ?? '1000000'),
    json: values.json ?? false,
    keep: values.keep ?? false,
    help: values.help ?? false,
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        rows: { type: 'string' },
        json: { type: 'boolean' },
        keep: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    }).values;
  } catch (error) {
    // Node explains positional arguments at length, in further sentences; the first one says it.
    const [what] = (error instanceof Error ? error.message : String(error)).split('. ');
    throw wrong(`${what?.replace(/\.$/, '')}.`);
  }
}

function rowsOf(text: string): number {
  const rows = /^\d[\d_,]*$/.test(text) ? Number(text.replaceAll(/[_,]/g, '')) : Number.NaN;
  if (Number.isInteger(rows) && rows >= LEAST && rows <= MOST) return rows;
  throw wrong(`--rows ${JSON.stringify(text)} is not a whole number from ${LEAST} to ${MOST}.`);
}

function wrong(what: string): BellowsError {
  return new BellowsError(
    'BELLOWS_DEMO_OPTION',
    { what, left: 'Nothing was started.', next: 'npm run demo -- --help' },
    {},
    EXIT.usage,
  );
}
