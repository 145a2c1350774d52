import type { DataUnknown } from '#core/data-checks';
import { type CheckWorld, unknown } from './world.js';

/** A migration file that cannot be read may want anything. */
export function unreadable({ wanted }: CheckWorld): readonly DataUnknown[] {
  return wanted.unreadable.map((file) =>
    unknown({
      why: `${file} cannot be read, so what it wants is not known`,
      next: 'bellows plan says what is wrong with it.',
    }),
  );
}
