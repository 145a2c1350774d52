/**
 * Keeps an open page true: it fetches the same page again and puts in what is marked as live. Everything works without it.
 * A hidden page asks for nothing; what was opened stays open, what had the focus keeps it.
 */
export const SCRIPT = `'use strict';
(() => {
  const EVERY_MS = 2000;
  const said = document.getElementById('live');
  const keyOf = (element) => element && (element.id || element.getAttribute('href'));
  const put = (old, fresh) => {
    if (old.innerHTML === fresh.innerHTML) return;
    const open = new Set([...old.querySelectorAll('details[open]')].map((one) => one.id));
    const focused = old.contains(document.activeElement) ? keyOf(document.activeElement) : null;
    old.className = fresh.className;
    old.replaceChildren(...fresh.childNodes);
    for (const one of old.querySelectorAll('details')) if (open.has(one.id)) one.open = true;
    if (focused === null) return;
    for (const one of old.querySelectorAll('a, button, summary, [tabindex]'))
      if (keyOf(one) === focused) return one.focus({ preventScroll: true });
  };
  const look = async () => {
    if (document.hidden) return;
    try {
      const response = await fetch(location.href, { redirect: 'error', signal: AbortSignal.timeout(15000) });
      if (!response.ok) throw new Error(String(response.status));
      const fresh = new DOMParser().parseFromString(await response.text(), 'text/html');
      document.title = fresh.title;
      for (const old of document.querySelectorAll('[data-live]')) {
        const now = fresh.getElementById(old.id);
        if (now !== null) put(old, now);
      }
      said.textContent = 'live';
    } catch {
      said.textContent = 'no answer: this is what was known before';
    }
  };
  const turn = () => look().finally(() => setTimeout(turn, EVERY_MS));
  said.textContent = 'live';
  setTimeout(turn, EVERY_MS);
  document.addEventListener('visibilitychange', look);
})();
`;
