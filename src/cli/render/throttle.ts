import { amount } from '#core/numbers';
import type { BackfillStatus } from '#core/status';

type Held = BackfillStatus['throttle'][number];

/** `replication_lag 6.2 (limit 5)`; what cannot be read holds too. */
export function heldBy({ signal, value, limit }: Held): string {
  return `${signal} ${value === null ? 'cannot be read' : amount(value)} (limit ${amount(limit)})`;
}

export function heldText(held: Held): string {
  return `${heldBy(held)}; released when ${held.release}`;
}
