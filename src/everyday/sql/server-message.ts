import { sqlstateOf } from '#core/sqlstate';

/**
 * What the server says of a statement that somebody wrote, for that somebody's terminal. Of data errors (class 22) the quoted
 * parts are taken out, since they are values; `detail`, `hint` and `where` are never told. What the SQL itself raises
 * (class P0) are its author's words. Histories and logs take `safeMessage` instead.
 */
export function serverMessage(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  const sqlstate = sqlstateOf(error) ?? '';
  return sqlstate.startsWith('22') ? message.replaceAll(/"[^"]*"/g, '"…"') : message;
}

/** `function f() line 12 at RAISE`, where the error came out of a function or a DO block; nothing else of its context. */
export function placeInFunction(error: unknown): string | null {
  const where: unknown = typeof error === 'object' && error !== null ? Reflect.get(error, 'where') : null;
  return typeof where === 'string'
    ? (/^PL\/pgSQL (function .+ line \d+ at .+)$/m.exec(where)?.[1] ?? null)
    : null;
}
