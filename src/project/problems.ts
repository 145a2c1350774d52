import type { z } from 'zod';
import { suggestion } from './suggest.js';

/** One thing that is wrong, and where: `expand[2].column`, `http.port`. */
export interface Problem {
  /** Empty for the whole. */
  readonly path: string;
  readonly message: string;
}

export function problem(path: string, message: string): Problem {
  return { path, message };
}

/** The problems as an indented list, for the text of an error. */
export function listed(problems: readonly Problem[]): string {
  return problems.map(({ path, message }) => `\n  - ${path === '' ? '' : `${path}: `}${message}`).join('');
}

export function joinPath(base: string, path: readonly PropertyKey[]): string {
  return path.reduce<string>((out, key) => {
    if (typeof key === 'number') return `${out}[${key}]`;
    const name = String(key);
    if (!/^[\p{L}_$][\p{L}\p{N}_$]*$/u.test(name)) return `${out}[${JSON.stringify(name)}]`;
    return out === '' ? name : `${out}.${name}`;
  }, base);
}

/** What a schema found, in the words of whoever wrote the file: no value of it is repeated, it may be a secret. */
export function schemaProblems(schema: z.ZodType, value: unknown, base = ''): readonly Problem[] {
  // Read once: writing a parser for it, as zod does where it may, takes far longer than the reading.
  const result = schema.safeParse(value, { jitless: true });
  return result.success ? [] : result.error.issues.flatMap((issue) => fromIssue(issue, schema, value, base));
}

function fromIssue(
  issue: z.core.$ZodIssue,
  schema: z.ZodType,
  value: unknown,
  base: string,
): readonly Problem[] {
  const path = joinPath(base, issue.path);
  if (issue.code === 'unrecognized_keys') {
    const known = keysAt(schema, issue.path);
    return issue.keys.map((key) =>
      problem(joinPath(path, [key]), `unknown option; ${suggestion(key, known)}`),
    );
  }
  const given = valueAt(value, issue.path);
  if (issue.code === 'invalid_type') {
    const message =
      given === undefined ? 'is missing' : `must be ${withArticle(issue.expected)}, not ${kindOf(given)}`;
    return [problem(path, message)];
  }
  if (issue.code === 'invalid_value') {
    return [problem(path, `must be ${issue.values.map((v) => JSON.stringify(v)).join(' or ')}`)];
  }
  return [problem(path, issue.message)];
}

export function kindOf(value: unknown): string {
  if (value === null) return 'null';
  if (typeof value === 'number' && !Number.isFinite(value)) return String(value);
  return Array.isArray(value) ? 'a list' : withArticle(typeof value);
}

const ARTICLES: Readonly<Record<string, string>> = {
  array: 'a list',
  object: 'an object',
  record: 'an object',
  int: 'a whole number',
  undefined: 'undefined',
};

function withArticle(type: string): string {
  return ARTICLES[type] ?? `a ${type}`;
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>((inner, key) => (isRecord(inner) ? inner[String(key)] : undefined), value);
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

/** The keys that a schema knows at a path, for a suggestion. */
function keysAt(schema: z.core.$ZodType, path: readonly PropertyKey[]): readonly string[] {
  const inner = unwrapped(schema);
  if (path.length === 0) return 'shape' in inner ? Object.keys(inner.shape) : [];
  const [head, ...rest] = path;
  const child = 'shape' in inner ? inner.shape[String(head)] : inner.valueType;
  return child === undefined ? [] : keysAt(child, rest);
}

type Inner =
  | { readonly shape: Readonly<Record<string, z.core.$ZodType>> }
  | { readonly valueType: z.core.$ZodType | undefined };

function unwrapped(schema: z.core.$ZodType): Inner {
  const def: unknown = schema._zod.def;
  if (!isRecord(def)) return { valueType: undefined };
  if (isSchema(def.innerType)) return unwrapped(def.innerType);
  if (isRecord(def.shape)) return { shape: def.shape as Readonly<Record<string, z.core.$ZodType>> };
  return { valueType: isSchema(def.valueType) ? def.valueType : undefined };
}

function isSchema(value: unknown): value is z.core.$ZodType {
  return isRecord(value) && '_zod' in value;
}
