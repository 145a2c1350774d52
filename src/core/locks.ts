/**
 * The one table of DDL forms: which lock each takes, what that blocks, whether it rewrites or scans.
 * Source: PostgreSQL manual, "Explicit Locking" and "ALTER TABLE"; each row was measured on 15 and 18 by reading pg_locks,
 * pg_relation_filenode and the tuples-returned counter around the statement.
 */
export type LockMode =
  | 'ACCESS SHARE'
  | 'ROW SHARE'
  | 'ROW EXCLUSIVE'
  | 'SHARE UPDATE EXCLUSIVE'
  | 'SHARE'
  | 'SHARE ROW EXCLUSIVE'
  | 'EXCLUSIVE'
  | 'ACCESS EXCLUSIVE'
  | 'none';

export interface LockFact {
  readonly lock: LockMode;
  /** What the application cannot do meanwhile. */
  readonly blocks: 'nothing' | 'DDL and VACUUM' | 'writes' | 'reads and writes';
  readonly rewrites: boolean;
  readonly scans: boolean;
}

const fact = (lock: LockMode, blocks: LockFact['blocks'], scans = false, rewrites = false): LockFact => ({
  lock,
  blocks,
  scans,
  rewrites,
});

export const LOCKS = {
  'add column': fact('ACCESS EXCLUSIVE', 'reads and writes'),
  'set default': fact('ACCESS EXCLUSIVE', 'reads and writes'),
  'drop column': fact('ACCESS EXCLUSIVE', 'reads and writes'),
  // A new one, which nobody else can have met.
  'create table': fact('none', 'nothing'),
  'drop table': fact('ACCESS EXCLUSIVE', 'reads and writes'),
  'create trigger': fact('SHARE ROW EXCLUSIVE', 'writes'),
  'drop trigger': fact('ACCESS EXCLUSIVE', 'reads and writes'),
  'create function': fact('none', 'nothing'),
  'drop function': fact('none', 'nothing'),
  'grant column': fact('none', 'nothing'),
  'create index concurrently': fact('SHARE UPDATE EXCLUSIVE', 'DDL and VACUUM', true),
  // ONLY the parent, which has no rows of its own: held for an instant.
  'create index on partitioned parent': fact('SHARE', 'writes'),
  'attach index': fact('ACCESS SHARE', 'nothing'),
  'drop index concurrently': fact('SHARE UPDATE EXCLUSIVE', 'DDL and VACUUM'),
  'add check not valid': fact('ACCESS EXCLUSIVE', 'reads and writes'),
  'add not null not valid': fact('ACCESS EXCLUSIVE', 'reads and writes'),
  'add foreign key not valid': fact('SHARE ROW EXCLUSIVE', 'writes'),
  'validate constraint': fact('SHARE UPDATE EXCLUSIVE', 'DDL and VACUUM', true),
  'add unique using index': fact('ACCESS EXCLUSIVE', 'reads and writes'),
  'set not null with a validated check': fact('ACCESS EXCLUSIVE', 'reads and writes'),
  'drop constraint': fact('ACCESS EXCLUSIVE', 'reads and writes'),
  analyze: fact('SHARE UPDATE EXCLUSIVE', 'DDL and VACUUM', true),
  statement: fact('ACCESS EXCLUSIVE', 'reads and writes', true, true),
} as const satisfies Record<string, LockFact>;

export type DdlForm = keyof typeof LOCKS;

/** From weak to strong; PostgreSQL manual, table "Conflicting Lock Modes". */
const STRENGTH: readonly LockMode[] = [
  'none',
  'ACCESS SHARE',
  'ROW SHARE',
  'ROW EXCLUSIVE',
  'SHARE UPDATE EXCLUSIVE',
  'SHARE',
  'SHARE ROW EXCLUSIVE',
  'EXCLUSIVE',
  'ACCESS EXCLUSIVE',
];

export function stronger(a: LockMode, b: LockMode): LockMode {
  return STRENGTH.indexOf(b) > STRENGTH.indexOf(a) ? b : a;
}

/** The strongest lock that any of these forms takes; several statements in one transaction hold it till its end. */
export function strongest(forms: readonly DdlForm[]): LockFact {
  const facts: readonly LockFact[] = forms.map((form) => LOCKS[form]);
  return facts.reduce(
    (a, b) => (STRENGTH.indexOf(b.lock) > STRENGTH.indexOf(a.lock) ? b : a),
    fact('none', 'nothing'),
  );
}
