/** What a command answered, on the summary page of a GitHub Actions job. */
import { appendFileSync } from 'node:fs';
import type { Io } from './io.js';

/** The ones that a pipeline runs to learn something. */
const SUMMARISED = new Set(['up', 'check', 'validate', 'dump', 'lint', 'gate', 'contract', 'reset']);
/** A page takes 1 MiB over all steps; who wants more has the log. */
const MOST_LINES = 400;

/** Appends to the file that `GITHUB_STEP_SUMMARY` names, where there is one. Its failure is its own: it ends no command. */
export function stepSummary(io: Io, verb: string, lines: readonly string[]): void {
  const file = io.env.GITHUB_STEP_SUMMARY;
  if (file === undefined || file === '' || !SUMMARISED.has(verb)) return;
  try {
    appendFileSync(file, stepMarkdown(verb, lines));
  } catch {
    // Nobody is helped by a migration that fails because a summary could not be written.
  }
}

/** A heading and the lines as they are, in a fence that nothing in them can end. */
export function stepMarkdown(verb: string, lines: readonly string[]): string {
  const more = lines.length - MOST_LINES;
  const shown = more > 0 ? [...lines.slice(0, MOST_LINES), `… ${more} more lines in the log`] : lines;
  const longest = Math.max(2, ...shown.flatMap((line) => (line.match(/`+/g) ?? []).map((run) => run.length)));
  const fence = '`'.repeat(longest + 1);
  return [`### bellows ${verb}`, '', `${fence}text`, ...shown, fence, '', ''].join('\n');
}
