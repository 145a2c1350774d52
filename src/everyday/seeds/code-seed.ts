import { BellowsError } from '#core/errors';
import type { SeedDatabase, SeedDefinition } from '#core/seed';
import { sqlstateOf } from '#core/sqlstate';
import { codePointToOffset } from '#parser/positions';
import type { Row, Session } from '#ports';
import { serverMessage } from '../sql/server-message.js';
import { SeedFailedError } from './errors.js';
import type { SeedFile } from './files.js';
import { afterwards } from './words.js';

export function isSeedDefinition(exported: unknown): exported is SeedDefinition {
  return typeof exported === 'object' && exported !== null && 'kind' in exported && exported.kind === 'seed';
}

/** Runs a seed in the transaction that is given; how many statements it sent. */
export async function runCodeSeed(
  tx: Session,
  seed: SeedFile,
  { run }: SeedDefinition,
  kept: readonly string[],
): Promise<number> {
  const sent: Promise<unknown>[] = [];
  let refused: SeedFailedError | null = null;
  const ask = async <R extends Row>(text: string, values: readonly unknown[]): Promise<readonly R[]> => {
    // The driver's own error knows nothing of the line that asked.
    const asked = new Error('asked here');
    try {
      return await tx.query<R>(text, values);
    } catch (error) {
      refused ??= statementFailed(seed, { error, asked, text, kept });
      throw refused;
    }
  };
  const query: SeedDatabase['query'] = <R extends Row>(text: string, values: readonly unknown[] = []) => {
    const answer = ask<R>(text, values);
    sent.push(answer.catch(() => undefined));
    return answer;
  };
  await run({ query }).catch((error: unknown) => {
    throw refused ?? codeFailed(seed, error, kept);
  });
  // Also of those that the seed did not await, or whose error it caught: the transaction is lost all the same.
  await Promise.all(sent);
  if (refused !== null) throw refused;
  return sent.length;
}

interface Failed {
  readonly error: unknown;
  readonly asked: Error;
  readonly text: string;
  readonly kept: readonly string[];
}

function statementFailed(seed: SeedFile, { error, asked, text, kept }: Failed): SeedFailedError {
  const sqlstate = sqlstateOf(error);
  const said = sqlstate === null ? messageOf(error) : `${serverMessage(error)} (${sqlstate})`;
  const what = `${placeIn(seed, asked)}: ${said}`;
  const place: unknown = error instanceof Error ? Reflect.get(error, 'position') : undefined;
  const sql = typeof place === 'string' ? { text, offset: codePointToOffset(text, Number(place) - 1) } : null;
  return new SeedFailedError({ what, ...afterwards(seed, error, kept) }, { file: seed.file, sqlstate }, sql);
}

function codeFailed(seed: SeedFile, error: unknown, kept: readonly string[]): BellowsError {
  if (error instanceof BellowsError) return error;
  const what = `${placeIn(seed, error)} threw: ${messageOf(error)}`;
  return new SeedFailedError({ what, ...afterwards(seed, error, kept) }, { file: seed.file }, null);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The file, with line and column where the stack names it. */
function placeIn({ file, path }: SeedFile, error: unknown): string {
  const stack = error instanceof Error ? (error.stack ?? '') : '';
  const at = stack.split(path)[1]?.match(/^:(\d+):(\d+)/);
  return at === null || at === undefined ? file : `${file}:${at[1]}:${at[2]}`;
}
