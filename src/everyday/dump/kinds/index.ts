/** Every kind of object. Adding one is adding a reader and a name here. */
import type { Reader } from '../object.js';
import { foreignKeys, keys } from './constraints.js';
import { servers, wrappers } from './foreign.js';
import { indexAttachments, indexes, indexUses, statistics } from './indexes.js';
import { casts, looseMembers, operatorClasses, operatorFamilies, operators } from './operators.js';
import { publications, publishedSchemas, publishedTables } from './publications.js';
import { aggregates, routines } from './routines.js';
import { accessMethods, collations, extensions, schemas } from './schemas.js';
import { sequences } from './sequences.js';
import { tables } from './tables.js';
import { configurations, dictionaries } from './text-search.js';
import { eventTriggers, policies, rules, triggerCopies, triggers } from './triggers.js';
import { types } from './types.js';
import { views } from './views.js';

export const KINDS: readonly Reader[] = [
  schemas,
  extensions,
  accessMethods,
  collations,
  types,
  routines,
  aggregates,
  operators,
  operatorFamilies,
  operatorClasses,
  looseMembers,
  casts,
  dictionaries,
  configurations,
  wrappers,
  servers,
  sequences,
  tables,
  views,
  keys,
  foreignKeys,
  indexes,
  indexAttachments,
  indexUses,
  statistics,
  rules,
  triggers,
  triggerCopies,
  policies,
  eventTriggers,
  publications,
  publishedTables,
  publishedSchemas,
];
