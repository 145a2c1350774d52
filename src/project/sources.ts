import type { BellowsConfig, Variables } from './config.js';
import type { ConfigFile } from './config-file.js';
import type { DbmateVariables } from './dbmate-variables.js';

/** Everything that a setting may come from, checked. */
export interface Sources {
  readonly cwd: string;
  readonly file: ConfigFile;
  readonly environment: string;
  readonly variables: Variables;
  readonly dbmate: DbmateVariables;
  readonly config: BellowsConfig;
  readonly overrides: BellowsConfig;
}
