/** Tells on stderr what a verb waits for: locks that others hold, a queue that is away. Once for each that is new. */
import type { EventMap, Listener } from '#core/events';
import { lockWait, sentenceOf } from '#core/waits';
import type { Cli } from './cli.js';

export function narrate(cli: Cli): Listener {
  const said = new Map<string, string>();
  const say = (about: string, line: string) => {
    if (said.get(about) !== line) cli.note(line);
    said.set(about, line);
  };
  return (name, payload) => {
    if (name === 'queue:error') say('queue', `the queue: ${(payload as EventMap['queue:error']).message}`);
    if (name !== 'step:attempt') return;
    const { migration, step, outcome, blockers } = payload as EventMap['step:attempt'];
    const first = blockers[0];
    if (outcome === 'ok' || first === undefined) return;
    say(step, `${migration}: ${step} ${sentenceOf(lockWait(first))}`);
  };
}

/** The queue alone: for a verb that shows locks in its own way. */
export function narrateQueue(cli: Cli): Listener {
  const all = narrate(cli);
  return (name, payload) => {
    if (name === 'queue:error') all(name, payload);
  };
}
