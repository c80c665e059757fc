import { type Doc, isDoc, readString } from '../doc';
import { CommandError } from '../error';
import type { Dialect } from '../options/dialect';
import { type ReplicaSetConfig, delayField, parseConfig } from './config';

/** As this release would have written it: the delay has had two names, and before 4.4 there is no term. */
const translateConfig = (doc: Doc, dialect: Dialect): Doc => {
  const { term, members, ...rest } = doc;
  const wanted = delayField(dialect);
  const translate = (member: Doc): Doc => {
    const { slaveDelay, secondaryDelaySecs = slaveDelay, newlyAdded, ...kept } = member;
    const isKnown = dialect.implicitMajority && newlyAdded !== undefined;
    return {
      ...kept,
      ...(secondaryDelaySecs === undefined ? {} : { [wanted]: secondaryDelaySecs }),
      ...(isKnown ? { newlyAdded } : {}),
    };
  };
  return {
    ...rest,
    ...(dialect.safeReconfig && term !== undefined ? { term } : {}),
    members: Array.isArray(members)
      ? members.map((member: unknown) => (isDoc(member) ? translate(member) : member))
      : members,
  };
};

/**
 * Reads a stored or received configuration that another member, perhaps of the release before or after, has validated;
 * undefined when it is damaged.
 */
export const parseStoredConfig = (doc: Doc, dialect: Dialect): ReplicaSetConfig | undefined => {
  try {
    return readString(doc, '_id') === undefined
      ? undefined
      : parseConfig(translateConfig(doc, dialect), dialect, false);
  } catch (error) {
    if (error instanceof CommandError) return undefined;
    throw error;
  }
};
