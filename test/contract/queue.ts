import { randomBytes } from 'node:crypto';
import { afterEach, describe, expect, it } from 'vitest';
import type { EventMap } from '#core/events';
import type { JobContext, JobOutcome, RangeJob } from '#ports';
import { createQueue, type WakingQueue } from '#queue/create';
import { spawnNode } from '../support/processes.js';
import { until } from '../support/until.js';

/** What a suite uses: queues that are closed after the test, and what they said. */
export interface Bench {
  /** A queue name of this test only. */
  readonly name: string;
  readonly errors: readonly string[];
  open(overrides?: { readonly queueUrl?: string; readonly name?: string }): Promise<WakingQueue>;
}

/** `url` is read when a test runs: the server is started by then. */
export function useBench(url: () => string): Bench {
  let queues: WakingQueue[] = [];
  let errors: string[] = [];
  let name = freshName();
  afterEach(async () => {
    const opened = queues;
    queues = [];
    errors = [];
    name = freshName();
    await Promise.all(opened.map((queue) => queue.close()));
  });
  return {
    get name() {
      return name;
    },
    get errors() {
      return errors;
    },
    async open(overrides = {}) {
      const heard = errors;
      const emit = (_: string, payload: EventMap[keyof EventMap]) => {
        if ('message' in payload) heard.push(payload.message);
      };
      const queue = await createQueue({ databaseUrl: url(), name, emit, ...overrides });
      queues.push(queue);
      return queue;
    },
  };
}

const freshName = () => `q${randomBytes(6).toString('hex')}`;

/** A handler that notes what it was given; `hold()` makes it wait for `release()` or for its signal. */
export class Notes {
  readonly seen: { readonly job: RangeJob; readonly context: JobContext }[] = [];
  /** Most handlers at work at the same time. */
  peak = 0;
  finished = 0;
  #active = 0;
  #gate: Promise<void> | undefined;
  release: () => void = () => undefined;

