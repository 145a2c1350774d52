/** Plain SQL migrations as the verbs see them: what stands where, and the way to run them. */
import { parseTable } from '#core/identifier';
import { type Ledger, readLedger } from '#everyday/sql/ledger';
import { type Reconciliation, reconcile } from '#everyday/sql/reconcile';
import type { Project } from '#project/project';
import type { Context } from './context.js';

export interface PlainState extends Reconciliation {
  readonly ledger: Ledger;
}

export async function readPlain(
  { database, settings }: Context,
  project: Pick<Project, 'plain' | 'migrations'>,
): Promise<PlainState> {
  const ledger = await readLedger(database, parseTable(settings.migrationsTable));
  const phased = project.migrations.map(({ version }) => version);
  return { ...reconcile(project.plain, phased, ledger), ledger };
}
