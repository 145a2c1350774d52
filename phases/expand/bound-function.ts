/**
 * A mapping that calls something outside pg_catalog is bound when the run expands: a function with an SQL-standard body
 * keeps what its names meant, whatever search_path the application has. (With an unqualified user function and another
 * search_path the application's INSERT failed with 42883.)
 */
import type { AnalysedExpression } from '#core/analysed-sql';
import { renderExpression } from '#core/analysed-sql';
import { generatedName, literal, quote } from '#core/identifier';
import type { Action } from '#core/plan';
import type { PlanningFacts } from '../plan/facts.js';

export interface Bound {
  readonly expression: AnalysedExpression;
  readonly actions: readonly Action[];
}

/** True when each name in the expression can only mean PostgreSQL's own. */
export function isBuiltInOnly(
  expression: AnalysedExpression,
  facts: PlanningFacts,
  columnsBuiltIn: boolean,
): boolean {
  if (expression.hasSubquery || !columnsBuiltIn) return false;
  const functions = expression.functions.every((f) => {
    const schemas = facts.routines.get(f.name)?.schemas ?? [];
    return schemas.length === 1 && schemas[0] === 'pg_catalog';
  });
  const types = expression.types.every((t) =>
    facts.builtInTypes.has(t.schema === null ? t.name : `${t.schema}.${t.name}`),
  );
  return functions && types;
}

export function bindExpression(
  expression: AnalysedExpression,
  runId: number,
  column: string,
  returns: string,
  typeOf: (column: string) => string,
): Bound {
  const name = generatedName('map', String(runId), column);
  const positions = new Map(expression.columns.map((c, i) => [c, i + 1]));
  // Positional parameters: a named one could be captured by a column of a subquery's table.
  const body = renderExpression(expression, (c) => `$${positions.get(c)}`);
  const signature = expression.columns.map(typeOf).join(', ');
  const call = `bellows.${quote(name)}`;
  return {
    expression: { ...expression, parts: callParts(call, expression.columns), hasSubquery: false },
    actions: [
      {
        title: `bind the mapping of ${column} to the names it has now`,
        form: 'create function',
        sql: `create or replace function ${call}(${signature}) returns ${returns} language sql begin atomic select (${body})::${returns}; end`,
        probe: functionExists(name),
        undo: `drop function if exists ${call}(${signature})`,
      },
      {
        // Functions are executable by all by default; the schema is closed, and the trigger runs with the rights of the writer.
        title: 'let writers call the bound mapping',
        form: 'create function',
        sql: 'grant usage on schema bellows to public',
        probe: null,
        undo: null,
      },
      {
        // Default privileges may have taken EXECUTE from PUBLIC: each write of the application would go to quarantine.
        title: 'let writers execute the bound mapping',
        form: 'create function',
        sql: `grant execute on function ${call}(${signature}) to public`,
        probe: null,
        undo: null,
      },
    ],
  };
}

/**
 * At the cut, before what it drops: an SQL-standard body depends on the tables and functions that it names, and would
 * keep them from being dropped, also after the run.
 */
export function dropBoundActions(made: readonly Action[]): readonly Action[] {
  return made.flatMap(({ title, probe, undo }): readonly Action[] =>
    undo === null
      ? []
      : [{ title: `drop: ${title}`, form: 'drop function', sql: undo, probe: gone(probe), undo: null }],
  );
}

function gone(probe: string | null): string | null {
  return probe === null ? null : `select not (${probe}) as done`;
}

function callParts(call: string, columns: readonly string[]): AnalysedExpression['parts'] {
  const args = columns.flatMap((column, i) => (i === 0 ? [{ column }] : [', ', { column }]));
  return [`${call}(`, ...args, ')'];
}

function functionExists(name: string): string {
  return `select exists (select from pg_catalog.pg_proc p join pg_catalog.pg_namespace n on n.oid = p.pronamespace where n.nspname = 'bellows' and p.proname = ${literal(name)}) as done`;
}
