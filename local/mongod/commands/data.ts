import { collectionCommands } from './collection';
import type { Command } from './command';
import { findAndModifyCommands } from './find-and-modify';
import { readCommands } from './read';
import { writeCommands } from './write';

/** Commands that evaluate queries: the query engine is large, so they are loaded after the server listens. */
export const dataCommands: Command[] = [
  ...readCommands,
  ...writeCommands,
  ...findAndModifyCommands,
  ...collectionCommands,
];
