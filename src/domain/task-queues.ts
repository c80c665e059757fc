/** Workflows and all activities but health watches. */
export const TASK_QUEUE = 'fedstate';
/** Health watches hold a slot for as long as the instance lives, so they have a queue of their own. */
export const HEALTH_TASK_QUEUE = 'fedstate-health';
