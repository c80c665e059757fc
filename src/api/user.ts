import { DATABASE_NAME } from '../domain/syntax';
import { textUpTo } from './shared';
import { followsPattern } from './validation-rule';

/** Users that FedState makes and keeps itself. */
const RESERVED = ['root', 'clusterAdmin', 'clusterMonitor', '__system'] as const;

const reserved = RESERVED.map((name) => `'${name}'`).join(', ');

export const userNameSchema = textUpTo(
  256,
  {
    rule: `!(self in [${reserved}])`,
    message: `${RESERVED.join(', ')} are FedState's own users: choose another name`,
  },
  // SCRAM writes names between these two; the Node.js driver escapes the first of each alone.
  followsPattern(
    '^[^,=\\x00-\\x1f\\x7f]*$',
    'may not hold a comma, an equals sign or a control character, which drivers get wrong: choose another name',
  ),
);

export const databaseSchema = textUpTo(
  63,
  followsPattern(
    `${DATABASE_NAME}|^$`,
    'must be the name of a database: at most 63 characters, none of them a blank or one of / . " $ * < > : | ? or a backslash',
  ),
);
