/** The shape of a definition: types, names, unknown options. What the parts mean to each other is in `rules.ts`. */
import { z } from 'zod';
import type { AnyOperation } from '#core/definition';
import { durationMs } from '#core/duration';
import { parseTable } from '#core/identifier';
import { isSql } from '#core/sql';
import { parseWindow } from '#core/window';

const MAX_BYTES = 63;

function badName(text: string): string | null {
  if (text === '') return 'must not be empty';
  if (text.includes('\0')) return 'must not hold a NUL character';
  const bytes = new TextEncoder().encode(text).length;
  return bytes > MAX_BYTES
    ? `is ${bytes} bytes long; PostgreSQL cuts names after ${MAX_BYTES} silently`
    : null;
}

function named(parts: (text: string) => readonly string[]) {
  return z.string().superRefine((text, context) => {
    const message = parts(text)
      .map(badName)
      .find((found) => found !== null);
    if (message) context.addIssue({ code: 'custom', message });
  });
}

const name = named((text) => [text]);
/** A migration of these would change the ledger that it is run by; `bullmq` is the queue's, where PostgreSQL keeps it. */
const OWN_SCHEMAS: ReadonlySet<string> = new Set(['bellows', 'bullmq']);

const table = named((text) => {
  const { schema, name } = parseTable(text);
  return [schema, name];
}).refine((text) => !OWN_SCHEMAS.has(parseTable(text).schema), {
  error: 'must not be in the schema bellows or bullmq: what is there belongs to Bellows itself',
});

const sqlValue = z.custom(
  (value) => isSql(value) && typeof value.text === 'string' && value.text.trim() !== '',
  {
    error: (issue) => {
      if (issue.input === undefined) return 'is missing';
      if (typeof issue.input === 'string') return 'must be SQL, not a string: write sql`…`';
      return isSql(issue.input) ? 'must not be empty' : 'must be SQL: write sql`…`';
    },
  },
);

const type = z.string().superRefine((text, context) => {
  const message = badType(text.trim());
  if (message) context.addIssue({ code: 'custom', message });
});

function badType(text: string): string | null {
  if (text === '') return 'must not be empty';
  if (!/^(small|big)?serial\d?$/i.test(text)) return null;
  return 'must not be a serial: its default is volatile, and adding it rewrites the table; add an integer, and fill it in `backfill`';
}

const reason = z
  .string()
  .refine((text) => text.trim() !== '', { error: 'must say why this is safe on a table in use' });
const names = z.array(name).min(1, 'must name at least one column');

const SHAPES = {
  addColumn: { column: name, type, default: sqlValue.optional() },
  createTable: {
    name: table,
    columns: z
      .record(
        z.string(),
        z.union(
          [type, z.strictObject({ type, notNull: z.boolean().optional(), default: sqlValue.optional() })],
          {
            error: "must be a type, or { type: '…', notNull, default }",
          },
        ),
      )
      .superRefine((record, context) => addBadKeys(record, context)),
    primaryKey: names,
  },
  createIndex: {
    columns: z
      .array(z.union([name, sqlValue], { error: keyMessage }))
      .min(1, 'must name at least one column'),
    name: name.optional(),
    unique: z.boolean().optional(),
    where: sqlValue.optional(),
    using: name.optional(),
  },
  addCheck: { name, check: sqlValue },
  addForeignKey: {
    columns: names,
    references: table,
    referencedColumns: names,
    name: name.optional(),
    onDelete: z.enum(['no action', 'restrict', 'cascade', 'set null', 'set default']).optional(),
  },
  addUnique: { columns: names, name: name.optional() },
  setNotNull: { column: name },
  dropColumn: { column: name },
  dropTable: { name: table },
  statement: { up: sqlValue, undo: sqlValue.optional(), reason },
} as const satisfies Record<AnyOperation['kind'], z.ZodRawShape>;

function keyMessage(issue: { readonly input?: unknown }): string {
  if (typeof issue.input !== 'string')
    return 'must be the name of a column, or SQL for an expression: sql`…`';
  return badName(issue.input) ?? 'must be the name of a column';
}

export type OperationKind = keyof typeof SHAPES;

export function isOperationKind(kind: unknown): kind is OperationKind {
  return typeof kind === 'string' && Object.hasOwn(SHAPES, kind);
}

export function operationSchema(kind: OperationKind): z.ZodType {
  return z.strictObject({ kind: z.literal(kind), table: table.optional(), ...SHAPES[kind] });
}

const set = z.record(z.string(), sqlValue.optional()).superRefine((record, context) => {
  if (Object.values(record).every((value) => value === undefined)) {
    context.addIssue({ code: 'custom', message: 'must set at least one column' });
  }
  addBadKeys(record, context);
});

const reverse = z.union([z.literal('none'), z.record(z.string(), z.unknown())], {
  error: "must be { column: sql`…` }, or 'none'",
});
const reverseRecord = z.record(z.string(), sqlValue).superRefine(addBadKeys);

