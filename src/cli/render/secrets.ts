import { maskUrl } from '#project/mask-url';

export type Mask = (text: string) => string;

/**
 * Takes passwords out of a text: those of the URLs that this process was given, whatever characters they hold, and of
 * anything else that looks like a URL with a user in it.
 */
export function maskFor(argv: readonly string[], env: Readonly<Record<string, string | undefined>>): Mask {
  const typed = argv.map((arg) => arg.replace(/^--[a-z-]+=/, '')).filter((arg) => arg.includes('://'));
  const known = [...typed, env.DATABASE_URL, env.REDIS_URL].filter((url) => url !== undefined && url !== '');
  return (text) =>
    known
      .reduce<string>((masked, url) => masked.replaceAll(url ?? '', () => maskUrl(url ?? '')), text)
      .replace(/\b[a-z][a-z0-9+.-]*:\/\/[^\s'"`]*(?:@|passw)[^\s'"`]*/gi, maskUrl);
}
