const SECRETS = /^(ssl)?passw(or)?d$|^pass$|token|secret/i;

/**
 * A URL that may be printed: the password, in front of the host or as a parameter, becomes `***`. Of a text that is no
 * URL only the scheme is kept, since nobody can say which part of it is the password.
 */
export function maskUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || url.host === '') return opaque(text, url);
  if (url.password !== '') url.password = '***';
  return maskParameters(url);
}

/** A URL without a host (a Unix socket) has nowhere to hold a password but in its parameters. */
function opaque(text: string, url: URL | null): string {
  if (url?.pathname.startsWith('/') && !text.includes('@')) return maskParameters(url);
  const scheme = /^[a-z][a-z0-9+.-]*:/i.exec(text);
  return `${scheme?.[0] ?? ''}***`;
}

function maskParameters(url: URL): string {
  for (const name of new Set(url.searchParams.keys())) {
    if (SECRETS.test(name)) url.searchParams.set(name, '***');
  }
  return url.href;
}
