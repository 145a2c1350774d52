/** Where a span of keys ends: looked up when it is due, so that batches may change their size at any time. */
import { quoteTable } from '#core/identifier';
import { type Key, type KeyColumn, keySpanText, keyText, newestFirst, type Span } from './access.js';
import type { Walk } from './send.js';
import { type Trouble, troubleOf } from './trouble.js';

/** The span with its keys; as it is where its numbers are blocks or places in a list. */
export async function locate(
  walk: Walk,
  from: Key | null,
  span: Span,
): Promise<Span | { readonly kind: 'failed'; readonly trouble: Trouble }> {
  const { access, leaf } = walk.range;
  if (access.kind !== 'keys') return span;
  const { columns, to } = access;
  const text = edgeText(quoteTable(leaf), columns);
  try {
    const rows = await walk.database.transaction(walk.limits, (tx) =>
      tx.query<{ key: Key }>(text, [from, to, span.hi - span.lo - 1]),
    );
    return { ...span, keys: { from, to: rows[0]?.key ?? to } };
  } catch (error) {
    return { kind: 'failed', trouble: troubleOf(error) };
  }
}

/** The key of the last row of so many; none where the range ends before. Reads the index alone where that is vacuumed. */
function edgeText(leaf: string, columns: readonly KeyColumn[]): string {
  return `select ${keyText(columns)} as key
from ${leaf} as t
where ${keySpanText(columns, 1)}
order by ${newestFirst(columns)}
offset $3
limit 1`;
}
