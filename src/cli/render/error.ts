import { BellowsError, EXIT, renderError } from '#core/errors';
import { wholeSeconds } from '#core/numbers';
import type { Paint } from './paint.js';
import type { Mask } from './secrets.js';

/** An error that nobody raised on purpose, as one of ours. */
export function asBellowsError(error: unknown): BellowsError {
  if (error instanceof BellowsError) return error;
  const message = error instanceof Error ? error.message : String(error);
  const line = message.split('\n').find((text) => text.trim() !== '') ?? 'An error without a message.';
  return new BellowsError('BELLOWS_UNEXPECTED', { what: line.trim() }, {}, EXIT.operation);
}

export function errorLines(error: BellowsError, mask: Mask, paint: Paint): readonly string[] {
  const [what = '', ...rest] = renderError(error);
  const place = placeOf(error);
  const head = place === null ? [what] : [`${place[0] ?? ''} [${error.code}]`, ...place.slice(1)];
  return [
    ...head.map((line, i) => (i === 0 ? paint.red(mask(line)) : mask(line))),
    ...rest.map((line) => labelled(wholeSeconds(mask(line)), paint)),
  ];
}

function labelled(line: string, paint: Paint): string {
  return line.replace(/^(why|left|next):/, (label) => paint.bold(label));
}

/** Errors in SQL can show the line with a caret under the place. */
function placeOf(error: BellowsError): readonly string[] | null {
  if (!('render' in error) || typeof error.render !== 'function') return null;
  const text: unknown = error.render();
  return typeof text === 'string' ? text.split('\n') : null;
}
