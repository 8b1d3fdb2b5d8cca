/**
 * Error numbers as bus calls answer them: a result below zero is one of these, negated. The values are Linux's on x86, which the wire of
 * 2009 carries as they are. [vbus PCI-2]
 */
export const EPERM = 1;
export const ENOENT = 2;
export const EIO = 5;
export const ENXIO = 6;
export const E2BIG = 7;
export const ENOMEM = 12;
export const EACCES = 13;
export const EFAULT = 14;
export const EBUSY = 16;
export const EEXIST = 17;
export const ENODEV = 19;
export const ENOTDIR = 20;
export const EISDIR = 21;
export const EINVAL = 22;
export const ENOSPC = 28;
export const ENOSYS = 38;
export const ENOTEMPTY = 39;

const NAMES: ReadonlyMap<number, string> = new Map(
  Object.entries({
    EPERM,
    ENOENT,
    EIO,
    ENXIO,
    E2BIG,
    ENOMEM,
    EACCES,
    EFAULT,
    EBUSY,
    EEXIST,
    ENODEV,
    ENOTDIR,
    EISDIR,
    EINVAL,
    ENOSPC,
    ENOSYS,
    ENOTEMPTY,
  }).map(([name, number]) => [number, name]),
);

/** `EBUSY` of −16, for people; a result that is not known is written as a number. */
export const errnoName = (result: number): string => NAMES.get(-result) ?? String(result);
