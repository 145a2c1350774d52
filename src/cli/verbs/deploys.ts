import type { Command } from 'commander';
import { argument } from '../arguments.js';
import type { Action, Verb } from '../cli.js';
import { deployLines } from '../render/reports.js';

export const deploys: Verb = (parent, action) => {
  const group = parent
    .command('deploys')
    .summary('which version of an application runs: record, list')
    .description(
      'Evidence for the gate: which version of an application is deployed. Recorded by your pipeline.',
    )
    .addHelpText('after', '\nExample:\n  $ bellows deploys record api 42');
  record(group, action);
  list(group, action);
};

function record(group: Command, action: Action): void {
  group
    .command('record <app> <version>')
    .description('Records that this version is deployed everywhere, and no older one runs any more.')
    .action(
      action(async (cli, invocation) => {
        const [application, version] = [argument(invocation, 0), argument(invocation, 1)];
        await cli.connected((bellows) => bellows.deploys.record(application, version));
        cli.answer({ application, version }, () => [`Recorded: ${application} ${version}.`]);
        return undefined;
      }),
    );
}

function list(group: Command, action: Action): void {
  group
    .command('list')
    .description('What is recorded.')
    .action(
      action(async (cli) => {
        const rows = await cli.connected((bellows) => bellows.deploys.list());
        cli.answer(rows, () => deployLines(rows, cli.view));
        return undefined;
      }),
    );
}
