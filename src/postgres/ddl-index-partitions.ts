import { generatedName, quote, quoteTable, type TableName } from '#core/identifier';
import type { IndexStep } from '#core/plan';
import type { Session, StepOutcome } from '#ports';
import type { Attempt, Ddl } from './ddl-context.js';
import { ConflictingObjectError } from './ddl-errors.js';
import { type Built, ensureIndex } from './ddl-index-build.js';
import { expectedShape, findIndex, type IndexStatement } from './ddl-index-facts.js';
import { shortTransaction } from './ddl-short.js';

/** A table of the partition tree; parents stand before their children. */
interface Node extends Readonly<Record<string, unknown>> {
  readonly schema: string;
  readonly name: string;
  readonly parentSchema: string | null;
  readonly parentName: string | null;
  readonly leaf: boolean;
}

/**
 * An index of a partitioned table. CONCURRENTLY is refused on a parent (0A000), and without it every leaf is locked against
 * writes for the whole build. So: the parent's index alone, then each leaf's concurrently, then attached. PostgreSQL turns
 * the parent's valid by itself with the last leaf; partitions that are made meanwhile get theirs from the parent.
 */
export async function ensurePartitioned(
  ddl: Ddl,
  attempt: Attempt<IndexStep>,
  statement: IndexStatement,
): Promise<Built> {
  const { step } = attempt;
  const before = await findIndex(ddl.database, step, step.index, step.table);
  if (before !== null) {
    const expected = await expectedShape(ddl.database, step.table, statement);
    if (before.shape !== expected) {
      const what = `Index ${step.index} is there, but another one.`;
      throw new ConflictingObjectError(
        step,
        what,
        `It is "${before.shape}", and the plan needs "${expected}".`,
      );
    }
    if (before.valid) return { outcome: { kind: 'done' }, found: true };
  }
  for (const node of await tree(ddl.database, step.table)) {
    const outcome = await ensureNode(ddl, attempt, statement, node);
    if (outcome.kind !== 'done') return { outcome: await takeBack(ddl, attempt, outcome), found: false };
  }
  return { outcome: await verdict(ddl, attempt), found: false };
}

/** A leaf that came and one that went while we worked: the parent then says no, and the next call begins where this ended. */
async function verdict(ddl: Ddl, { step }: Attempt<IndexStep>): Promise<StepOutcome> {
  const index = await findIndex(ddl.database, step, step.index, step.table);
  return index?.valid === true ? { kind: 'done' } : { kind: 'blocked', blockers: [], sqlstate: '55000' };
}

async function tree(session: Session, table: TableName): Promise<readonly Node[]> {
  return session.query<Node>(
    `select n.nspname as schema,
       c.relname as name,
       pn.nspname as "parentSchema",
       pc.relname as "parentName",
       t.isleaf as leaf
     from pg_partition_tree(to_regclass($1)) t
     join pg_class c on c.oid = t.relid
     join pg_namespace n on n.oid = c.relnamespace
     left join pg_class pc on pc.oid = t.parentrelid and t.level > 0
     left join pg_namespace pn on pn.oid = pc.relnamespace
     order by t.level, n.nspname, c.relname`,
    [quoteTable(table)],
  );
}

async function ensureNode(
  ddl: Ddl,
  attempt: Attempt<IndexStep>,
  statement: IndexStatement,
  node: Node,
): Promise<StepOutcome> {
  const parent = parentIndex(attempt.step, node);
  if (parent !== null && (await isAttached(ddl.database, node, parent))) return { kind: 'done' };
  const name = nameOn(attempt.step, node);
  if (node.leaf) {
    const { outcome } = await ensureIndex(ddl, attempt, { name, table: node, statement });
    if (outcome.kind !== 'done') return outcome;
  } else if ((await findIndex(ddl.database, attempt.step, name, node)) === null) {
    const unique = statement.unique ? 'unique ' : '';
    const outcome = await briefly(
      ddl,
      attempt,
      node,
      'SHARE',
      `create ${unique}index ${quote(name)} on only ${quoteTable(node)} ${statement.rest}`,
    );
    if (outcome.kind !== 'done') return outcome;
  }
  if (parent === null) return { kind: 'done' };
  const attach = `alter index ${quoteTable(parent)} attach partition ${quoteTable({ schema: node.schema, name })}`;
  // The statement itself takes no more of the table; the index of the leaf it locks against everybody, briefly.
  return briefly(ddl, attempt, node, 'ACCESS SHARE', attach);
}

/** Indexes live in the schema of their table. */
function nameOn(step: IndexStep, table: TableName): string {
  const root = table.schema === step.table.schema && table.name === step.table.name;
  return root ? step.index : generatedName(step.index, table.name);
}

function parentIndex(step: IndexStep, node: Node): TableName | null {
  const { parentSchema, parentName } = node;
  if (parentSchema === null || parentName === null) return null;
  return { schema: parentSchema, name: nameOn(step, { schema: parentSchema, name: parentName }) };
}

/** Some index of the partition, under whatever name, is the parent index's. A parent that is not valid itself goes on. */
async function isAttached(session: Session, node: Node, parent: TableName): Promise<boolean> {
  const rows = await session.query(
    `select from pg_inherits h
     join pg_index i on i.indexrelid = h.inhrelid
     where h.inhparent = to_regclass($1)
     and i.indrelid = to_regclass($2)
     and i.indisvalid`,
    [quoteTable(parent), quoteTable(node)],
  );
  return rows.length > 0;
}

/** One short statement on the partition tree, bounded like any other that makes the application wait. */
async function briefly(
  ddl: Ddl,
  attempt: Attempt<IndexStep>,
  table: TableName,
  mode: 'SHARE' | 'ACCESS SHARE',
  sql: string,
): Promise<StepOutcome> {
  const short = await shortTransaction(ddl, attempt, async (tx) => {
    // The statement leaves the other partitions alone, and so does the lock.
    await tx.lock([table], mode, 'only');
    await tx.query(sql);
  });
  if (short.kind === 'committed') return { kind: 'done' };
  const { blockers, queued, sqlstate } = short;
  return { kind: 'blocked', blockers, queued, sqlstate };
}

/** A violation leaves nothing: the parent's index would otherwise be made on every new partition, and fail there. */
async function takeBack(ddl: Ddl, attempt: Attempt<IndexStep>, outcome: StepOutcome): Promise<StepOutcome> {
  if (outcome.kind !== 'violated') return outcome;
  const dropped = await dropPartitioned(ddl, attempt, attempt.step.table, attempt.step.index);
  return dropped.kind === 'done' ? outcome : dropped;
}

/** DROP INDEX CONCURRENTLY is refused on a partitioned index (0A000); the plain drop is short, and takes the whole tree. */
export async function dropPartitioned(
  ddl: Ddl,
  attempt: Attempt,
  table: TableName,
  index: string,
): Promise<StepOutcome> {
  const short = await shortTransaction(ddl, attempt, async (tx) => {
    await tx.lock([table], 'ACCESS EXCLUSIVE');
    await tx.query(`drop index if exists ${quoteTable({ schema: table.schema, name: index })}`);
  });
  if (short.kind === 'committed') return { kind: 'done' };
  const { blockers, queued, sqlstate } = short;
  return { kind: 'blocked', blockers, queued, sqlstate };
}
