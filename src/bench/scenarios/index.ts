import type { Scenario } from '../scenario.js';
import { bloat } from './bloat.js';
import { copy } from './copy.js';
import { doLoop } from './do-loop.js';
import { everyday } from './everyday.js';
import { growth } from './growth.js';
import { latency } from './latency.js';
import { ledger } from './ledger.js';
import { shapes } from './shapes.js';
import { transform } from './transform.js';
import { uuid } from './uuid.js';
import { verify } from './verify.js';
import { watching } from './watching.js';
import { whole } from './whole.js';

export const SCENARIOS: readonly Scenario[] = [
  shapes,
  ledger,
  everyday,
  whole,
  watching,
  latency,
  transform,
  copy,
  uuid,
  bloat,
  growth,
  verify,
  doLoop,
];
