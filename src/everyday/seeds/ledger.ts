/** What was seeded here: one row for each text of each file. */
import type { SeedFileStatus } from '#core/seed';
import type { Session } from '#ports';
import type { SeedFile } from './files.js';

/** False: it stands there already. Waits for whoever is just applying the same text: the row is the lock, and ends with his transaction. */
export async function claim(tx: Session, { name, checksum }: SeedFile, by: string): Promise<boolean> {
  const rows = await tx.query(
    `insert into bellows.seeds (seed, checksum, applied_by)
     values ($1, $2, $3)
     on conflict (seed, checksum) do nothing
     returning seed`,
    [name, checksum, by],
  );
  return rows.length > 0;
}

/** For one that is applied again by force. Locks the row until the transaction ends. */
export async function claimAgain(tx: Session, { name, checksum }: SeedFile, by: string): Promise<void> {
  await tx.query(
    `update bellows.seeds
     set times = times + 1, applied_at = clock_timestamp(), applied_by = $3
     where seed = $1
     and checksum = $2`,
    [name, checksum, by],
  );
}

/** Of each file, as it stands now; `installed` false: nothing was ever applied here. */
export async function readStatus(
  session: Session,
  files: readonly SeedFile[],
  installed: boolean,
): Promise<readonly SeedFileStatus[]> {
  const names = files.map(({ name }) => name);
  const rows = installed
    ? await session.query<{ seed: string; checksum: string; at: string }>(
        `select seed, checksum, to_char(applied_at at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as at
         from bellows.seeds
         where seed = any ($1::text[])
         order by applied_at desc`,
        [names],
      )
    : [];
  return files.map(({ file, name, checksum }) => {
    const own = rows.filter(({ seed }) => seed === name);
    const same = own.some((row) => row.checksum === checksum);
    const state = same ? 'applied' : own.length > 0 ? 'changed' : 'pending';
    return { file, checksum, state, appliedAt: own[0]?.at ?? null };
  });
}
