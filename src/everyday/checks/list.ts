/** Every check, in the order of the report. Adding one is adding a file and a line here. */
import type { DataCheckId } from '#core/data-checks';
import { disabledTriggers } from './disabled-triggers.js';
import { duplicateIndexes } from './duplicate-indexes.js';
import { duplicates } from './duplicates.js';
import { integerRange } from './integer-range.js';
import { invalidIndexes } from './invalid-indexes.js';
import { noPrimaryKey } from './no-primary-key.js';
import { nulls } from './nulls.js';
import { orphans } from './orphans.js';
import { queries } from './queries.js';
import { unindexedForeignKeys } from './unindexed-foreign-keys.js';
import { unvalidatedConstraints } from './unvalidated-constraints.js';
import type { Check } from './world.js';

export const CHECKS: Readonly<Record<DataCheckId, Check>> = {
  orphans,
  duplicates,
  nulls,
  unvalidated_constraints: unvalidatedConstraints,
  invalid_indexes: invalidIndexes,
  duplicate_indexes: duplicateIndexes,
  unindexed_foreign_keys: unindexedForeignKeys,
  integer_range: integerRange,
  disabled_triggers: disabledTriggers,
  no_primary_key: noPrimaryKey,
  queries,
};
