import { fail, pass, unknown } from '#core/gate';
import type { GateCheck } from './check.js';

/** The file still says what the run was begun with. */
export const checksum: GateCheck = {
  id: 'checksum',
  evaluate: async ({ fileChecksum, run }) => {
    const short = (digest: string) => digest.slice(0, 12);
    const { migration } = run;
    if (fileChecksum === undefined) {
      return unknown(
        `the run has ${short(run.checksum)}; this process has no migrations folder to compare it with`,
        `bellows gate ${migration}, where the migrations folder is`,
      );
    }
    if (fileChecksum === null) {
      return fail(
        `the run has ${short(run.checksum)}; its file is gone`,
        `bring ${migration} back into the migrations folder, under the same name`,
      );
    }
    if (fileChecksum === run.checksum) return pass(`${short(run.checksum)}, in the file and in the run`);
    return fail(
      `the run has ${short(run.checksum)}, the file ${short(fileChecksum)}: it was edited since`,
      `restore ${migration} as it was; or bellows rollback ${migration}, and begin again with the new file`,
    );
  },
};
