import { skipReason } from '../../support/programs';
import { startLab, type Lab } from './lab';
import { describeDispatch } from './scenarios-dispatch';
import { describeMembers } from './scenarios-members';
import { describeRest } from './scenarios-rest';
import { describeCreate } from './scenarios-create';

const reason = skipReason();
jest.setTimeout(180_000);

(reason === undefined ? describe : describe.skip)(
  `karmada stand-in against recorded answers ${reason ?? ''}`,
  () => {
    let started: Lab | undefined;
    const lab = (): Lab => {
      if (started === undefined) throw new Error('the lab did not start');
      return started;
    };
    beforeAll(async () => {
      started = await startLab();
    }, 120_000);
    afterAll(async () => {
      await started?.stop();
    }, 60_000);

    describeCreate(lab);
    describeDispatch(lab);
    describeMembers(lab);
    describeRest(lab);
  },
);
