/**
 * The SQL of a copied row, the same for the trigger, the batch, the catch-up and the verification: which row of the target
 * belongs to a row of the source, whether there is to be one, and what it holds.
 */
import { renderExpression } from '#core/analysed-sql';
import { literal, quote, quoteTable } from '#core/identifier';
import type { CopiedKey, CopyPlan } from '#core/plan';

/** SQL of a boolean that is never null: the row of the source has a row in the target. */
export function isCopied({ where }: CopyPlan, row: string): string {
  if (where === null) return 'true';
  return `(${renderExpression(where, (name) => `${row}.${quote(name)}`)}) is true`;
}

/** The row `target` of the target belongs to the row `source` of the source. */
export function belongs({ key }: CopyPlan, target: string, source: string): string {
  return allKeys(
    key,
    (k) => `${target}.${quote(k.target)}`,
    (k) => `${source}.${quote(k.source.name)}`,
  );
}

/** Two rows of the source, or what a trigger knows of one, have the same key. */
export function sameSource({ key }: CopyPlan, one: string, other: string): string {
  const column = (row: string) => (k: CopiedKey) => `${row}.${quote(k.source.name)}`;
  return allKeys(key, column(one), column(other));
}

/** The key `waiting` is that of the row `source`. */
export function waitsFor({ key }: CopyPlan, waiting: string, source: string): string {
  return allKeys(
    key,
    (k) => `${waiting}.${waitingName(key.indexOf(k))}`,
    (k) => `${source}.${quote(k.source.name)}`,
  );
}

/** The row `target` belongs to the key `waiting`. */
export function waitsToReach({ key }: CopyPlan, waiting: string, target: string): string {
  return allKeys(
    key,
    (k) => `${target}.${quote(k.target)}`,
    (k) => `${waiting}.${waitingName(key.indexOf(k))}`,
  );
}

function allKeys(
  key: readonly CopiedKey[],
  left: (k: CopiedKey) => string,
  right: (k: CopiedKey) => string,
): string {
  return key.map((k) => `${left(k)} = ${right(k)}`).join(' and ');
}

/** Not the column's own name: one may be called `noted_at`. */
export function waitingName(index: number): string {
  return `key_${index + 1}`;
}

export function waitingNames({ key }: CopyPlan): readonly string[] {
  return key.map((_, i) => waitingName(i));
}

/** Of the row `source`, as the quarantine names it. */
export function sourceKey({ key }: CopyPlan, source: string): string {
  return keyObject(key, (k) => `${source}.${quote(k.source.name)}`);
}

/** The same of a key that waits. */
export function waitingKey({ key }: CopyPlan, waiting: string): string {
  return keyObject(key, (k) => `${waiting}.${waitingName(key.indexOf(k))}`);
}

function keyObject(key: readonly CopiedKey[], value: (k: CopiedKey) => string): string {
  return `jsonb_build_object(${key.map((k) => `${literal(k.source.name)}, ${value(k)}`).join(', ')})`;
}

/**
 * `insert into the target` up to its rows. What is said here is assigned as in any INSERT: an untyped literal gets the type of
 * its column, and a value too long is an error. OVERRIDING lets an identity that is ALWAYS generated be given.
 *
 * @param from with its condition and its lock, over the alias `t`.
 */
export function insertCopies(plan: CopyPlan, from: string): string {
  const { target, key, set } = plan;
  const names = [...key.map((k) => k.target), ...set.map((c) => c.name)];
  const values = [
    ...key.map((k) => `t.${quote(k.source.name)}`),
    ...set.map((c) => `(${renderExpression(c.expression, (name) => `t.${quote(name)}`)})`),
  ];
  return `insert into ${quoteTable(target)} as x (${names.map(quote).join(', ')})
  overriding system value
  select ${values.join(', ')}
  ${from}
  on conflict (${conflictKey(plan)})`;
}

function conflictKey({ key }: CopyPlan): string {
  return key.map((k) => quote(k.target)).join(', ');
}

/** What follows `on conflict`: the source has the last word. */
export function replaceCopy({ set }: CopyPlan): string {
  return `do update set ${set.map(({ name }) => `${quote(name)} = excluded.${quote(name)}`).join(', ')}`;
}

/** The row `target` holds something else than the row `excluded`. Images, since 1.0 and 1.00 are equal to their type. */
export function copyDiffers({ set }: CopyPlan, target: string): string {
  const row = (name: string) => `row(${set.map((c) => `${name}.${quote(c.name)}`).join(', ')})`;
  return `pg_catalog.record_image_ne(${row(target)}, ${row('excluded')})`;
}
