import type { DeployRow } from '#api';
import type { Context } from './context.js';

/** For pipelines: this version of this application is what runs now. */
export async function recordDeploy(context: Context, application: string, version: string): Promise<void> {
  await context.install();
  await context.database.query(
    `insert into bellows.deploys (application, version, recorded_by)
     values ($1, $2, $3)`,
    [application, version, context.actor],
  );
  await context.store.record({
    actor: context.actor,
    migration: null,
    runId: null,
    action: 'deploy',
    detail: { application, version },
  });
}

export async function listDeploys(context: Context): Promise<readonly DeployRow[]> {
  await context.install();
  const rows = await context.database.query<{ application: string; version: string; at: string; by: string }>(
    `select distinct on (application) application, version, recorded_at as at, recorded_by as by
     from bellows.deploys
     order by application, id desc`,
  );
  return rows.map(({ application, version, at, by }) => ({ application, version, at, by }));
}
