import { measured, short, unreadable } from './reading.js';
import { defineSignal, type Signal } from './signal.js';

/** Well below the age at which a reading is stale. */
const TIMEOUT_MS = 5_000;

/** The user's own SQL: the first column of its first row against the limit. `id` is `query:<name>`. */
export function querySignal(id: string): Signal {
  return defineSignal({
    id,
    defaultOn: false,
    apart: true,
    limits: { limit: 1 },
    open:
      () =>
      async ({ database, declared, limits: { limit } }) => {
        const rows = await database.transaction(
          { readOnly: true, statementTimeoutMs: TIMEOUT_MS, lockTimeoutMs: TIMEOUT_MS },
          (tx) => tx.query(String(declared.sql)),
        );
        const value = numberOf(Object.values(rows[0] ?? {})[0]);
        if (value === null) return unreadable('its query gives no number');
        return measured({
          value,
          limit,
          ...(typeof declared.slow === 'number' ? { slow: declared.slow } : {}),
          text: `it gives ${short(value)} (limit ${short(limit)})`,
          release: `it gives less than ${short(limit)}`,
        });
      },
  });
}

/** numeric and large int8 arrive as text. */
function numberOf(found: unknown): number | null {
  if (typeof found === 'boolean') return Number(found);
  if (typeof found !== 'number' && typeof found !== 'string') return null;
  const value = found === '' ? Number.NaN : Number(found);
  return Number.isFinite(value) ? value : null;
}
