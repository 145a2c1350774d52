/** Every verb of the library, on one context. */
import type { Bellows, Operations } from '#api';
import type { Context } from './context.js';
import { withOwnRights } from './own-rights.js';
import { create, drop, targetOf, wait } from './server.js';

/**
 * A verb that is loaded when it is called: most commands call one, and a status is not to wait for the code of all others. Its
 * first call loads, every further one finds it loaded.
 */
function later<A extends readonly unknown[], R>(
  load: () => Promise<(context: Context, ...args: A) => Promise<R>>,
): (context: Context, ...args: A) => Promise<R> {
  return async (context, ...args) => (await load())(context, ...args);
}

const readAhead = later(async () => (await import('./read-ahead.js')).readAhead);

type Opened = <A extends readonly unknown[], R>(
  verb: (context: Context, ...args: A) => Promise<R>,
) => (...args: A) => Promise<R>;

/** A verb begins with the folder as it is, and with the schema in place. */
function installed(context: Context, forgetFiles: () => void): Opened {
  return (verb) =>
    async (...args) => {
      forgetFiles();
      await context.install();
      return withOwnRights(context.database, () => verb(context, ...args));
    };
}

/** A verb that only looks: it is at home also where nothing is installed, and for a role that may only read. */
function looking(context: Context, forgetFiles: () => void = () => undefined): Opened {
  return (verb) =>
    async (...args) => {
      forgetFiles();
      return withOwnRights(context.database, () => verb(context, ...args));
    };
}

/** What an operator does with runs: also behind the page. */
export function operations(context: Context, forgetFiles: () => void): Operations {
  const ready = installed(context, forgetFiles);
  return {
    status: looking(context)(later(async () => (await import('./status.js')).readStatus)),
    statusOf: ready(later(async () => (await import('./status-of.js')).statusOf)),
    walk: ready(later(async () => (await import('./walk.js')).walk)),
    pause: ready(later(async () => (await import('./operate.js')).pause)),
    resume: ready(later(async () => (await import('./operate.js')).resume)),
    knobs: ready(later(async () => (await import('./set.js')).knobs)),
    set: ready(later(async () => (await import('./set.js')).setKnobs)),
    verify: ready(later(async () => (await import('./verify.js')).verify)),
    gate: ready(later(async () => (await import('./gate.js')).evaluateNow)),
    skipCheck: ready(later(async () => (await import('./gate.js')).skipCheck)),
    approve: ready(later(async () => (await import('./approve.js')).approve)),
    contract: ready(later(async () => (await import('./contract.js')).contract)),
    rollback: ready(later(async () => (await import('./rollback.js')).rollback)),
    quarantine: {
      list: ready(later(async () => (await import('./quarantine.js')).quarantineList)),
      retry: ready(later(async () => (await import('./quarantine.js')).quarantineRetry)),
      skip: ready(later(async () => (await import('./quarantine.js')).quarantineSkip)),
    },
    history: ready(later(async () => (await import('./history.js')).history)),
  };
}

/** All others. */
export function furtherVerbs(
  context: Context,
  forgetFiles: () => void,
): Omit<Bellows, keyof Operations | 'dryRun' | 'serve' | 'close'> {
  const ready = installed(context, forgetFiles);
  const looks = looking(context, forgetFiles);
  return {
    up: async (o) => {
      forgetFiles();
      // The files are read while the server works; what is wrong with the folder is told when it is asked for.
      context.folder().catch(() => undefined);
      await later(async () => (await import('./ensure-database.js')).ensureDatabase)(context, o?.create);
      await context.install(() => void readAhead(context).catch(() => undefined));
      return withOwnRights(context.database, () =>
        later(async () => (await import('./up.js')).up)(context, o),
      );
    },
    rollbackMany: ready(later(async () => (await import('./rollback.js')).rollbackMany)),
    resolve: ready(later(async () => (await import('./resolve.js')).resolve)),
    baseline: ready(later(async () => (await import('./baseline.js')).baseline)),
    validate: looks(later(async () => (await import('./validate.js')).validate)),
    plan: looks(later(async () => (await import('./plan.js')).plan)),
    target: targetOf(context.server, context.settings),
    create: () => create(context),
    drop: (o) => drop(context, o),
    reset: (o) => {
      forgetFiles();
      return later(async () => (await import('./reset.js')).reset)(context, o);
    },
    wait: (o) => wait(context, o),
    kill: ready(later(async () => (await import('./kill.js')).kill)),
    deploys: {
      record: ready(later(async () => (await import('./deploys.js')).recordDeploy)),
      list: ready(later(async () => (await import('./deploys.js')).listDeploys)),
    },
    seed: (o) => later(async () => (await import('./seed.js')).seed)(context, o),
    check: (o) => {
      forgetFiles();
      return later(async () => (await import('./check.js')).check)(context, o);
    },
    dump: (o) => later(async () => (await import('./dump.js')).dump)(context, o),
    checkDump: (o) => later(async () => (await import('./dump.js')).checkDump)(context, o),
    load: (o) => later(async () => (await import('./load.js')).load)(context, o),
    changelog: looks(later(async () => (await import('./changelog.js')).changelog)),
    worker: (o) => later(async () => (await import('./serve.js')).worker)(context, o),
    assertUpToDate: () => later(async () => (await import('./assert-up-to-date.js')).assertUpToDate)(context),
    queue: async () => (await context.queue()).description,
  };
}
