import type { ChangelogEntry } from '#core/changelog';

export interface Changelog {
  /** Newest first. */
  readonly entries: readonly ChangelogEntry[];
}

export interface ChangelogVerbs {
  /** From the history, and from the files as they are now. */
  changelog(): Promise<Changelog>;
}
