/** HTML as a type of its own: what is put into a template is escaped, unless it is HTML already. */
const MARKUP = Symbol('markup');

export interface Html {
  readonly [MARKUP]: string;
}
export type Part = Html | string | number | null | undefined | readonly Part[];

/**
 * `` html`<p>${text}</p>` ``: text is escaped for content and for attributes in double quotes, lists are put one after the
 * other, null and undefined are nothing.
 */
export function html(texts: TemplateStringsArray, ...parts: readonly Part[]): Html {
  return { [MARKUP]: texts.map((text, i) => text + (i < parts.length ? markupOf(parts[i]) : '')).join('') };
}

export const nothing: Html = { [MARKUP]: '' };

export function markupOf(part: Part): string {
  if (part === null || part === undefined) return '';
  if (typeof part === 'string' || typeof part === 'number') return escaped(String(part));
  return MARKUP in part ? part[MARKUP] : part.map(markupOf).join('');
}

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
  '`': '&#96;',
};

function escaped(text: string): string {
  return text.replaceAll(/[&<>"'`]/g, (character) => ESCAPES[character] ?? '');
}
