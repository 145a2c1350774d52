import type { Definition } from '#core/definition';
import { DefinitionError } from '#core/errors';
import {
  backfillSchema,
  DEFINITION_SCHEMA,
  GATE_SCHEMA,
  isOperationKind,
  type OperationKind,
  operationSchema,
} from './definition-schema.js';
import { isRecord, kindOf, listed, type Problem, problem, schemaProblems } from './problems.js';
import { suggestion } from './suggest.js';

const EITHER: readonly OperationKind[] = ['addCheck', 'addForeignKey', 'addUnique', 'statement'];
const KINDS: Readonly<Record<'expand' | 'contract', readonly OperationKind[]>> = {
  expand: ['addColumn', 'createTable', 'createIndex', ...EITHER],
  contract: ['setNotNull', 'dropColumn', 'dropTable', ...EITHER],
};

const ELSEWHERE = {
  expand: 'belongs into `contract`: deploys that are running still need what it takes away or demands',
  contract: 'belongs into `expand`: contract only removes and tightens, once nothing needs the old shape',
} as const;

/** What is wrong with the shape of a default export: types, names, unknown options, operations in the wrong phase. */
function shapeProblems(exported: unknown): readonly Problem[] {
  if (!isRecord(exported) || Array.isArray(exported)) return [notADefinition(exported)];
  return [
    ...schemaProblems(DEFINITION_SCHEMA, exported),
    ...operationProblems(exported.expand, 'expand'),
    ...backfillProblems(exported.backfill),
    ...operationProblems(exported.contract, 'contract'),
    ...(exported.gate === undefined ? [] : schemaProblems(GATE_SCHEMA, exported.gate, 'gate')),
  ];
}

/** The definition, if its shape is one. @throws DefinitionError with every problem */
export function asDefinition(exported: unknown, file: string): Definition {
  const problems = shapeProblems(exported);
  if (problems.length > 0) throw definitionError(file, problems);
  return exported as Definition;
}

export function definitionError(file: string, problems: readonly Problem[]): DefinitionError {
  return new DefinitionError(
    {
      what: `${file} ${problems.length === 1 ? 'has a problem' : `has ${problems.length} problems`}:${listed(problems)}`,
      left: 'Nothing was changed.',
      next: 'Correct the file and run the command again.',
    },
    { file, problems },
  );
}

function notADefinition(exported: unknown): Problem {
  const what = exported === undefined ? 'undefined' : kindOf(exported);
  return problem(
    '',
    `the default export must be a migration, made by defineMigration({ … }) or a recipe, not ${what}`,
  );
}

function operationProblems(operations: unknown, phase: 'expand' | 'contract'): readonly Problem[] {
  if (!Array.isArray(operations)) return [];
  return operations.flatMap((operation: unknown, i) => oneOperation(operation, phase, `${phase}[${i}]`));
}

function oneOperation(operation: unknown, phase: 'expand' | 'contract', path: string): readonly Problem[] {
  const kind = isRecord(operation) ? operation.kind : undefined;
  if (!isRecord(operation) || kind === undefined || Array.isArray(operation)) {
    return [
      problem(
        path,
        `must be an operation such as ${phase === 'expand' ? 'addColumn(…)' : 'dropColumn(…)'}, not ${kindOf(operation)}`,
      ),
    ];
  }
  if (!isOperationKind(kind)) {
    return [
      problem(
        `${path}.kind`,
        `${JSON.stringify(kind)} is no operation; ${suggestion(String(kind), KINDS[phase])}`,
      ),
    ];
  }
  const misplaced = KINDS[phase].includes(kind) ? [] : [problem(path, `${kind} ${ELSEWHERE[phase]}`)];
  return [...misplaced, ...schemaProblems(operationSchema(kind), operation, path)];
}

function backfillProblems(backfill: unknown): readonly Problem[] {
  if (Array.isArray(backfill)) {
    return backfill.flatMap((one: unknown, i) => schemaProblems(backfillSchema(one), one, `backfill[${i}]`));
  }
  return isRecord(backfill) ? schemaProblems(backfillSchema(backfill), backfill, 'backfill') : [];
}
