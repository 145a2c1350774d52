/** What an operation renders to, sorted by the moment at which it may happen. Pure data; one executor runs it. */

import type { ServerFacts, TableFacts } from '#core/catalogue-facts';
import type { TableName } from '#core/identifier';
import type { Action, Step } from '#core/plan';

/** A part of a plan in the order of execution; every list may be empty. */
export interface Rendered {
  /** Into the one expand transaction: columns, defaults, triggers appear together or not at all. */
  readonly expand: readonly Action[];
  /** After it, outside a transaction: indexes and validations on columns that no backfill fills. */
  readonly afterExpand: readonly Step[];
  /** While settling: indexes on backfilled columns, so that no batch has to maintain them. */
  readonly settle: readonly Step[];
  /** At the start of contracting: constraints that an old deploy could violate; taken back when they do not hold. */
  readonly prove: readonly Step[];
  /** Into the cut: what only a short lock can do, nothing lost yet. */
  readonly cut: readonly Action[];
  /** Into the cut, last: what destroys. */
  readonly drop: readonly Action[];
}

export const NOTHING: Rendered = {
  expand: [],
  afterExpand: [],
  settle: [],
  prove: [],
  cut: [],
  drop: [],
};

/** What an operation may know of its surroundings when it renders. */
export interface RenderContext {
  readonly runId: number;
  /** Position of the operation, for step ids. */
  readonly position: string;
  readonly table: TableName;
  readonly facts: TableFacts | null;
  readonly server: ServerFacts;
  /** Columns of this table that this migration adds. */
  readonly added: ReadonlyMap<string, string>;
  /** Columns of this table that a backfill of this migration fills. */
  readonly backfilled: ReadonlySet<string>;
  /** Types of columns as PostgreSQL prints them. */
  readonly typeOf: (type: string) => string;
  readonly isVolatile: (expression: string) => boolean;
  /** Which columns an expression of the file reads. */
  readonly reads: (expression: string) => readonly string[];
  /** True for operations of the `contract` list. */
  readonly inContract: boolean;
}

export function concat(parts: readonly Rendered[]): Rendered {
  return {
    expand: parts.flatMap((p) => p.expand),
    afterExpand: parts.flatMap((p) => p.afterExpand),
    settle: parts.flatMap((p) => p.settle),
    prove: parts.flatMap((p) => p.prove),
    cut: parts.flatMap((p) => p.cut),
    drop: parts.flatMap((p) => p.drop),
  };
}
