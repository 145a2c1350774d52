import { closedReason } from '#core/window';
import type { RunRow } from '#ports';
import type { Context } from './context.js';

/** Why neither expand nor contract of a run may begin now; null: they may. The leader asks the clock of the database. */
export function closedNow({ settings }: Context, { plan }: RunRow): string | null {
  const hours = plan.window?.ddl ?? settings.window.ddl;
  return hours.length === 0 ? null : closedReason(hours, new Date());
}
