import type { DataCheckId, DataFinding, DataScan, DataUnknown, Wanted } from '#core/data-checks';
import type { Database } from '#ports';

/** One `.sql` file of checks, as it was read. */
export interface QueryFile {
  /** As shown: relative to the working directory. */
  readonly file: string;
  readonly source: string;
}

/** What every check works with. */
export interface CheckWorld {
  readonly database: Database;
  /** Also look where the server already vouches for it. */
  readonly deep: boolean;
  /** Of each statement. */
  readonly statementTimeoutMs: number;
  /** From which share of an integer's range on it is a finding, 1 to 100. */
  readonly integerPercent: number;
  readonly wanted: Wanted;
  readonly queries: readonly QueryFile[];
  /** Where they were looked for, as shown. */
  readonly queriesFolder: string;
  /** Told before a table is scanned. */
  readonly onScan: (check: DataCheckId, scan: DataScan) => void;
}

/** What one piece of a check has to say; what is left out is empty. */
export interface Part {
  readonly did?: readonly string[];
  readonly findings?: readonly DataFinding[];
  readonly unknown?: readonly DataUnknown[];
  readonly notices?: readonly DataFinding[];
  readonly scans?: readonly DataScan[];
}

export type Check = (world: CheckWorld) => Promise<Part>;

export function together(parts: readonly Part[]): Required<Part> {
  return {
    did: parts.flatMap((part) => part.did ?? []),
    findings: parts.flatMap((part) => part.findings ?? []),
    unknown: parts.flatMap((part) => part.unknown ?? []),
    notices: parts.flatMap((part) => part.notices ?? []),
    scans: parts.flatMap((part) => part.scans ?? []),
  };
}

/** One after the other: a check is a guest on the server. */
export async function inTurn<T>(
  items: readonly T[],
  work: (item: T) => Promise<Part>,
): Promise<readonly Part[]> {
  const parts: Part[] = [];
  for (const item of items) parts.push(await work(item));
  return parts;
}

type Said = Pick<DataFinding, 'means' | 'mend'> & Partial<DataFinding>;

export function finding(said: Said): DataFinding {
  return { table: null, object: null, count: null, estimated: false, place: null, ...said };
}

export function unknown(said: Pick<DataUnknown, 'why' | 'next'> & Partial<DataUnknown>): DataUnknown {
  return { table: null, place: null, ...said };
}
