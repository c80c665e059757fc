import type { Member } from './member';

/**
 * 4.4 gives the configuration its term as it becomes the feature version, and takes it away before 4.2 does: forced, one
 * version on, as nothing else of it changes.
 */
export const stampFeatureVersion = async (member: Member, wanted: string): Promise<void> => {
  const { config, selfIndex, term } = member.topology;
  if (member.dialect.release !== '4.4' || config === null) return;
  await member.install(
    { ...config, version: config.version + 1, term: wanted === '4.4' ? term : -1 },
    selfIndex,
  );
  await member.engine.flush();
};
