export { instance } from './instance';
export {
  drainInstance,
  rebuildInstance,
  rotateInstance,
  scaleInstance,
  switchoverInstance,
  updateInstance,
  upgradeInstance,
} from './change-instance';
export { createInstance } from './create-instance';
export { deleteInstance } from './delete-instance';
export { failover } from './failover';
export { failbackInstance, failoverInstance } from './recover-instance';
export { recoverInstance } from './recover-majority';
export { recoverMajority } from './recover-majority-door';
export { watchHealth } from './watch-health';
