/** What planning knows of the server and its tables: plain data, read once before anything is decided. */
import type { TableName } from './identifier.js';

/** Facts of the catalogue about one table, read before planning. */
export interface TableFacts {
  readonly table: TableName;
  readonly oid: number;
  readonly kind: 'table' | 'partitioned' | 'partition' | 'foreign' | 'view' | 'materialized view' | 'other';
  readonly persistence: 'permanent' | 'unlogged' | 'temporary';
  readonly columns: readonly ColumnFacts[];
  /** Attributes ever made, dropped ones included: PostgreSQL allows 1,600 in the life of a table. */
  readonly attributes: number;
  readonly primaryKey: readonly string[];
  readonly indexes: readonly IndexFacts[];
  readonly constraints: readonly ConstraintFacts[];
  readonly triggers: readonly TriggerFacts[];
  /** Foreign keys that a delete of its rows has to look through, those reached by CASCADE too. */
  readonly referencedBy: readonly ReferenceFacts[];
  /** The table itself, or the leaf partitions. */
  readonly leaves: readonly LeafFacts[];
  readonly estimatedRows: number | null;
  readonly bytes: number;
  /** Reasons why it cannot be served, in words; empty: it can. */
  readonly refusals: readonly string[];
  readonly publications: readonly {
    readonly name: string;
    readonly columnList: boolean;
    readonly updates: boolean;
  }[];
  readonly hasReplicaIdentity: boolean;
  readonly rowSecurity: boolean;
  /** Roles with INSERT or UPDATE: a mapping's functions must be executable for them. */
  readonly writers: readonly string[];
  readonly columnGrants: readonly {
    readonly column: string;
    readonly grantee: string;
    readonly privilege: 'SELECT' | 'INSERT' | 'UPDATE' | 'REFERENCES';
    readonly grantable: boolean;
  }[];
  readonly partitionKey: readonly string[];
  readonly owned: boolean;
}
export interface ColumnFacts {
  readonly name: string;
  readonly type: string;
  readonly notNull: boolean;
  readonly default: string | null;
  readonly defaultVolatile: boolean;
  readonly generated: boolean;
  readonly identity: 'always' | 'by default' | null;
  /** Equality of the type is equality of its bytes. */
  readonly plainEquality: boolean;
  readonly builtInType: boolean;
}
export type ColumnType = Pick<ColumnFacts, 'name' | 'type'>;
export interface IndexFacts {
  readonly name: string;
  readonly columns: readonly string[];
  readonly unique: boolean;
  readonly valid: boolean;
  readonly definition: string;
}
export interface ConstraintFacts {
  readonly name: string;
  readonly kind: 'check' | 'foreign key' | 'unique' | 'primary key' | 'exclusion' | 'not null';
  readonly columns: readonly string[];
  readonly validated: boolean;
  readonly definition: string;
}
export interface ReferenceFacts {
  readonly name: string;
  /** The table that refers. */
  readonly table: TableName;
  readonly columns: readonly string[];
  readonly onDelete: 'no action' | 'restrict' | 'cascade' | 'set null' | 'set default';
  /** An index begins with the columns. */
  readonly indexed: boolean;
  /** Size of the table that refers. */
  readonly blocks: number;
}
export interface TriggerFacts {
  readonly name: string;
  readonly timing: 'before' | 'after' | 'instead of';
  readonly level: 'row' | 'statement';
  readonly events: readonly ('insert' | 'update' | 'delete' | 'truncate')[];
  readonly enabled: 'origin' | 'always' | 'replica' | 'disabled';
  readonly internal: boolean;
}
export interface LeafFacts {
  readonly table: TableName;
  readonly oid: number;
  readonly foreign: boolean;
}

export interface ServerFacts {
  /** 140023, 180004. */
  readonly versionNumber: number;
  readonly deadlockTimeoutMs: number;
  readonly canSkipTriggers: boolean;
  readonly role: string;
  /** Roles or databases whose deadlock_timeout is set lower than the server's: the lowest of all. */
  readonly applicationDeadlockTimeoutMs: number;
}

/** A function as the catalogue knows it: what a mapping calls. */
export interface RoutineFacts {
  readonly name: string;
  /** Schemas in which a function of this name stands. */
  readonly schemas: readonly string[];
  readonly volatile: boolean;
}
