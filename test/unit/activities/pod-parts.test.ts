import { digestPodParts, findMixedChange, replacesPods } from '../../../src/activities/pod-parts';
import { ANNOTATIONS } from '../../../src/domain/marks';
import { makeInstance } from '../../support/custom-resource';

const BASE = 'net:\n  port: 27017\n';
const partsOf = (
  verbosity: string | undefined,
  over: { image?: string; rest?: string; fixed?: string } = {},
) => {
  const configSet = verbosity === undefined ? {} : { 'systemLog.verbosity': verbosity };
  const cr = makeInstance({
    config: { configSet },
    imageSetting: { imagePullPolicy: over.rest ?? 'Always' },
  });
  const mergedYaml = `${over.fixed ?? BASE}${verbosity === undefined ? '' : `systemLog:\n  verbosity: ${verbosity}\n`}`;
  return digestPodParts(cr, { image: over.image ?? 'mongo:4.2', mergedYaml });
};

describe('what replaces pods', () => {
  it.each([
    ['nothing', partsOf('1'), false],
    ['another value of what mongod takes at run time', partsOf('2'), false],
    ['the option taken out', partsOf(undefined), true],
    ['another image', partsOf('1', { image: 'mongo:4.4' }), true],
    ['another pull policy with another value', partsOf('2', { rest: 'Never' }), true],
    ['a fixed option with another value', partsOf('2', { fixed: 'net:\n  port: 1\n' }), true],
  ])('%s', (_what, next, replaced) => {
    expect(replacesPods(partsOf('1'), next)).toBe(replaced);
  });

  it('is any change of configuration to a record that does not tell what of it was fixed', () => {
    const before = partsOf('1').split('/').slice(0, 3).join('/');
    expect(replacesPods(before, partsOf('1'))).toBe(false);
    expect(replacesPods(before, partsOf('2'))).toBe(true);
  });

  it('still refuses an image together with any configuration (S12)', () => {
    const annotations = { [ANNOTATIONS.appliedPods]: partsOf('1') };
    const cr = makeInstance(
      { config: { configSet: { 'systemLog.verbosity': '2' } }, imageSetting: { imagePullPolicy: 'Always' } },
      { annotations },
    );
    const references = { mergedYaml: `${BASE}systemLog:\n  verbosity: 2\n` };
    expect(findMixedChange(cr, { ...references, image: 'mongo:4.4' })).toContain('S12');
    expect(findMixedChange(cr, { ...references, image: 'mongo:4.2' })).toBeUndefined();
  });
});
