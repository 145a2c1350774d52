/** Tells on stderr what plain SQL migrations are run, as dbmate does: a line when one begins, a line when it is through. */
import { inWords } from '#core/duration';
import type { EventMap, Listener } from '#core/events';
import { blockerText } from '#core/waits';
import type { Cli } from './cli.js';

const WORDS = { up: ['Applying', 'Applied'], down: ['Rolling back', 'Rolled back'] } as const;

export function narratePlain(cli: Cli): Listener {
  return (name, payload) => {
    const line = lineOf(name, payload);
    if (line !== null) cli.note(line);
  };
}

function lineOf(name: string, payload: unknown): string | null {
  switch (name) {
    case 'sql:waiting': {
      const { holder } = payload as EventMap['sql:waiting'];
      return `Waiting for ${holder}, which is running plain SQL migrations`;
    }
    case 'sql:started': {
      const { migration, direction } = payload as EventMap['sql:started'];
      return `${WORDS[direction][0]} ${migration}.sql`;
    }
    case 'sql:finished': {
      const { migration, direction, seconds } = payload as EventMap['sql:finished'];
      return `${WORDS[direction][1]} ${migration}.sql in ${took(seconds)}`;
    }
    case 'sql:blocked': {
      const { line, blockers } = payload as EventMap['sql:blocked'];
      const who = blockers[0] === undefined ? '' : `, held by ${blockerText(blockers[0])}`;
      return `Line ${line} did not get its lock in time${who}; taken back, tried again`;
    }
    default:
      return null;
  }
}

function took(seconds: number): string {
  if (seconds < 1) return `${(seconds * 1000).toFixed(seconds < 0.1 ? 1 : 0)} ms`;
  return seconds < 60 ? `${seconds.toFixed(1)} s` : inWords(seconds);
}
