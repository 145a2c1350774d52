import { type Finding, fail, notApplicable, pass, unknown } from '#core/gate';
import type { Database } from '#ports';
import { count, type GateCheck, waived } from './check.js';
import { meets } from './version-condition.js';

/** Each application runs a version that no longer needs the old shape. */
export const deployed: GateCheck = {
  id: 'deployed',
  evaluate: async (context) => {
    const off = waived(context);
    if (off !== null) return off;
    const conditions = Object.entries(context.run.plan.gate.deployed).sort();
    if (conditions.length === 0) return notApplicable('no deploy is declared');
    const findings: Finding[] = [];
    for (const [application, condition] of conditions) {
      findings.push(await judge(context.database, application, condition));
    }
    return combine(findings);
  },
};

/** All evidence; the worst verdict, since what is not known must not hide what is known to be wrong. */
function combine(findings: readonly Finding[]): Finding {
  const evidence = findings.map((f) => f.evidence).join('; ');
  const release = findings.flatMap((f) => f.release ?? []).join('; ');
  if (findings.some((f) => f.verdict === 'fail')) return fail(evidence, release);
  if (findings.some((f) => f.verdict === 'unknown')) return unknown(evidence, release);
  return pass(evidence);
}

async function judge(database: Database, application: string, condition: string): Promise<Finding> {
  const [recorded] = await database.query<{ version: string }>(
    'select version from bellows.deploys where application = $1 order by id desc limit 1',
    [application],
  );
  const live = await liveVersions(database, application);
  const older = live.filter(({ version }) => meets(version, condition) === false);
  const sessions = live.reduce((sum, { sessions: n }) => sum + n, 0);
  const said = recorded === undefined ? 'never recorded' : `${recorded.version} recorded`;
  const evidence = `${application} ${condition}: ${said}, ${count(sessions, 'live session')}`;
  const record = `deploy it, then bellows deploys record ${application} <version>`;
  if (older.length > 0) {
    const names = older.map(
      ({ version, sessions: n }) => `${count(n, 'session')} of ${application}/${version}`,
    );
    return fail(`${evidence}, of them ${names.join(', ')}`, `end the old deploys of ${application}`);
  }
  if (recorded === undefined) return unknown(evidence, record);
  const met = meets(recorded.version, condition);
  if (met === false) return fail(evidence, record);
  if (met === null)
    return unknown(`${evidence}: the two cannot be compared`, `record a dotted number: ${record}`);
  const odd = live.filter(({ version }) => meets(version, condition) === null);
  if (odd.length === 0) return pass(evidence);
  const names = odd.map(({ version }) => `${application}/${version}`).join(', ');
  return unknown(
    `${evidence}: ${names} cannot be compared`,
    `end these sessions, or give them a dotted number`,
  );
}

/** `application_name` is `api/41`; every role may read it of every session, PostgreSQL cuts it after 63 bytes. */
function liveVersions(database: Database, application: string) {
  return database.query<{ version: string; sessions: number }>(
    `select substr(application_name, length($1::text) + 2) as version, count(*) as sessions
     from pg_catalog.pg_stat_activity
     where datname = current_database()
     and starts_with(application_name, $1::text || '/')
     group by 1
     order by 1`,
    [application],
  );
}
