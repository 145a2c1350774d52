/** Throws where nobody waits for it, from the file that is named: `own` of the package, or this one. */
import { surviveStrayErrors } from '../../src/cli/stray-errors.js';
import { parseTable } from '../../src/core/identifier.js';

surviveStrayErrors((text) => process.stderr.write(text));
const secret = { toString: () => 'secret' };
if (process.argv[2] === 'own') void Promise.resolve().then(() => parseTable(secret as never));
else void Promise.reject(new Error('secret'));
setTimeout(() => process.stderr.write('went on\n'), 50);
