import { DATA_CHECKS, type DataCheckId, type DataCheckResult } from '#core/data-checks';
import { loadParser } from '#parser/load';
import { CHECKS } from './list.js';
import { orUnknown } from './look.js';
import { type CheckWorld, type Part, together } from './world.js';

/** Runs the checks one after the other. */
export async function runChecks(
  world: CheckWorld,
  only: readonly DataCheckId[] = DATA_CHECKS,
): Promise<readonly DataCheckResult[]> {
  await loadParser();
  const results: DataCheckResult[] = [];
  for (const check of DATA_CHECKS.filter((id) => only.includes(id))) {
    const began = performance.now();
    const part = together([await orUnknown(world, null, () => CHECKS[check](world))]);
    const seconds = (performance.now() - began) / 1_000;
    results.push({ check, verdict: verdictOf(part), ...part, seconds });
  }
  return results;
}

function verdictOf({ findings, unknown }: Required<Part>): DataCheckResult['verdict'] {
  if (findings.length > 0) return 'findings';
  return unknown.length > 0 ? 'unknown' : 'ok';
}
