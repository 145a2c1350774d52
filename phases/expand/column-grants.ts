/**
 * Grants on single columns are not inherited by the columns that take their place: without this an application's role could
 * read the old name and not the new one. A role gets a privilege on a new column when it has it on every column that the
 * new one is made of, so that nobody sees or writes more than before.
 */
import type { TableFacts } from '#core/catalogue-facts';
import { displayTable, quote, quoteTable } from '#core/identifier';
import type { Action, SyncedBackfillPlan } from '#core/plan';

type Grant = TableFacts['columnGrants'][number];
const COPIED = ['SELECT', 'INSERT', 'UPDATE'] as const;

export function columnGrantActions(plan: SyncedBackfillPlan, facts: TableFacts): readonly Action[] {
  return origins(plan).flatMap((origin) =>
    grantsFor(origin, facts.columnGrants).map((grant) => grantAction(plan, grant)),
  );
}

/** Of a new column: what it is computed from, and what a write of it reaches. */
interface Origin {
  readonly column: string;
  readonly read: readonly string[];
  readonly reached: readonly string[];
}

function origins({ groups, transform }: SyncedBackfillPlan): readonly Origin[] {
  const sources = transform?.read.map((c) => c.name) ?? [];
  const given = transform?.write.map((c) => ({ column: c.name, read: sources, reached: sources })) ?? [];
  const mapped = groups.flatMap((group) =>
    group.forward.map((c) => ({
      column: c.name,
      read: c.expression.columns,
      reached: group.sources.map((s) => s.name),
    })),
  );
  return [...given, ...mapped];
}

/** Reading needs the columns that this one is computed from; writing reaches, through the reverse, all of the group. */
function grantsFor({ column, read, reached }: Origin, grants: readonly Grant[]): readonly Grant[] {
  const grantees = [...new Set(grants.map((g) => g.grantee))];
  return COPIED.flatMap((privilege) => {
    const sources = privilege === 'SELECT' ? read : reached;
    if (sources.length === 0) return [];
    return grantees.flatMap((grantee) => {
      const held = grants.filter(
        (g) => g.grantee === grantee && g.privilege === privilege && sources.includes(g.column),
      );
      if (new Set(held.map((g) => g.column)).size < new Set(sources).size) return [];
      return [{ column, grantee, privilege, grantable: held.every((g) => g.grantable) }];
    });
  });
}

function grantAction(
  { table }: SyncedBackfillPlan,
  { column, grantee, privilege, grantable }: Grant,
): Action {
  const role = grantee === 'PUBLIC' ? 'public' : quote(grantee);
  return {
    title: `grant ${privilege.toLowerCase()} of ${displayTable(table)}.${column} to ${grantee}, as on its source`,
    form: 'grant column',
    sql: `grant ${privilege.toLowerCase()} (${quote(column)}) on ${quoteTable(table)} to ${role}${grantable ? ' with grant option' : ''}`,
    probe: null,
    undo: null,
  };
}
