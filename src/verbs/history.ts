import type { HistoryRow } from '#ports';
import type { Context } from './context.js';

export async function history(
  { store }: Context,
  filter: { readonly migration?: string; readonly limit?: number } = {},
): Promise<readonly HistoryRow[]> {
  return store.history(filter);
}
