type Library = typeof import('libpg-query');

let loading: Promise<void> | undefined;
let loaded: Library | undefined;

/**
 * Loads PostgreSQL's parser (WASM, about 70 ms) once; everything else in this room is synchronous and needs it awaited first. Not
 * before: who looks at names and checksums alone does without it.
 */
export function loadParser(): Promise<void> {
  loading ??= load();
  return loading;
}

async function load(): Promise<void> {
  const library = await import('libpg-query');
  await library.loadModule();
  loaded = library;
}

/** What `loadParser()` has loaded. */
export function library(): Library {
  if (loaded === undefined) throw new TypeError('loadParser() must have been awaited');
  return loaded;
}
