import type { Session } from '#ports';
import { census } from './census.js';
import { readComments } from './comments.js';
import { readDependencies } from './dependencies.js';
import { UnknownObjectsError } from './errors.js';
import { readDefaultPrivileges, readGrants } from './grants.js';
import { KINDS } from './kinds/index.js';
import type { Address, DumpObject, Reading } from './object.js';
import { append, ordered, ownerOf, ownersOf } from './order.js';

export interface CatalogueOptions {
  /** Privileges too. */
  readonly grants: boolean;
}

/**
 * The statements that make this database's schema again, from the catalogue alone.
 *
 * @param session in one snapshot, with an empty search_path
 * @throws UnknownObjectsError when there is anything that no kind writes; CircleError
 */
export async function statementsOf(
  session: Session,
  { grants }: CatalogueOptions,
): Promise<readonly string[]> {
  const reading = await open(session);
  const objects: DumpObject[] = [];
  for (const kind of KINDS) objects.push(...(await kind(reading)));
  refuseUnknown(reading, objects);
  if (grants) objects.push(...(await readDefaultPrivileges(session)));
  const dependencies = await readDependencies(session);
  const sorted = ordered(objects, dependencies);
  const remarks = [...(await readComments(session)), ...(grants ? await readGrants(session) : [])];
  return withRemarks(sorted, remarks, dependencies.partOf);
}

interface Counting extends Reading {
  readonly counted: ReadonlyMap<Address, string>;
  readonly described: (at: Address) => string;
}

async function open(session: Session): Promise<Counting> {
  const [server] = await session.query<{ version: number }>(
    `select current_setting('server_version_num')::int as version`,
  );
  const version = server?.version ?? 0;
  const found = await census(session, version);
  const oids = new Map<string, number[]>();
  for (const { address } of found) {
    const [catalogue = '', oid] = address.split(':');
    append(oids, catalogue, Number(oid));
  }
  const byAddress = new Map(found.map((counted) => [counted.address, counted]));
  return {
    session,
    version,
    oids: (catalogue) => oids.get(catalogue) ?? [],
    nameOf: (at) => byAddress.get(at)?.identity ?? at,
    counted: new Map(found.map(({ address, identity }) => [address, identity])),
    described: (at) => {
      const counted = byAddress.get(at);
      return counted === undefined ? at : `${counted.type} ${counted.identity}`;
    },
  };
}

function refuseUnknown({ counted, described }: Counting, objects: readonly DumpObject[]): void {
  const owners = ownersOf(objects);
  const unknown = [...counted.keys()].filter((at) => !owners.has(at));
  if (unknown.length > 0) throw new UnknownObjectsError(unknown.map(described));
}

/** Each object's statements with the comments and grants on it behind them; on what Bellows left out, none. */
function withRemarks(
  sorted: readonly DumpObject[],
  remarks: readonly { readonly address: Address; readonly sql: string }[],
  partOf: (row: Address) => Address | undefined,
): readonly string[] {
  const owners = ownersOf(sorted);
  const said = new Map<DumpObject, string[]>();
  for (const { address, sql } of remarks) {
    const owner = ownerOf(owners, address, partOf);
    if (owner !== undefined) append(said, owner, sql);
  }
  return sorted.flatMap((object) => [...object.sql, ...(said.get(object) ?? [])]);
}
