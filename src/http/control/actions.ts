/** What an operator does to a run from outside: the same fields by form and by API, the same verbs as in the terminal. */
import { z } from 'zod';
import type { Operations } from '#api';
import { CHECKS } from '#core/gate';
import { knobText } from '#core/knob-text';
import type { Fields } from './body.js';
import { RequestError } from './errors.js';
import { atMost } from './patience.js';

export interface Asked {
  readonly verbs: Operations;
  readonly id: string;
  readonly fields: Fields;
}
export interface Done {
  /** False: it goes on after the answer. */
  readonly ended: boolean;
  readonly document: unknown;
}
export type Action = (asked: Asked) => Promise<Done>;

const text = z.string().trim();
const reason = text.min(1).max(1_000);
const emptyIsNone = (value: unknown) => (value === '' ? undefined : value);
const reasonIfAny = z.preprocess(emptyIsNone, reason.optional());
const row = z.preprocess(emptyIsNone, z.coerce.number().int().min(1).optional());
/** Said by forms and programs alike: in whose name. Looked at by `actorOf`. */
const by = z.string().optional();
const confirm = text;

const SCHEMAS = {
  nothing: z.strictObject({ by }),
  reason: z.strictObject({ by, reason }),
  confirmed: z.strictObject({ by, confirm }),
  /** Knobs by name; a value is what the knobs show, or the word that `bellows set` takes. */
  knobs: z
    .object({ by, reason: reasonIfAny })
    .catchall(z.union([text, z.number(), z.boolean(), z.null()]).transform(knobText))
    .transform(({ by: _, reason, ...changes }) => ({ changes, why: reason === undefined ? {} : { reason } }))
    .refine(({ changes }) => Object.keys(changes).length > 0, 'name a knob to set'),
  approval: z.strictObject({ by, confirm, reason }),
  repair: z.strictObject({ by, repair: z.union([z.boolean(), z.literal('on')]).optional() }),
  skippedCheck: z.strictObject({ by, check: z.enum(CHECKS), reason }),
  row: z.strictObject({ by, row }),
  skippedRow: z.strictObject({ by, row, reason }),
};

/** Contract, rollback and verification may take hours: the answer comes before that, and what was asked goes on. */
const PATIENCE_MS = 8_000;

export const ACTIONS = {
  pause: async ({ verbs, id, fields }) =>
    done(await verbs.pause(id, { reason: parse(SCHEMAS.reason, fields).reason })),
  resume: async ({ verbs, id, fields }) => {
    parse(SCHEMAS.nothing, fields);
    return done(await verbs.resume(id));
  },
  set: async ({ verbs, id, fields }) => {
    const { changes, why } = parse(SCHEMAS.knobs, fields);
    return done(await verbs.set(id, changes, why));
  },
  approve: async ({ verbs, id, fields }) => {
    const given = parse(SCHEMAS.approval, fields);
    refuseOtherName(given.confirm, id);
    return done(await verbs.approve(id, { reason: given.reason }));
  },
  contract: async ({ verbs, id, fields }) => {
    refuseOtherName(parse(SCHEMAS.confirmed, fields).confirm, id);
    const migration = await verbs.contract(id, { signal: AbortSignal.timeout(PATIENCE_MS) });
    return { ended: migration.state === 'done', document: migration };
  },
  rollback: async ({ verbs, id, fields }) => {
    refuseOtherName(parse(SCHEMAS.confirmed, fields).confirm, id);
    const migration = await verbs.rollback(id, { signal: AbortSignal.timeout(PATIENCE_MS) });
    return { ended: migration.state === 'rolled_back', document: migration };
  },
  verify: async ({ verbs, id, fields }) => {
    const repair = parse(SCHEMAS.repair, fields).repair !== undefined;
    const verifying = verbs.verify(id, { repair });
    const report = await atMost(PATIENCE_MS, verifying);
    return report === null ? { ended: false, document: { migration: id, verifying: true } } : done(report);
  },
  gate: async ({ verbs, id, fields }) => {
    parse(SCHEMAS.nothing, fields);
    return done(await verbs.gate(id));
  },
  'gate/skip': async ({ verbs, id, fields }) => {
    const given = parse(SCHEMAS.skippedCheck, fields);
    return done(await verbs.skipCheck(id, given.check, { reason: given.reason }));
  },
  'quarantine/retry': async ({ verbs, id, fields }) =>
    done({ rows: await verbs.quarantine.retry(id, parse(SCHEMAS.row, fields).row) }),
  'quarantine/skip': async ({ verbs, id, fields }) => {
    const given = parse(SCHEMAS.skippedRow, fields);
    const one = given.row === undefined ? {} : { id: given.row };
    return done({ rows: await verbs.quarantine.skip(id, { reason: given.reason, ...one }) });
  },
} as const satisfies Readonly<Record<string, Action>>;
export type ActionName = keyof typeof ACTIONS;

const done = (document: unknown): Done => ({ ended: true, document });

function parse<S extends z.ZodType>(schema: S, fields: Fields): z.output<S> {
  const result = schema.safeParse(fields);
  if (result.success) return result.data;
  const problems = result.error.issues.map(({ path, message }) => `${path.join('.') || 'body'}: ${message}`);
  throw new RequestError(400, 'BELLOWS_BODY', {
    what: `The request says something that cannot be: ${problems.join('; ')}.`,
    next: 'docs/http-api.md lists the fields of each request.',
  });
}

function refuseOtherName(typed: string, id: string): void {
  if (typed === id) return;
  throw new RequestError(400, 'BELLOWS_CONFIRM', {
    what: 'The name that was typed is not that of the migration.',
    why: 'What cannot be undone is confirmed by the full name, so that no other migration is meant.',
    next: `Give "confirm": "${id}".`,
  });
}
