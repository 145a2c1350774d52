/** A line over time, drawn as SVG: zero-based, a gap where nothing was measured, the limit as a broken line. */
import { type Html, html, nothing } from './html.js';

export interface Point {
  /** ISO 8601. */
  readonly at: string;
  readonly value: number | null;
}
export interface Chart {
  readonly title: string;
  readonly points: readonly Point[];
  readonly say: (value: number) => string;
  /** Further apart than this, two points are not joined. Seconds. */
  readonly gapSeconds: number;
  readonly limit?: number;
  /** Said where there is nothing to draw. */
  readonly none: string;
}

const [WIDTH, HEIGHT, LEFT, BOTTOM, TOP] = [320, 110, 4, 16, 14];

export function chart({ title, points, say, gapSeconds, limit, none }: Chart): Html {
  const known = points.flatMap(({ at, value }) => (value === null ? [] : [{ at: Date.parse(at), value }]));
  const [first, last] = [known[0], known.at(-1)];
  if (first === undefined || last === undefined)
    return html`<figure><figcaption>${title}</figcaption><p class="dim">${none}</p></figure>`;
  const top = Math.max(limit ?? 0, ...known.map(({ value }) => value)) || 1;
  const span = Math.max(1, last.at - first.at);
  const x = (at: number) => LEFT + ((at - first.at) / span) * (WIDTH - 2 * LEFT);
  const y = (value: number) => HEIGHT - BOTTOM - (value / top) * (HEIGHT - BOTTOM - TOP);
  const highest = Math.max(...known.map(({ value }) => value));
  const said = `${title}: now ${say(last.value)}, at most ${say(highest)}${limit === undefined ? '' : `, limit ${say(limit)}`}`;
  const lines = joined(known, gapSeconds * 1000);
  return html`<figure><figcaption>${said}</figcaption>
<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${said}">
<line class="axis" x1="${LEFT}" x2="${WIDTH - LEFT}" y1="${HEIGHT - BOTTOM}" y2="${HEIGHT - BOTTOM}"/>
${limit === undefined ? nothing : html`<line class="limit" x1="${LEFT}" x2="${WIDTH - LEFT}" y1="${y(limit).toFixed(1)}" y2="${y(limit).toFixed(1)}"/>`}
${lines.map((line) =>
  line.length === 1
    ? html`<circle class="dot" cx="${x(line[0]?.at ?? 0).toFixed(1)}" cy="${y(line[0]?.value ?? 0).toFixed(1)}" r="2"/>`
    : html`<polyline class="series" points="${line.map(({ at, value }) => `${x(at).toFixed(1)},${y(value).toFixed(1)}`).join(' ')}"/>`,
)}
<text x="${LEFT}" y="${TOP - 4}">${say(top)}</text>
<text x="${LEFT}" y="${HEIGHT - 3}">${clock(first.at)}</text>
<text x="${WIDTH - LEFT}" y="${HEIGHT - 3}" text-anchor="end">${clock(last.at)} UTC</text>
</svg></figure>`;
}

type Known = { readonly at: number; readonly value: number };

function joined(points: readonly Known[], gapMs: number): readonly (readonly Known[])[] {
  const lines: Known[][] = [];
  let before: Known | undefined;
  for (const point of points) {
    if (before === undefined || point.at - before.at > gapMs) lines.push([]);
    lines.at(-1)?.push(point);
    before = point;
  }
  return lines;
}

function clock(at: number): string {
  return new Date(at).toISOString().slice(11, 19);
}
