/** Tells people elsewhere, in a form that Slack, Mattermost and their like understand. It never holds up what it tells of. */
import type { NewsEvent } from '#core/news';
import { safeMessage } from '#core/sqlstate';

export interface Webhook {
  /** A secret: whoever has it may write there. It is in no line and no error. */
  readonly url: string;
  readonly events: readonly NewsEvent[];
}

export interface Webhooks {
  wants(event: NewsEvent): boolean;
  /** Returns at once. */
  tell(event: NewsEvent, migration: string, text: string): void;
  /** Waits for what is under way, and no longer than this. Milliseconds. */
  flush(milliseconds: number): Promise<void>;
}

export interface WebhookOptions {
  readonly hooks: readonly Webhook[];
  /** Told of what was not delivered. */
  readonly report: (text: string) => void;
}

const TIMEOUT_MS = 5_000;
/** Before the second and the third attempt. */
const PAUSES_MS = [1_000, 5_000] as const;
/** Beyond these, news is dropped: a receiver that is away for long gets no flood when it is back. */
const MAX_UNDER_WAY = 50;

export function createWebhooks({ hooks, report }: WebhookOptions): Webhooks {
  const underWay = new Set<Promise<void>>();
  const end = new AbortController();
  return {
    wants: (event) => hooks.some(({ events }) => events.includes(event)),
    tell: (event, migration, text) => {
      const body = JSON.stringify({ text: `*${escaped(migration)}* ${escaped(text)}` });
      for (const hook of hooks.filter(({ events }) => events.includes(event))) {
        if (underWay.size >= MAX_UNDER_WAY) return report(`the webhook for "${event}" is behind; dropped`);
        const sending = deliver(hook.url, body, end.signal)
          .then((trouble) => {
            if (trouble !== null)
              report(`the webhook for "${event}" of ${migration} was not delivered: ${trouble}`);
          })
          .finally(() => underWay.delete(sending));
        underWay.add(sending);
      }
    },
    flush: async (milliseconds) => {
      const timer = setTimeout(() => end.abort(), milliseconds);
      await Promise.allSettled(underWay);
      clearTimeout(timer);
    },
  };
}

/** Slack reads these as the beginning of a link or an entity. */
function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

/** @returns why it was not delivered, without the URL; null: it was. Never throws. */
async function deliver(url: string, body: string, end: AbortSignal): Promise<string | null> {
  let trouble = await attempt(url, body, end);
  for (const pause of PAUSES_MS) {
    if (trouble === null || !trouble.passing || end.aborted) break;
    await rest(pause, end);
    trouble = await attempt(url, body, end);
  }
  return trouble?.text ?? null;
}

interface Trouble {
  readonly text: string;
  readonly passing: boolean;
}

async function attempt(url: string, body: string, end: AbortSignal): Promise<Trouble | null> {
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body,
      // A redirect would take the message to where nobody configured it.
      redirect: 'manual',
      signal: AbortSignal.any([end, AbortSignal.timeout(TIMEOUT_MS)]),
    });
    await response.body?.cancel();
    if (response.ok) return null;
    return { text: `HTTP ${response.status}`, passing: response.status === 429 || response.status >= 500 };
  } catch (error) {
    // Its message may hold the URL; its class and code do not.
    const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
    return { text: safeMessage(cause), passing: true };
  }
}

function rest(milliseconds: number, end: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      end.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, milliseconds);
    end.addEventListener('abort', done);
  });
}
