import type { Fields } from './body.js';
import { RequestError } from './errors.js';

/** How the history names who asked: `web:anna`, `api:deploy-bot`; without a name `web` and `api`. Nobody checks the name. */
export function actorOf(door: 'web' | 'api', { by }: Fields): string {
  const name = typeof by === 'string' ? by.trim() : '';
  if (name === '') return door;
  if (/^[\p{L}\p{N}._@+ -]{1,64}$/u.test(name)) return `${door}:${name}`;
  throw new RequestError(400, 'BELLOWS_BODY', {
    what: 'The name in `by` is none.',
    next: 'Use up to 64 letters, digits, spaces and . _ @ + -',
  });
}
