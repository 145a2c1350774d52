/**
 * Grants on single columns are not inherited by the columns that take their place: without this an application's role could
 * read the old name and not the new one. A role gets a privilege on a new column when it has it on every column that the
 * new one is made of, so that nobody sees or writes more than before.
 */
import type { TableFacts } from '#core/catalogue-facts';
import { displayTable, quote, quoteTable } from '#core/identifier';
import type { Action, MappedColumn, MappingGroup, SyncedBackfillPlan } from '#core/plan';

type Grant = TableFacts['columnGrants'][number];
const COPIED = ['SELECT', 'INSERT', 'UPDATE'] as const;

export function columnGrantActions(plan: SyncedBackfillPlan, facts: TableFacts): readonly Action[] {
  return plan.groups.flatMap((group) =>
    group.forward.flatMap((column) =>
      grantsFor(column, group, facts.columnGrants).map((g) => grantAction(plan, column, g)),
    ),
  );
}

/** Reading needs the columns that this one is computed from; writing reaches, through the reverse, all of the group. */
function grantsFor(column: MappedColumn, group: MappingGroup, grants: readonly Grant[]): readonly Grant[] {
  const grantees = [...new Set(grants.map((g) => g.grantee))];
  return COPIED.flatMap((privilege) => {
    const sources = privilege === 'SELECT' ? column.expression.columns : group.sources.map((s) => s.name);
    if (sources.length === 0) return [];
    return grantees.flatMap((grantee) => {
      const held = grants.filter(
        (g) => g.grantee === grantee && g.privilege === privilege && sources.includes(g.column),
      );
      if (new Set(held.map((g) => g.column)).size < new Set(sources).size) return [];
      return [{ column: column.name, grantee, privilege, grantable: held.every((g) => g.grantable) }];
    });
  });
}

function grantAction(
  { table }: SyncedBackfillPlan,
  column: MappedColumn,
  { grantee, privilege, grantable }: Grant,
): Action {
  const role = grantee === 'PUBLIC' ? 'public' : quote(grantee);
  return {
    title: `grant ${privilege.toLowerCase()} of ${displayTable(table)}.${column.name} to ${grantee}, as on its source`,
    form: 'grant column',
    sql: `grant ${privilege.toLowerCase()} (${quote(column.name)}) on ${quoteTable(table)} to ${role}${grantable ? ' with grant option' : ''}`,
    probe: null,
    undo: null,
  };
}
