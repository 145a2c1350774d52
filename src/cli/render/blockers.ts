import type { Blocker } from '#core/events';
import { blockerText } from '#core/waits';
import { hanging } from './lines.js';
import type { View } from './view.js';

/** Who stands in the way, and what can be chosen. The query comes without its literals. */
export function blockerLines(
  blockers: readonly Blocker[],
  id: string,
  { paint, width }: View,
): readonly string[] {
  if (blockers.length === 0) return [];
  const kill = blockers[0] === undefined ? '' : `bellows kill ${blockers[0].pid}`;
  return [
    ...blockers.flatMap((blocker, i) => [
      ...hanging(i === 0 ? '  blocked   by ' : '               ', blockerText(blocker), width, paint.yellow),
      ...(blocker.query === ''
        ? []
        : hanging('            ', blocker.query.replaceAll(/\s+/g, ' '), width, paint.dim)),
    ]),
    ...hanging('            ', `choose: wait (default) | ${kill} | bellows rollback ${id}`, width),
  ];
}
