import type { IncomingMessage } from 'node:http';
import type { Operations } from '#api';
import type { Access, Guard } from './guard.js';
import type { Looks } from './looks.js';
import type { Reply } from './reply.js';

/** What every route works with. */
export interface Desk {
  readonly looks: Looks;
  /** The verbs, in the name of whoever asks. */
  readonly verbs: (actor: string) => Operations;
  readonly guard: Guard;
  readonly version: string;
  /** Replication lag as this process sampled it, oldest first. */
  readonly lag: () => readonly LagSample[];
}
/** `seconds` is that of the standby that is furthest behind; null where there is none, or it could not be read. */
export interface LagSample {
  readonly at: string;
  readonly seconds: number | null;
}

export interface Visit {
  readonly request: IncomingMessage;
  /** The parts of the path that the route leaves open. */
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
}
export interface Route {
  readonly method: 'GET' | 'POST';
  /** `/api/migrations/:id/pause`. */
  readonly path: string;
  /** `open`: without a token too; for nothing that shows anything of a run. */
  readonly access: Access | 'open';
  readonly answer: (visit: Visit) => Promise<Reply>;
}

export interface Matched {
  readonly route: Route;
  readonly params: Readonly<Record<string, string>>;
}

/** The routes of a path; several where methods differ. */
export function routesAt(routes: readonly Route[], path: string): readonly Matched[] {
  const asked = path.split('/');
  return routes.flatMap((route) => {
    const params = paramsOf(route.path.split('/'), asked);
    return params === null ? [] : [{ route, params }];
  });
}

function paramsOf(
  wanted: readonly string[],
  asked: readonly string[],
): Readonly<Record<string, string>> | null {
  if (wanted.length !== asked.length) return null;
  const params: Record<string, string> = {};
  for (const [i, part] of wanted.entries()) {
    const given = asked[i] ?? '';
    // The names of migrations are made of these; nothing else can be meant.
    if (part.startsWith(':') && /^[A-Za-z0-9_.-]{1,255}$/.test(given)) params[part.slice(1)] = given;
    else if (part !== given) return null;
  }
  return params;
}
