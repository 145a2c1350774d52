import { sqlstateOf } from '#core/sqlstate';
import type { SeedFile } from './files.js';

/** What is left of a seed that failed, and what to do. */
export function afterwards(
  { file }: Pick<SeedFile, 'file'>,
  error: unknown,
  kept: readonly string[],
): { readonly left: string; readonly next: string } {
  const earlier = kept.length === 0 ? '' : ` Applied before it, and kept: ${kept.join(', ')}.`;
  return { left: `Nothing of ${file} was kept.${earlier}`, next: nextOf(error) };
}

/** Seeds are written for the newest schema. */
const SCHEMA_IS_BEHIND = new Set(['42P01', '42703', '3F000', '42704', '42883']);

function nextOf(error: unknown): string {
  if (SCHEMA_IS_BEHIND.has(sqlstateOf(error) ?? ''))
    return 'Run bellows up first, if a migration brings what is missing; then the same command again.';
  return 'Correct it, and run the same command again.';
}
