export * from '../../../src/workflows';
export { createInstance } from './create-instance';
