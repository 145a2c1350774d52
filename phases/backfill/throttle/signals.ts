import { lockWaiters } from './lock-waiters.js';
import { operator } from './operator.js';
import type { Signal } from './signal.js';

export const SIGNALS: readonly Signal[] = [operator, lockWaiters];
