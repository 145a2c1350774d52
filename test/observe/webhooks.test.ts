import { describe, expect, it } from 'vitest';
import { createWebhooks } from '#observe/webhooks';
import { until } from '../support/until.js';
import { useReceiver } from './receiver.js';

const receive = useReceiver();

function telling(url: string) {
  const reports: string[] = [];
  const hooks = createWebhooks({
    hooks: [{ url, events: ['failed'] }],
    report: (text) => reports.push(text),
  });
  return { hooks, reports };
}

describe('a webhook', () => {
  it('takes what Slack takes, of the events that it wants', async () => {
    const receiver = await receive();
    const { hooks, reports } = telling(receiver.url);
    expect([hooks.wants('failed'), hooks.wants('done')]).toEqual([true, false]);
    hooks.tell('done', '0042_split', 'done');
    hooks.tell('failed', '0042_split', 'failed: <1 & 2>');
    await hooks.flush(5_000);
    expect(receiver.texts).toEqual(['*0042_split* failed: &lt;1 &amp; 2&gt;']);
    expect(reports).toEqual([]);
  });

  it('is tried again where that may help, three times in all', async () => {
    const busy = await receive((request) => (request === 0 ? 503 : 200));
    const recovered = telling(busy.url);
    recovered.hooks.tell('failed', 'a', 'failed');
    await until(() => busy.texts.length === 2, { what: 'the second attempt' });
    const broken = await receive(() => 500);
    const given = telling(broken.url);
    given.hooks.tell('failed', 'a', 'failed');
    await given.hooks.flush(20_000);
    expect(broken.texts).toHaveLength(3);
    expect(given.reports).toEqual(['the webhook for "failed" of a was not delivered: HTTP 500']);
    expect(recovered.reports).toEqual([]);
  });

  it('is not followed elsewhere, and not repeated where it is refused', async () => {
    for (const status of [302, 404]) {
      const receiver = await receive(() => status);
      const { hooks, reports } = telling(receiver.url);
      hooks.tell('failed', 'a', 'failed');
      await hooks.flush(5_000);
      expect([receiver.texts.length, reports]).toEqual([
        1,
        [`the webhook for "failed" of a was not delivered: HTTP ${status}`],
      ]);
    }
  });

  it('that hangs or is away holds nobody up, and its URL is said nowhere', async () => {
    const hanging = await receive(() => null);
    const away = 'http://127.0.0.1:9/services/geheim';
    for (const url of [hanging.url, away]) {
      const { hooks, reports } = telling(url);
      const began = performance.now();
      hooks.tell('failed', 'a', 'failed');
      expect(performance.now() - began).toBeLessThan(100);
      await hooks.flush(500);
      expect(performance.now() - began).toBeLessThan(2_000);
      expect(reports).toHaveLength(1);
      expect(reports.join()).not.toMatch(/geheim|http:/);
    }
  });

  it('that is away for long drops what it cannot keep', async () => {
    const hanging = await receive(() => null);
    const { hooks, reports } = telling(hanging.url);
    for (let i = 0; i < 60; i += 1) hooks.tell('failed', 'a', 'failed');
    expect(reports.filter((text) => text.includes('dropped'))).toHaveLength(10);
    await hooks.flush(100);
  });
});
