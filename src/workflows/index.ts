export { instance } from './instance';
export { drainInstance, scaleInstance, switchoverInstance, updateInstance } from './change-instance';
export { createInstance } from './create-instance';
export { deleteInstance } from './delete-instance';
export { failover } from './failover';
export { failbackInstance, failoverInstance } from './recover-instance';
export { watchHealth } from './watch-health';
