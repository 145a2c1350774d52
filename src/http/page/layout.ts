import { HTML, type Reply } from '../control/reply.js';
import { type Html, html, markupOf, nothing, type Part } from './html.js';

export interface Sheet {
  readonly title: string;
  /** Kept true while it is open, by the script, or without one by loading it anew now and then. */
  readonly live: boolean;
  readonly version: string;
  readonly body: Part;
  readonly status?: number;
}

export function sheet({ title, live, version, body, status = 200 }: Sheet): Reply {
  const markup = markupOf(html`<html lang="en">
<head>
<meta charset="utf-8">
<title>${title} · Bellows</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/page.css">
${live ? LIVE : nothing}
</head>
<body>
<a class="skip" href="#main">Skip to the content</a>
<header class="site">
<a class="name" href="/">Bellows</a>
<nav aria-label="Site"><a href="/">Migrations</a></nav>
<span class="live" id="live">${live ? 'loaded once' : ''}</span>
</header>
<main id="main" tabindex="-1">
${body}
</main>
<footer>pgbellows ${version} · <a href="/api">HTTP API</a></footer>
</body>
</html>`);
  return { status, type: HTML, body: `<!doctype html>\n${markup}\n` };
}

/** In two pieces: a tagged template with the end tag of a script in it is compiled to a call that needs a package of the compiler. */
const LIVE = html`<script src="/page.js" defer></${'script'}>
<noscript><meta http-equiv="refresh" content="10"></noscript>`;

/** A part that the script keeps true; `id` is unique on its page. */
export function live(id: string, className: string, content: Part, more: Html = nothing): Html {
  return html`<section id="${id}" class="${className}" data-live ${more}>${content}</section>`;
}

/** A part with a heading, as a landmark that a screen reader finds by it. */
export function card(id: string, heading: string, content: Part, className = 'card'): Html {
  return live(
    id,
    className,
    html`<h2 id="${id}-h">${heading}</h2>${content}`,
    html`aria-labelledby="${id}-h"`,
  );
}
