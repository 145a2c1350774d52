/** Workflow commands of GitHub Actions: lines on stderr that it shows beside the run, and beside the line of a file. */

export type AnnotationKind = 'notice' | 'warning' | 'error';

export interface AnnotationPlace {
  /** Relative to the root of the repository. */
  readonly file?: string;
  /** From 1. */
  readonly line?: number;
  /** From 1. */
  readonly col?: number;
  readonly title?: string;
}

/**
 * One annotation, without the line end.
 *
 * @see https://docs.github.com/actions/reference/workflow-commands-for-github-actions
 */
export function annotation(kind: AnnotationKind, place: AnnotationPlace, message: string): string {
  const properties = (['file', 'line', 'col', 'title'] as const)
    .filter((name) => place[name] !== undefined)
    .map((name) => `${name}=${property(String(place[name]))}`)
    .join(',');
  return `::${kind}${properties === '' ? '' : ` ${properties}`}::${data(message)}`;
}

/** A line end would end the command, and what follows it could be a command of its own. */
function data(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}

function property(text: string): string {
  return data(text).replaceAll(':', '%3A').replaceAll(',', '%2C');
}
