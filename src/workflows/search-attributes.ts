import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common';

export const PHASE = defineSearchAttributeKey('MongoPhase', SearchAttributeType.KEYWORD);
export const MEMBER_CLUSTERS = defineSearchAttributeKey(
  'MongoMemberClusters',
  SearchAttributeType.KEYWORD_LIST,
);
export const GENERATION = defineSearchAttributeKey('MongoGeneration', SearchAttributeType.INT);
