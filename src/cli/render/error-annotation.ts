import { isAbsolute, relative, resolve } from 'node:path';
import type { BellowsError } from '#core/errors';
import type { Io } from '../io.js';
import { type AnnotationPlace, annotation } from './annotations.js';
import type { Mask } from './secrets.js';

/** A failure as an annotation of GitHub Actions, at the line of the file where it comes from one. */
export function errorAnnotation(error: BellowsError, mask: Mask, { cwd, env }: Io): string {
  const { what, why, next } = error.text;
  const message = [what, why, next === undefined ? undefined : `next: ${next}`]
    .filter((part) => part !== undefined)
    .join('\n');
  const place = { ...placeOf(error, cwd ?? process.cwd(), env.GITHUB_WORKSPACE), title: error.code };
  return annotation('error', place, mask(message));
}

/** Files are shown relative to the working directory; GitHub wants them relative to the checkout. */
function placeOf({ data }: BellowsError, cwd: string, checkout: string | undefined): AnnotationPlace {
  const { file, line, column } = data;
  if (typeof file !== 'string') return {};
  const inCheckout = checkout === undefined ? file : relative(checkout, resolve(cwd, file));
  return {
    file: isAbsolute(inCheckout) || inCheckout.startsWith('..') ? file : inCheckout,
    ...(typeof line === 'number' ? { line } : {}),
    ...(typeof column === 'number' ? { col: column } : {}),
  };
}
