export { instance } from '../../../src/workflows/instance';
export {
  drainInstance,
  scaleInstance,
  switchoverInstance,
  updateInstance,
} from '../../../src/workflows/change-instance';
export { createInstance } from './create-instance';
export { deleteInstance } from '../../../src/workflows/delete-instance';
export { watchHealth } from '../../../src/workflows/watch-health';
