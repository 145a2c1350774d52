import type { Row, Session } from '#ports';

/** What the history knows of a migration's end. */
export interface Happened {
  readonly at: string;
  readonly migration: string;
  readonly action: string;
  /** The state that a phased run came to; null of plain SQL. */
  readonly state: string | null;
  /** Of the plan that was carried out; null of plain SQL. */
  readonly description: string | null;
  readonly drops: readonly string[] | null;
}

/** Newest first; of the drops of a plan, those that it did and not those of a run that was rolled back. */
const ENDS = `
select h.at, h.migration, h.action, h.detail ->> 'to' as state, r.plan ->> 'description' as description,
  case when h.detail ->> 'to' = 'done' then r.plan -> 'drops' end as drops
from bellows.history h
left join bellows.runs r
on r.id = h.run_id
where h.migration is not null
and (
  h.action in ('sql_applied', 'sql_adopted', 'sql_baseline', 'baseline', 'sql_resolved', 'sql_rolled_back')
  or h.detail ->> 'to' in ('done', 'rolled_back')
)
order by h.id desc`;

/** Nothing, where nothing was migrated yet. */
export async function whatHappened(session: Session): Promise<readonly Happened[]> {
  const [there] = await session.query<{ there: boolean }>(
    `select to_regclass('bellows.history') is not null as there`,
  );
  return there?.there === true ? session.query<Happened & Row>(ENDS) : [];
}
