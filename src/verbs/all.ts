/** Every verb of the library, on one context. */
import type { Bellows, Operations } from '#api';
import { approve } from './approve.js';
import { assertUpToDate } from './assert-up-to-date.js';
import { baseline } from './baseline.js';
import { changelog } from './changelog.js';
import { check } from './check.js';
import type { Context } from './context.js';
import { contract } from './contract.js';
import { listDeploys, recordDeploy } from './deploys.js';
import { checkDump, dump } from './dump.js';
import { ensureDatabase } from './ensure-database.js';
import { evaluateNow, skipCheck } from './gate.js';
import { history } from './history.js';
import { kill } from './kill.js';
import { load } from './load.js';
import { pause, resume } from './operate.js';
import { plan } from './plan.js';
import { quarantineList, quarantineRetry, quarantineSkip } from './quarantine.js';
import { reset } from './reset.js';
import { resolve } from './resolve.js';
import { rollback, rollbackMany } from './rollback.js';
import { seed } from './seed.js';
import { worker } from './serve.js';
import { create, drop, targetOf, wait } from './server.js';
import { knobs, setKnobs } from './set.js';
import { readStatus } from './status.js';
import { statusOf } from './status-of.js';
import { up } from './up.js';
import { validate } from './validate.js';
import { verify } from './verify.js';
import { walk } from './walk.js';

type Installed = <A extends readonly unknown[], R>(
  verb: (context: Context, ...args: A) => Promise<R>,
) => (...args: A) => Promise<R>;

/** A verb begins with the folder as it is, and with the schema in place. */
function installed(context: Context, forgetFiles: () => void): Installed {
  return (verb) =>
    async (...args) => {
      forgetFiles();
      await context.install();
      return verb(context, ...args);
    };
}

/** What an operator does with runs: also behind the page. */
export function operations(context: Context, forgetFiles: () => void): Operations {
  const ready = installed(context, forgetFiles);
  return {
    status: () => readStatus(context),
    statusOf: ready(statusOf),
    walk: ready(walk),
    pause: ready(pause),
    resume: ready(resume),
    verify: ready(verify),
    gate: ready(evaluateNow),
    skipCheck: ready(skipCheck),
    approve: ready(approve),
    contract: ready(contract),
    rollback: ready(rollback),
    quarantine: {
      list: ready(quarantineList),
      retry: ready(quarantineRetry),
      skip: ready(quarantineSkip),
    },
    history: ready(history),
  };
}

/** All others. */
export function furtherVerbs(
  context: Context,
  forgetFiles: () => void,
): Omit<Bellows, keyof Operations | 'dryRun' | 'serve' | 'close'> {
  const ready = installed(context, forgetFiles);
  return {
    up: async (o) => {
      await ensureDatabase(context, o?.create);
      return ready(up)(o);
    },
    rollbackMany: ready(rollbackMany),
    resolve: ready(resolve),
    baseline: ready(baseline),
    validate: () => {
      forgetFiles();
      return validate(context);
    },
    plan: (migration) => {
      forgetFiles();
      return plan(context, migration);
    },
    target: targetOf(context.server, context.settings),
    create: () => create(context),
    drop: (o) => drop(context, o),
    reset: (o) => {
      forgetFiles();
      return reset(context, o);
    },
    wait: (o) => wait(context, o),
    knobs: ready(knobs),
    set: ready(setKnobs),
    kill: ready(kill),
    deploys: { record: ready(recordDeploy), list: ready(listDeploys) },
    seed: (o) => seed(context, o),
    check: (o) => {
      forgetFiles();
      return check(context, o);
    },
    dump: (o) => dump(context, o),
    checkDump: (o) => checkDump(context, o),
    load: (o) => load(context, o),
    changelog: () => {
      forgetFiles();
      return changelog(context);
    },
    worker: (o) => worker(context, o),
    assertUpToDate: () => assertUpToDate(context),
    queue: async () => (await context.queue()).description,
  };
}
