import { loadModule } from 'libpg-query';

let loading: Promise<void> | undefined;

/** Loads PostgreSQL's parser (WASM, about 50 ms) once; everything else in this room is synchronous and needs it awaited first. */
export function loadParser(): Promise<void> {
  loading ??= loadModule();
  return loading;
}