  hold(): this {
    this.#gate = new Promise((resolve) => {
      this.release = resolve;
    });
    return this;
  }

  readonly handle = async (job: RangeJob, context: JobContext): Promise<JobOutcome> => {
    this.seen.push({ job, context });
    this.peak = Math.max(this.peak, ++this.#active);
    const aborted = new Promise<void>((resolve) => {
      if (context.signal.aborted) resolve();
      context.signal.addEventListener('abort', () => resolve(), { once: true });
    });
    if (this.#gate !== undefined) await Promise.race([this.#gate, aborted]);
    this.#active--;
    this.finished++;
    return context.signal.aborted ? 'yielded' : 'done';
  };

  get ids(): readonly string[] {
    return this.seen.map(({ context }) => context.jobId);
  }
}

const job = (rangeId: number): RangeJob => ({ runId: 7, rangeId });
const range = (count: number) => Array.from({ length: count }, (_, index) => index + 1);

/** What every queue does, whatever it runs on. */
export function queueContract(what: string, url: () => string): void {
  describe(`the queue contract on ${what}`, () => {
    const bench = useBench(url);
    const empty = async (queue: WakingQueue) => {
      const { waiting, active, delayed, failed } = await queue.counts();
      return waiting + active + delayed + failed === 0;
    };

    it('hands a job to a worker once, with its id and age', async () => {
      const queue = await bench.open();
      const notes = new Notes();
      const before = Date.now();
      await queue.enqueue('r7-1-a1', job(1));
      await queue.work({ slots: 1 }, notes.handle);
      await until(() => notes.finished === 1);
      await until(() => empty(queue), { what: 'the job to leave the queue' });
      expect(notes.seen.map((seen) => seen.job)).toEqual([{ runId: 7, rangeId: 1 }]);
      expect(notes.ids).toEqual(['r7-1-a1']);
      const { enqueuedAt } = notes.seen[0]!.context;
      expect(enqueuedAt).toBeGreaterThanOrEqual(before - 1);
      expect(enqueuedAt).toBeLessThanOrEqual(Date.now() + 1);
    });

    it('wakes a worker that waits already', async () => {
      const queue = await bench.open();
      const notes = new Notes();
      await queue.work({ slots: 1 }, notes.handle);
      await queue.enqueue('a-1', job(1));
      await until(() => notes.finished === 1);
      const added = Date.now();
      await queue.enqueue('a-2', job(2));
      await until(() => notes.finished === 2);
      expect(Date.now() - added).toBeLessThan(2_000);
    });

    it('shares the jobs between two workers, each at most its slots at a time', async () => {
      const queue = await bench.open();
      const other = await bench.open();
      const notes = [new Notes().hold(), new Notes().hold()] as const;
      await queue.work({ slots: 2 }, notes[0].handle);
      await other.work({ slots: 2 }, notes[1].handle);
      await Promise.all(range(12).map((n) => queue.enqueue(`s-${n}`, job(n))));
      await until(() => notes[0].seen.length === 2 && notes[1].seen.length === 2);
      expect(await queue.counts()).toMatchObject({ active: 4, waiting: 8 });
      for (const note of notes) note.release();
      await until(() => notes[0].finished + notes[1].finished === 12);
      expect([...notes[0].ids, ...notes[1].ids].sort()).toEqual(
        range(12)
          .map((n) => `s-${n}`)
          .sort(),
      );
      expect([notes[0].peak, notes[1].peak]).toEqual([2, 2]);
    });

    it('takes a doubled id for one job', async () => {
      const queue = await bench.open();
      const notes = new Notes();
      await Promise.all(range(3).map(() => queue.enqueue('d-1', job(1))));
      expect(await queue.counts()).toMatchObject({ waiting: 1 });
      await queue.enqueue('d-2', job(2));
      await queue.work({ slots: 1 }, notes.handle);
      await until(() => notes.ids.includes('d-2'));
      expect(notes.ids).toEqual(['d-1', 'd-2']);
    });

    it('does the same range again under a fresh id', async () => {
      const queue = await bench.open();
      const notes = new Notes();
      await queue.work({ slots: 1 }, notes.handle);
      for (const attempt of range(3)) {
        await queue.enqueue(`f-1-a${attempt}`, job(1));
        await until(() => notes.finished === attempt);
      }
      expect(notes.ids).toEqual(['f-1-a1', 'f-1-a2', 'f-1-a3']);
    });

    it('knows jobs that wait or are worked on, and no others', async () => {
      const queue = await bench.open();
      const notes = new Notes().hold();
      const ids = ['k-1', 'k-2', 'k-3'];
      await queue.enqueue('k-1', job(1));
      await queue.enqueue('k-2', job(2));
      expect(await queue.known(ids)).toEqual(new Set(['k-1', 'k-2']));
      await queue.work({ slots: 1 }, notes.handle);
      await until(() => notes.seen.length === 1);
      expect(await queue.known(ids)).toEqual(new Set(['k-1', 'k-2']));
      expect(await queue.counts()).toEqual({ waiting: 1, active: 1, delayed: 0, failed: 0 });
      notes.release();
      await until(async () => (await queue.known(ids)).size === 0);
      expect(await queue.known([])).toEqual(new Set());
    });

    it('forgets a job whose handler threw, tries it no more, and goes on', async () => {
      const queue = await bench.open();
      const notes = new Notes();
      await queue.work({ slots: 1 }, async (given, context) => {
        await notes.handle(given, context);
        if (given.rangeId === 1)
          throw Object.assign(new Error('duplicate key (email)=(a@b.c)'), { code: '23505' });
        return 'done';
      });
      await queue.enqueue('t-1', job(1));
      await queue.enqueue('t-2', job(2));
      await until(() => notes.ids.includes('t-2'));
      await until(() => empty(queue), { what: 'both jobs to leave the queue' });
      expect(notes.ids).toEqual(['t-1', 't-2']);
      expect(bench.errors.join()).not.toContain('a@b.c');
    });

    it('refuses names that one of the backends would refuse', async () => {
      const queue = await bench.open();
      for (const id of ['1:2', '42', ''])
        await expect(queue.enqueue(id, job(1))).rejects.toMatchObject({ code: 'BELLOWS_QUEUE_NAME' });
      await expect(bench.open({ name: 'a:b' })).rejects.toMatchObject({ code: 'BELLOWS_QUEUE_NAME' });
    });

    it('closes a worker gracefully: the handler hears of it, ends, and the rest of the jobs stay', async () => {
      const queue = await bench.open();
      const notes = new Notes().hold();
      const worker = await queue.work({ slots: 1 }, notes.handle);
      await queue.enqueue('g-1', job(1));
      await queue.enqueue('g-2', job(2));
      await until(() => notes.seen.length === 1);
      await Promise.all([worker.close(), worker.close()]);
      expect(notes.finished).toBe(1);
      expect(notes.seen[0]!.context.signal.aborted).toBe(true);
      expect(await worker.stopped).toBeNull();
      expect(await queue.known(['g-1', 'g-2'])).toEqual(new Set(['g-2']));
      await worker.close();
      const next = new Notes();
      await queue.work({ slots: 1 }, next.handle);
      await until(() => next.ids.includes('g-2'));
    });

    it('waits for its workers when the queue is closed, and answers no more', async () => {
      const queue = await bench.open();
      let ended = false;
      let started = false;
      await queue.work({ slots: 1 }, async (_, { signal }) => {
        started = true;
        await until(() => signal.aborted);
        await Promise.resolve();
        ended = true;
        return 'yielded';
      });
      await queue.enqueue('c-1', job(1));
      await until(() => started);
      await queue.close();
      await queue.close();
      expect(ended).toBe(true);
      await expect(queue.enqueue('c-2', job(2))).rejects.toMatchObject({ code: 'BELLOWS_QUEUE_UNAVAILABLE' });
    });

    it('gives the job of a killed process to another within 10 s', async () => {
      const queue = await bench.open();
      const env = { QUEUE_URL: url(), QUEUE_NAME: bench.name, QUEUE_TASK: 'hang' };
      const child = spawnNode(['test/queue/worker-process.ts'], { env });
      const notes = new Notes();
      await queue.enqueue('x-1', job(1));
      await child.waitForLine(/^took x-1$/);
      await queue.work({ slots: 1 }, notes.handle);
      await child.kill('SIGKILL');
      const killed = Date.now();
      await until(() => notes.finished === 1, { timeoutMs: 15_000 });
      expect(Date.now() - killed).toBeLessThan(10_000);
      expect(notes.ids).toEqual(['x-1']);
    }, 40_000);

    it('lets its process end by itself, and prints nothing', async () => {
      const env = { QUEUE_URL: url(), QUEUE_NAME: bench.name, QUEUE_TASK: 'once' };
      const child = spawnNode(['test/queue/worker-process.ts'], { env });
      expect(await child.exited).toEqual({ code: 0, signal: null });
      expect([child.stdout, child.stderr]).toEqual(['closed\n', '']);
    });
  });
}
