import type { DropOptions, ResetResult, UpOptions } from '#api';
import type { Context } from './context.js';
import { create, drop } from './server.js';
import { up } from './up.js';

/** An empty database, and everything applied to it again. */
export async function reset(context: Context, options: DropOptions & UpOptions = {}): Promise<ResetResult> {
  const dropped = await drop(context, options);
  await create(context);
  return { dropped, up: await up(context, options) };
}
