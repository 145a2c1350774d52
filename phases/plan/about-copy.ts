/** What `plan` says of a copy: it goes one way, and what that leaves to the author. */
import type { TableFacts } from '#core/catalogue-facts';
import { displayTable } from '#core/identifier';
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
