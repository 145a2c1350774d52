/** Verbs that work on the server of the database, and not within it: create, drop, wait. */
import { setTimeout as delay } from 'node:timers/promises';
import type { DatabaseTarget, DropOptions, WaitOptions } from '#api';
import { BellowsError, EXIT } from '#core/errors';
import type { DatabaseServer } from '#ports';
import type { Settings } from '#project/settings';
import type { Context } from './context.js';

/** Which database it is, and what must be done before it may be dropped. */
export function targetOf(server: DatabaseServer, settings: Settings): DatabaseTarget {
  const { database: name, place, local } = server;
  const environment = settings.production ? `the environment ${settings.environment} is production` : null;
  return { name, place, guarded: environment ?? (local ? null : `${place} is not this machine`) };
}

/** False: it was there already. */
export async function create({ server }: Context): Promise<boolean> {
  return server.create();
}

/** False: there was none. */
export async function drop(context: Context, options: DropOptions = {}): Promise<boolean> {
  const { server, settings } = context;
  const target = targetOf(server, settings);
  if (options.confirm !== undefined && options.confirm !== target.name) throw otherName(target);
  if (target.guarded !== null && options.confirm === undefined) throw unconfirmed(target, target.guarded);
  // Our own connections would stand in the way.
  await context.disconnect();
  return server.drop({ force: options.force === true });
}

/** Returns once the server answers; what cannot get better by waiting (a wrong password) is thrown at once. */
export async function wait(context: Context, options: WaitOptions = {}): Promise<void> {
  const { server, emit } = context;
  const timeoutMs = options.timeoutMs ?? context.settings.wait.timeoutMs;
  const intervalMs = options.intervalMs ?? context.settings.wait.intervalMs;
  const began = performance.now();
  const left = () => timeoutMs - (performance.now() - began);
  for (;;) {
    options.signal?.throwIfAborted();
    const reason = await server.probe(Math.max(1, Math.min(PROBE_MS, Math.ceil(left()))));
    if (reason === null) return;
    const seconds = (performance.now() - began) / 1000;
    emit('server:waiting', { place: server.place, reason, seconds });
    if (left() <= intervalMs) throw tooLong(server.place, reason, timeoutMs);
    await delay(intervalMs, undefined, {
      ...(options.signal === undefined ? {} : { signal: options.signal }),
    });
  }
}

/** A packet that a firewall drops is not worth the whole time. */
const PROBE_MS = 5_000;

function otherName({ name }: DatabaseTarget): BellowsError {
  return new BellowsError(
    'BELLOWS_CONFIRMATION',
    {
      what: `The name given for confirmation is not the database's: that is "${name}".`,
      left: 'Nothing was changed.',
      next: 'Make sure that it is this one; then give its name.',
    },
    {},
    EXIT.usage,
  );
}

function unconfirmed({ name, place }: DatabaseTarget, why: string): BellowsError {
  return new BellowsError(
    'BELLOWS_CONFIRMATION',
    {
      what: `Database "${name}" at ${place} is only dropped when its name is given.`,
      why: `${why.charAt(0).toUpperCase()}${why.slice(1)}: --yes alone is not enough there.`,
      left: 'Nothing was changed.',
      next: `Make sure that it is the right one; then: --confirm ${name}`,
    },
    {},
    EXIT.usage,
  );
}

function tooLong(place: string, reason: string, timeoutMs: number): BellowsError {
  return new BellowsError('BELLOWS_WAIT_TIMEOUT', {
    what: `The server at ${place} did not answer within ${timeoutMs / 1000} s.`,
    why: reason,
    left: 'Nothing was changed.',
    next: 'Check that it runs and that host and port are right, or wait longer: bellows wait --timeout 5m',
  });
}
