/** The ranges of a walk as a picture: each table from its beginning to its end, what is done, what a worker has now. */
import type { WalkView } from '#api';
import { count, percent } from '#core/numbers';
import { type Html, html, nothing } from './html.js';

type Range = WalkView['ranges'][number];

const WIDTH = 1000;
const HEIGHT = 22;

export function rangesPicture(ranges: readonly Range[]): Html {
  const walked = ranges.filter(({ state }) => state !== 'void');
  const tables = [...new Set(walked.map(({ table }) => table))];
  if (tables.length === 0) return nothing;
  return html`<h3>Ranges</h3>${tables.map((table) =>
    picture(
      table,
      walked.filter((r) => r.table === table),
    ),
  )}
<p class="dim"><span class="key done"></span>done <span class="key held"></span>a worker has it <span class="key todo"></span>to do</p>`;
}

function picture(table: string, ranges: readonly Range[]): Html {
  // Leaves of a partitioned table count their blocks from zero each: they stand one behind the other.
  const total = ranges.reduce((sum, { lo, hi }) => sum + hi - lo, 0);
  const done = ranges.reduce((sum, { lo, cursor }) => sum + cursor - lo, 0);
  const held = ranges.filter((range) => range.held).length;
  const share = total === 0 ? 1 : done / total;
  const unit = ranges.every(({ kind }) => kind === 'blocks') ? 'blocks' : 'rows';
  const pass = Math.max(...ranges.map((range) => range.pass));
  const said = `${table}, ${pass === 1 ? 'walk' : `sweep ${pass}`}: ${count(done)} of ${count(total)} ${unit} (${percent(share)}) in ${count(ranges.length)} ranges, ${count(held)} held by workers`;
  return html`<figure><svg viewBox="0 0 ${WIDTH} ${HEIGHT}" preserveAspectRatio="none" role="img" aria-label="${said}">${cells(ranges, total)}</svg>
<figcaption>${said}</figcaption></figure>`;
}

function cells(ranges: readonly Range[], total: number): readonly Html[] {
  const scale = total === 0 ? 0 : WIDTH / total;
  let before = 0;
  return ranges.map(({ lo, hi, cursor, held }) => {
    const [x, width, done] = [before * scale, (hi - lo) * scale, (cursor - lo) * scale];
    before += hi - lo;
    const gap = Math.min(1, width / 8);
    return html`<rect class="todo" x="${x.toFixed(2)}" y="0" width="${Math.max(0, width - gap).toFixed(2)}" height="${HEIGHT}"/>
<rect class="done" x="${x.toFixed(2)}" y="0" width="${Math.max(0, Math.min(done, width - gap)).toFixed(2)}" height="${HEIGHT}"/>
${held ? html`<rect class="held" x="${x.toFixed(2)}" y="${HEIGHT - 5}" width="${Math.max(2, width - gap).toFixed(2)}" height="5"/>` : nothing}`;
  });
}
