/** What needs Node: a client of the bus in a worker thread. */
export { EINVAL } from './errno.ts';
