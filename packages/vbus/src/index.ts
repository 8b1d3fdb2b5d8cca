/** virtual-bus: the container, its verbs, rings and doorbells, three connectors, and venet. See README.md. */
export { E2BIG, EBUSY, EEXIST, EFAULT, EINVAL, EIO, ENODEV, ENOENT, ENOMEM, ENOSPC, ENOTEMPTY, ENXIO } from './errno.ts';
