/** Every verb, in the groups of the help. Adding one is adding a file and a line here. */
import type { VerbGroup } from '../cli.js';
import { approve } from './approve.js';
import { baseline } from './baseline.js';
import { changelog } from './changelog.js';
import { check } from './check.js';
import { completion } from './completion.js';
import { contract } from './contract.js';
import { create } from './create.js';
import { deploys } from './deploys.js';
import { drop } from './drop.js';
import { dump } from './dump.js';
import { gate } from './gate.js';
import { history } from './history.js';
import { init } from './init.js';
import { kill } from './kill.js';
import { load } from './load.js';
import { newMigration } from './new.js';
import { pause } from './pause.js';
import { plan } from './plan.js';
import { quarantine } from './quarantine.js';
import { reset } from './reset.js';
import { resolve } from './resolve.js';
import { resume } from './resume.js';
import { rollback } from './rollback.js';
import { seed } from './seed.js';
import { serve } from './serve.js';
import { set } from './set.js';
import { status } from './status.js';
import { up } from './up.js';
import { validate } from './validate.js';
import { verify } from './verify.js';
import { wait } from './wait.js';
import { worker } from './worker.js';

export const VERBS: readonly VerbGroup[] = [
  { group: 'Write:', verbs: [init, newMigration, plan] },
  { group: 'Run:', verbs: [up, status, pause, resume, set] },
  { group: 'Finish:', verbs: [verify, gate, approve, contract, rollback] },
  { group: 'Everyday:', verbs: [dump, load, seed, check, validate, baseline] },
  { group: 'When something stands in the way:', verbs: [resolve, quarantine, kill] },
  { group: 'The database itself:', verbs: [create, drop, reset, wait] },
  { group: 'Evidence:', verbs: [deploys, history, changelog] },
  { group: 'Long-running:', verbs: [serve, worker] },
  { group: 'Shell:', verbs: [completion] },
];
