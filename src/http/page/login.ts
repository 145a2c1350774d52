/** A browser sends no token by itself: it is typed in once, and a cookie stands for it. */
import { readBody } from '../control/body.js';
import { type Reply, seeOther } from '../control/reply.js';
import type { Desk, Route } from '../control/routes.js';
import { html, nothing, type Part } from './html.js';
import { sheet } from './layout.js';

export function loginRoutes({ guard, version }: Desk): readonly Route[] {
  const page = (wrong: boolean): Reply =>
    sheet({ title: 'Log in', live: false, version, body: body(wrong), status: wrong ? 403 : 200 });
  return [
    { method: 'GET', path: '/login', access: 'open', answer: async () => page(false) },
    {
      method: 'POST',
      path: '/login',
      access: 'open',
      answer: async ({ request }) => {
        const { token } = await readBody(request);
        const cookie = typeof token === 'string' ? guard.cookieFor(token.trim()) : null;
        return cookie === null ? page(true) : seeOther('/', { 'Set-Cookie': cookie });
      },
    },
  ];
}

function body(wrong: boolean): Part {
  return html`<h1>Log in</h1>
${wrong ? html`<p class="card banner bad" role="alert">This is no token of this server.</p>` : nothing}
<form class="card" method="post" action="/login"><div class="field"><label for="token">Token</label>
<input type="password" id="token" name="token" autocomplete="current-password" required aria-describedby="token-hint">
<div class="dim" id="token-hint">the one for looking, or the one for acting: <code>http.readToken</code>, <code>http.writeToken</code></div></div>
<ul class="actions"><li><button class="main" type="submit">Log in</button></li></ul></form>`;
}
