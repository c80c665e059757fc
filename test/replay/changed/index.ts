export { instance } from '../../../src/workflows/instance';
export { createInstance } from './create-instance';
export { deleteInstance } from '../../../src/workflows/delete-instance';
export { watchHealth } from '../../../src/workflows/watch-health';
