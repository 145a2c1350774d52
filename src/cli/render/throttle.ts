import type { BackfillStatus } from '#core/status';

type Held = BackfillStatus['throttle'][number];

/** `replication_lag: standby1 is 6.2 s behind (limit 5 s); released when …`, as log and API say it. */
export function heldText({ text, release }: Held): string {
  return `${text}; released when ${release}`;
}
