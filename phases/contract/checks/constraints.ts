import { fail, notApplicable, pass } from '#core/gate';
import type { DdlForm } from '#core/locks';
import type { Action, Step } from '#core/plan';
import { count, type GateCheck } from './check.js';

const FORMS: ReadonlySet<DdlForm> = new Set<DdlForm>([
  'add check not valid',
  'add not null not valid',
  'add foreign key not valid',
  'add unique using index',
  'validate constraint',
]);

/** Every constraint that the plan adds before the contract is there, and validated where the plan validated it. */
export const constraints: GateCheck = {
  id: 'constraints',
  evaluate: async ({ database, run }) => {
    // Its helper CHECKs came and went in the one transaction that did everything.
    if (run.plan.straight) return notApplicable('the contract was carried out with the expansion');
    const { expand, settle } = run.plan.steps;
    const actions = [...expand, ...settle].flatMap(actionsOf).filter((action) => FORMS.has(action.form));
    const probed = actions.flatMap((action) =>
      action.probe === null ? [] : [{ ...action, probe: action.probe }],
    );
    if (probed.length === 0) return notApplicable('the plan adds no constraint before the contract');
    const missing: string[] = [];
    for (const { title, probe } of probed) {
      const [row] = await database.query(probe);
      if (row === undefined || Object.values(row)[0] !== true) missing.push(title);
    }
    if (missing.length === 0)
      return pass(`${count(probed.length, 'constraint action')}, all in place and validated`);
    return fail(
      `${missing.length} of ${probed.length} not in place: ${missing.join('; ')}`,
      `somebody took it away or left it NOT VALID: add or validate it again by hand, then bellows verify ${run.migration}`,
    );
  },
};

function actionsOf(step: Step): readonly Action[] {
  return step.kind === 'transaction' ? step.actions : [step.action];
}
