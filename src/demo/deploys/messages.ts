/** Between the demo and the process of a deploy. */
import type { Sample } from '../latency.js';
import type { Loaded } from '../schema.js';

export type Version = 1 | 2 | 3;

/** The one argument of the process, as JSON. */
export interface DeploySettings {
  readonly version: Version;
  readonly databaseUrl: string;
  readonly loaded: Loaded;
  readonly connections: number;
  /** Requests per second at the start. */
  readonly rate: number;
}

export type ToDeploy = { readonly kind: 'rate'; readonly rate: number } | { readonly kind: 'stop' };

export type FromDeploy =
  | { readonly kind: 'ready' }
  | { readonly kind: 'seen'; readonly samples: readonly Sample[]; readonly errors: readonly string[] };
