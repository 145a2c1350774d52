import { quote, quoteTable } from '#core/identifier';
import { waitsText } from '../../expand/marker.js';
import type { BatchTarget } from '../batch.js';

/** The pending rows of a span with what a transform reads. Null where there is no transform. */
export function sourceRows({ backfill, leaf }: BatchTarget, span: string, condition: string): string | null {
  if (backfill.kind !== 'synced' || backfill.transform === undefined) return null;
  const columns = backfill.transform.read.map(({ name }) => `,\n  t.${quote(name)}`);
  return `select
  t.ctid::text,
  t.xmin::text${columns.join('')}
from ${quoteTable(leaf)} as t
where ${span}
  and ${waitsText(backfill.marker, 't.')}
  and ${condition}`;
}
