import { describe, expect, it } from 'vitest';
import { BellowsError, renderError } from '#core/errors';
import { readOptions } from '#demo/options';

const refusal = (...args: readonly string[]) => {
  try {
    return readOptions(args);
  } catch (error) {
    if (!(error instanceof BellowsError)) throw error;
    return { exit: error.exit, text: renderError(error).join('\n') };
  }
};

describe('readOptions', () => {
  it('has defaults for everything', () => {
    expect(readOptions([])).toEqual({ rows: 1_000_000, json: false, keep: false, help: false });
  });

  it('reads what is said', () => {
    expect(readOptions(['--rows', '20_000', '--json', '--keep'])).toEqual({
      rows: 20_000,
      json: true,
      keep: true,
      help: false,
    });
  });

  it.each([
    [['--row', '5000'], "Unknown option '--row'."],
    [['5000'], "Unexpected argument '5000'."],
    [['--rows', 'many'], '--rows "many" is not a whole number from 1000 to 50000000.'],
    [['--rows', '10'], '--rows "10" is not a whole number from 1000 to 50000000.'],
    [['--rows', '1e6'], '--rows "1e6" is not a whole number from 1000 to 50000000.'],
  ])('refuses %j as a matter of usage', (args, what) => {
    expect(refusal(...args)).toEqual({
      exit: 2,
      text: `${what} [BELLOWS_DEMO_OPTION]\nleft: Nothing was started.\nnext: npm run demo -- --help`,
    });
  });
});
