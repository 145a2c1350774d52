import { describe, expect, it } from 'vitest';
import { gateLines } from '#cli/render/gate';
import { paintFor } from '#cli/render/paint';
import { planLines } from '#cli/render/plan';
import { deployLines, historyLines, quarantineLines, verificationLines } from '#cli/render/reports';
import { statusLines } from '#cli/render/status-list';
import { statusOneLines } from '#cli/render/status-one';
import { progressBlock, progressKey, progressLine, type Seen } from '#cli/render/up-progress';
import { upLines } from '#cli/render/up-result';
import type { View } from '#cli/render/view';
import { NOW } from './outside.js';
import * as samples from './samples.js';

const NOTHING_SEEN: Seen = { blocked: new Map(), verified: new Map() };

const plain: View = { paint: paintFor(false), width: 80, now: NOW };
const coloured: View = { ...plain, paint: paintFor(true) };
// biome-ignore lint/suspicious/noControlCharactersInRegex: that is what is looked for
const CODES = /\u001b\[\d+m/g;

const all = [samples.done, samples.throttled, samples.gated, samples.failed, samples.paused, samples.pending];

/** What each screen shows; each keeps to its width, and colour only adds codes to the very same words. */
const screens: Readonly<Record<string, (view: View) => readonly string[]>> = {
  'status list': (view) => statusLines({ migrations: all }, view),
  'status of one, throttled': (view) => statusOneLines(samples.detail, view),
  'status of one, blocked by a lock': (view) => statusOneLines(samples.blockedDetail, view),
  'status of one, drifted and failed': (view) =>
    statusOneLines(
      {
        ...samples.detail,
        migration: samples.failed,
        drift: 'its file was edited: checksum aaaaaaaa, the run began with c0ffee00',
        leader: null,
        workers: { live: 0, stale: 1 },
      },
      view,
    ),
  'gate, shut': (view) => gateLines(samples.shutGate, view),
  'up, stopped at the gate': (view) =>
    upLines(samples.upResult([samples.done, samples.gated, samples.pending], true), view),
  'up, live': (view) =>
    progressBlock(
      [samples.throttled, samples.measuring],
      { ...NOTHING_SEEN, blocked: new Map([[samples.ID, 'pid 7 user=bi active 3 s']]) },
      view,
    ),
  'status of one, at the gate': (view) =>
    statusOneLines({ ...samples.detail, migration: samples.gated, progress: 1, pass: 2 }, view),
  'status of one, rolled back': (view) =>
    statusOneLines(
      { ...samples.detail, migration: { ...samples.gated, state: 'rolled_back', next: 'nothing' } },
      view,
    ),
  plan: (view) => planLines([samples.planView], view),
  verification: (view) => verificationLines(samples.verified, view),
  quarantine: (view) =>
    quarantineLines(
      [
        {
          id: 12,
          migration: samples.ID,
          table: 'public.users',
          key: 'id=4711',
          sqlstate: '22P02',
          reason: 'invalid input syntax for type integer',
          state: 'open',
          foundAt: '2024-01-02T14:00:00.000Z',
        },
      ],
      view,
    ),
  deploys: (view) =>
    deployLines(
      [{ application: 'api', version: '42', at: '2024-01-02T14:00:00.000Z', by: 'cli:ci@host' }],
      view,
    ),
  history: (view) =>
    historyLines(
      [
        {
          at: '2024-01-02T14:00:00.000Z',
          actor: 'cli:anna@host',
          migration: samples.ID,
          action: 'pause',
          detail: { reason: 'quarter end', from: { kind: 'gated' }, none: null },
        },
      ],
      view,
    ),
};

describe.each(Object.entries(screens))('%s', (_, render) => {
  it('reads well in 80 columns without colour', () => {
    expect(`\n${render(plain).join('\n')}\n`).toMatchSnapshot();
  });

  it('says the same in colour', () => {
    const lines = render(coloured);
    expect(lines.join('\n').replace(CODES, '')).toBe(render(plain).join('\n'));
    expect(lines.join('\n')).toMatch(CODES);
  });

  it('keeps to the width, but for SQL and names that must stay in one piece', () => {
    for (const width of [80, 120]) {
      const long = render({ ...plain, width }).filter(
        (line) => line.length > width && /\s{1,}\S+\s+\S+\s+\S/.test(line),
      );
      expect(long.filter((line) => !/^\s{6,}(create|alter|undo|--|drop)/.test(line))).toEqual([]);
    }
  });
});

describe('progress', () => {
  it('never fills a line of a terminal, so that it can be redrawn', () => {
    for (const width of [40, 80]) {
      const lines = progressBlock(all, NOTHING_SEEN, { ...plain, width });
      expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(width - 1);
    }
  });

  it('is news to a log when state, throttle, blocker or gate change, and not when rows do', () => {
    const more = {
      ...samples.backfilling,
      backfill: samples.backfilling.backfill && { ...samples.backfilling.backfill, rowsDone: 129_000_000 },
    };
    const keyOf = (m: typeof more, blocker?: string) => progressKey(m, blocker);
    expect(keyOf(more)).toBe(keyOf(samples.backfilling));
    const others = [
      keyOf(samples.throttled),
      keyOf(samples.paused),
      keyOf(samples.gated),
      keyOf(samples.backfilling, 'pid 7 user=bi'),
    ];
    expect(new Set([keyOf(more), ...others]).size).toBe(5);
  });

  it('says how far a verification is, and nothing of it before and after', () => {
    const settling = { ...samples.gated, state: 'settling' as const, gate: [] };
    const at = (share: number) =>
      progressLine(settling, { ...NOTHING_SEEN, verified: new Map([[samples.ID, share]]) }, NOW);
    expect(at(0.427)).toContain('verified 42 %');
    expect(at(1)).not.toContain('verified');
    expect(progressLine(settling, NOTHING_SEEN, NOW)).not.toContain('verified');
    const block = progressBlock(
      [settling],
      { ...NOTHING_SEEN, verified: new Map([[samples.ID, 0.5]]) },
      plain,
    );
    expect(block.join('\n')).toContain('[##########----------]  verified 50 %');
  });

  it('says measuring once, where there is no rate and no estimate yet', () => {
    expect(progressLine(samples.measuring, NOTHING_SEEN, NOW)).toBe(
      `${samples.ID}  backfilling  0 rows  measuring`,
    );
  });
});

describe('status of one while it sweeps', () => {
  const { backfill } = samples.backfilling;
  const migration = { ...samples.backfilling, backfill: backfill && { ...backfill, batchRows: 0 } };
  const shown = (pass: number) =>
    statusOneLines({ ...samples.detail, migration, pass }, { ...plain, width: 120 }).join('\n');

  it('says what the sweep looks for, and neither size nor speed, which would be those of no walk', () => {
    expect(shown(2)).toContain(
      '  batches   sweep 2: looking for rows left behind   4 at a time   target 100 ms\n',
    );
    expect(shown(2)).not.toMatch(/ size |speed/);
    expect(shown(1)).toContain('  batches   size 0 rows (auto)   4 at a time');
    expect(shown(1)).toContain('  speed     18,240 rows/s   ETA 47 min');
  });
});

describe('times in evidence', () => {
  const at = '2026-11-22T18:23:51.449449Z';
  const found = samples.checks({
    values: { evidence: `verification 1 (${at}): 20,000 rows` },
    soak: { verdict: 'fail', evidence: `1 h of 24 h since ${at}`, release: `wait until ${at}` },
  });

  it('are to the second, wherever they are shown', () => {
    const gated = { ...samples.gated, gate: found, next: `gate shut by soak: wait until ${at}` };
    const lines = [
      ...gateLines({ migration: samples.ID, open: false, checks: found }, plain),
      ...upLines(samples.upResult([gated], true), plain),
      ...statusLines({ migrations: [gated] }, plain),
      ...statusOneLines({ ...samples.detail, migration: gated }, plain),
      ...progressBlock([gated], NOTHING_SEEN, plain),
    ].join('\n');
    expect(lines.match(/2026-11-22T18:23:51\S*/g)?.map((time) => time.replace(/[):]+$/, ''))).toEqual(
      Array.from({ length: 9 }, () => '2026-11-22T18:23:51Z'),
    );
  });
});

describe('a long statement of a plan', () => {
  /** A plan whose first statement has so many lines. */
  const lines = (count: number) => Array.from({ length: count }, (_, i) => `line ${i + 1}`);
  const planWith = (count: number, statements?: 'whole') => {
    const batch = { table: 'users', sql: lines(count).join('\n'), access: '', explain: [] };
    return planLines([{ ...samples.planView, batches: [batch] }], plain, statements).filter((line) =>
      /line/.test(line),
    );
  };

  it('is cut to its beginning, and says how to see the rest', () => {
    expect(planWith(13)).toEqual([
      '      line 1',
      '      line 2',
      '      line 3',
      `      … 10 more lines: bellows plan ${samples.ID} --sql`,
    ]);
  });

  it('is whole where it is asked for, and where it is not long', () => {
    expect(planWith(13, 'whole')).toHaveLength(13);
    expect(planWith(12)).toEqual([...lines(11).map((line) => `      ${line}`), '      line 12;']);
  });
});