function addBadKeys(record: Readonly<Record<string, unknown>>, context: z.RefinementCtx): void {
  for (const key of Object.keys(record)) {
    const message = badName(key);
    if (message !== null)
      context.addIssue({ code: 'custom', message: `the name ${message}`, path: [key.slice(0, 80)] });
  }
}

const common = {
  table: table.optional(),
  triggers: z.enum(['fire', 'skip']).optional(),
  order: z.literal('newest first').optional(),
};

const keys = z.record(z.string(), name).superRefine((record, context) => {
  if (Object.keys(record).length === 0)
    context.addIssue({ code: 'custom', message: 'must name at least one column' });
  const sources = Object.values(record);
  if (new Set(sources).size < sources.length)
    context.addIssue({ code: 'custom', message: 'names a column of the source twice' });
  addBadKeys(record, context);
});

const COPY_SCHEMA = z.strictObject({
  ...common,
  copy: z.strictObject({
    into: table,
    key: keys,
    set: z.record(z.string(), sqlValue).superRefine((record, context) => {
      if (Object.keys(record).length === 0)
        context.addIssue({ code: 'custom', message: 'must set at least one column' });
      addBadKeys(record, context);
    }),
    where: sqlValue.optional(),
    others: z.literal('keep').optional(),
  }),
});

const PURGE_SCHEMA = z.strictObject({ ...common, delete: sqlValue });

export function backfillSchema(backfill: unknown): z.ZodType {
  if (typeof backfill !== 'object' || backfill === null) return MAPPING_SCHEMA;
  if ('delete' in backfill) return PURGE_SCHEMA;
  if ('copy' in backfill) return COPY_SCHEMA;
  return 'transform' in backfill || 'read' in backfill ? TRANSFORM_SCHEMA : MAPPING_SCHEMA;
}

const MAPPING_SCHEMA = z
  .strictObject({
    ...common,
    set,
    reverse: reverse.optional(),
    where: sqlValue.optional(),
  })
  .superRefine(({ reverse: given, where }, context) => {
    if (given !== undefined && where !== undefined) {
      const message =
        'cannot stand beside `where`: a backfill with `where` has one shape only, there is nothing to keep equal';
      context.addIssue({ code: 'custom', message, path: ['reverse'] });
    }
    if (typeof given !== 'object') return;
    const found = reverseRecord.safeParse(given);
    for (const issue of found.error?.issues ?? []) {
      context.addIssue({ code: 'custom', message: issue.message, path: ['reverse', ...issue.path] });
    }
  });

const columns = z
  .array(name)
  .min(1, 'must name at least one column')
  .refine((list) => new Set(list).size === list.length, { error: 'names a column twice' });

const duration = z.string().refine((text) => /\d(s|m|h|d)$/.test(text) && durationMs(text) !== null, {
  error: 'must be a duration such as "30s", "5m", "24h" or "7d"',
});

const TRANSFORM_SCHEMA = z.strictObject({
  ...common,
  read: columns,
  write: columns,
  transform: z.custom((value) => typeof value === 'function', {
    error: 'must be a function: async (rows) => …',
  }),
  concurrency: z
    .number()
    .refine((n) => Number.isInteger(n) && n >= 1 && n <= 64, { error: 'must be a whole number from 1 to 64' })
    .optional(),
  timeout: duration.refine((text) => durationMs(text) !== 0, { error: 'must be longer than 0' }).optional(),
});

/** Dotted numbers are compared as numbers; of anything else only equality can be told. */
const version = z.string().superRefine((text, context) => {
  const match = /^(>=|<=|>|<|=)?\s*(\S+)$/.exec(text.trim());
  if (match === null) {
    context.addIssue({ code: 'custom', message: 'must be a version such as ">=42" or "=2024-05-a"' });
  } else if (match[1] !== undefined && match[1] !== '=' && !/^\d+(\.\d+)*$/.test(match[2] ?? '')) {
    context.addIssue({
      code: 'custom',
      message: `only dotted numbers can be compared with ${match[1]}; use "=" for this one`,
    });
  }
});

export const GATE_SCHEMA = z.strictObject({
  soak: duration.optional(),
  deployed: z.record(z.string(), version).optional(),
  queries: z.record(z.string(), sqlValue).optional(),
});

const hours = z.string().refine((text) => parseWindow(text) !== null, {
  error: 'must be a window such as "mon-fri 22:00-06:00 Europe/Berlin"',
});
const windows = z.union([hours, z.array(hours).min(1)]).optional();

export const DEFINITION_SCHEMA = z.strictObject({
  description: z
    .string()
    .refine((text) => text.trim() !== '', { error: 'must say in one sentence what the migration does' }),
  table: table.optional(),
  expand: z.array(z.unknown()).optional(),
  backfill: z
    .union([z.array(z.unknown()), z.record(z.string(), z.unknown())], {
      error: 'must be an object, or a list of objects',
    })
    .optional(),
  contract: z.array(z.unknown()).optional(),
  gate: z.unknown().optional(),
  window: z.strictObject({ ddl: windows, backfill: windows }).optional(),
});
