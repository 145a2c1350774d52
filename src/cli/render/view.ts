import type { Paint } from './paint.js';

/** How something is shown; rendering reads nothing else of the outside. */
export interface View {
  readonly paint: Paint;
  /** Characters in a line. */
  readonly width: number;
  /** Milliseconds since the epoch. */
  readonly now: number;
}
