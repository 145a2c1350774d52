import { BellowsError, EXIT } from '#core/errors';
import { withCaret } from '#parser/errors';
import { positionAt } from '#parser/positions';

export class NoSeedsError extends BellowsError {
  constructor(environment: string, folder: string, others: readonly string[]) {
    super(
      'BELLOWS_SEED_NONE',
      {
        what: `There are no seeds for "${environment}" in ${folder}/.`,
        why:
          others.length === 0
            ? `Looked for: ${environment}.sql, ${environment}.ts, and files in ${environment}/.`
            : `There are seeds for: ${[...new Set(others)].sort().join(', ')}.`,
        left: 'Nothing was changed.',
        next: `Write ${folder}/${environment}.sql, or name the environment: bellows seed <env>.`,
      },
      { environment },
      EXIT.usage,
    );
  }
}

export class AmbiguousSeedsError extends BellowsError {
  constructor(environment: string, files: readonly string[]) {
    super(
      'BELLOWS_SEED_AMBIGUOUS',
      {
        what: `The seeds for "${environment}" are in ${files.join(' and in ')}.`,
        why: 'Nobody can say which of them comes first.',
        left: 'Nothing was changed.',
        next: `Put the files into one folder ${environment}/, their names in the order that you want.`,
      },
      { environment, files },
      EXIT.usage,
    );
  }
}

/** Seeds for production, or on production, without a yes. */
export class SeedProductionError extends BellowsError {
  constructor(seeds: string, environment: string) {
    super(
      'BELLOWS_SEED_PRODUCTION',
      {
        what: `Seeding "${seeds}"${seeds === environment ? '' : ` in the environment "${environment}"`} needs a yes, since it is production.`,
        left: 'Nothing was changed.',
        next: `bellows seed ${seeds} --dry-run shows what would be applied; --yes applies it.`,
      },
      { seeds, environment },
      EXIT.usage,
    );
  }
}

/** A seed in TypeScript that failed; `sql`: the statement that the server refused, and where in it. */
export class SeedFailedError extends BellowsError {
  readonly #sql: { readonly text: string; readonly offset: number } | null;

  constructor(
    text: { readonly what: string; readonly left: string; readonly next: string },
    data: Readonly<Record<string, unknown>>,
    sql: { readonly text: string; readonly offset: number } | null,
  ) {
    super('BELLOWS_SEED_FAILED', text, data, EXIT.operation);
    this.#sql = sql;
  }

  render(): string {
    if (this.#sql === null) return this.message;
    const { text, offset } = this.#sql;
    return withCaret(this.message, text, positionAt(text, offset));
  }
}
