/** What a dump is made of. */
import type { Session } from '#ports';

/** A row of a catalogue: `pg_class:16390`. */
export type Address = `${string}:${number}`;

export function address(catalogue: string, oid: number): Address {
  return `${catalogue}:${oid}`;
}

/**
 * Which kinds come first where dependencies leave the choice. It is the order of pg_dump: what a function's body may name
 * comes before what is executed when an index or a constraint is built.
 */
export const RANK = {
  schema: 0,
  extension: 1,
  accessMethod: 2,
  collation: 3,
  type: 4,
  routine: 5,
  operator: 6,
  textSearch: 7,
  foreign: 8,
  cast: 9,
  sequence: 10,
  table: 11,
  view: 12,
  attach: 13,
  owned: 14,
  default: 15,
  key: 16,
  check: 17,
  inheritedCheck: 18,
  index: 19,
  indexAttach: 20,
  indexUse: 21,
  statistics: 22,
  rule: 23,
  foreignKey: 24,
  trigger: 25,
  triggerState: 26,
  policy: 27,
  publication: 28,
  publicationMember: 29,
  defaultPrivileges: 30,
  eventTrigger: 31,
} as const;

/** Something that the dump creates, with everything that is said about it. */
export interface DumpObject {
  /** The rows of the catalogue that its statements bring about. An object that something depends on is found by these. */
  readonly owns: readonly Address[];
  readonly rank: number;
  /** Orders objects of one rank; made of names only, since numbers differ from server to server. */
  readonly name: string;
  /** Without semicolons. None: another object's statements create it. */
  readonly sql: readonly string[];
  /** Rows that must be there before, beside those that `pg_depend` names for what it owns. */
  readonly needs?: readonly Address[];
  /** Dependencies that it can do without. */
  readonly without?: readonly Address[];
  /** In pieces, for when it stands in a circle: the first piece owns what others need, later ones need those others. */
  readonly split?: () => readonly DumpObject[];
}

/** The user's objects, by catalogue; what each reader is to read. */
export interface Reading {
  readonly session: Session;
  /** Server version, such as 150004. */
  readonly version: number;
  readonly oids: (catalogue: string) => readonly number[];
  /** A row's identity as the server writes it, schema-qualified and quoted; for what is in the census. */
  readonly nameOf: (at: Address) => string;
}

/** Reads one kind of object. */
export type Reader = (reading: Reading) => Promise<readonly DumpObject[]>;
