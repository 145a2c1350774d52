/** What `plan` says of a copy: it goes one way, and what that leaves to the author. */
import type { ReferenceFacts, TableFacts } from '#core/catalogue-facts';
import { displayTable, sameTable } from '#core/identifier';
import type { CopyPlan, Notice } from '#core/plan';

const warning = (code: string, text: string): Notice => ({ code, level: 'warning', text });

export function aboutCopy(plan: CopyPlan, target: TableFacts | null): readonly Notice[] {
  const [from, to] = [displayTable(plan.table), displayTable(plan.target)];
  return [
    {
      code: 'copy',
      level: 'info',
      text: `Rows of ${from} are copied to ${to}, and a trigger carries each later write of ${from} there, until contract. ${to} is readable once the gate is reached.`,
    },
    warning(
      'copy_one_way',
      `What is written to ${to} itself is not carried back: old deploys do not see it, a later write of the same row of ${from} replaces it, and a rollback does not bring it back. Until contract, write ${from}.`,
    ),
    ...aboutTruncate(from, to),
    ...(target === null ? [] : aboutSequence(plan, target)),
  ];
}

function aboutTruncate(from: string, to: string): readonly Notice[] {
  return [
    warning(
      'copy_truncate',
      `TRUNCATE of ${from}, or the end of one of its partitions, leaves the copies in ${to}: the gate shuts until they are dealt with and verified.`,
    ),
  ];
}

/** Values are given, so the sequence stands where it stood: the first row that leaves its key to it would meet a copy. */
function aboutSequence({ key, set, target }: CopyPlan, facts: TableFacts): readonly Notice[] {
  const written = [...key.map((k) => k.target), ...set.map((c) => c.name)];
  const counted = facts.columns.filter(
    (c) => written.includes(c.name) && (c.identity !== null || c.default?.startsWith('nextval(') === true),
  );
  return counted.map(({ name }) =>
    warning(
      'copy_sequence',
      `${displayTable(target)}.${name} has a sequence that copies do not move on: set it beyond them before deploys insert there (setval).`,
    ),
  );
}

/**
 * The server's trigger for a foreign key has a name that comes before ours, and an error of it is one of the application's write.
 * A key that the migration adds comes with contract.
 */
export function aboutReferences({ table, target, key }: CopyPlan, source: TableFacts): readonly Notice[] {
  const isKey = (column: string) => key.some((k) => k.target === column);
  const passes = ({ onDelete, columns }: ReferenceFacts) =>
    onDelete === 'cascade' || (onDelete.startsWith('set ') && !columns.some(isKey));
  return source.referencedBy
    .filter((reference) => sameTable(reference.table, target) && !passes(reference))
    .map(({ name }) =>
      warning(
        'copy_reference',
        `${displayTable(target)} refers to ${displayTable(table)} by ${name}, which is checked before a copy is taken away: until contract, deleting a row that has one fails. With ON DELETE CASCADE it does not.`,
      ),
    );
}
