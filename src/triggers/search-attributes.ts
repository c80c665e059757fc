import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common';

/** Set at start; the entity keeps the others. Never a secret: search attributes are stored in the clear. */
export const NAMESPACE = defineSearchAttributeKey('MongoNamespace', SearchAttributeType.KEYWORD);
export const NAME = defineSearchAttributeKey('MongoName', SearchAttributeType.KEYWORD);
/** metadata.generation that the entity has read last. */
export const GENERATION = defineSearchAttributeKey('MongoGeneration', SearchAttributeType.INT);
