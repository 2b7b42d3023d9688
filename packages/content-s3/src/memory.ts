const mebibyte = 1024 * 1024

/** Bytes up to which content is gathered and put as one object. */
export const defaultSmallSize = 8 * mebibyte
/** Bytes of a part of a multipart upload. */
export const defaultPartSize = 16 * mebibyte

/**
 * Bytes that one writer holds at most, apart from the memory for parts that all writers share: its first part, or a small object
 * as chunks and as the body of the put.
 */
export const writerMemory = Math.max(defaultPartSize, 2 * defaultSmallSize)
