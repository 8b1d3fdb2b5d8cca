/** What needs Node: the thread of a network card's data path as one of Node's worker threads. */
export { nodeNetThread } from './node/net-thread.ts';
