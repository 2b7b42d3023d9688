export { decompress } from './decompress.js'
export type { TarEntry, TarHeader } from './entry.js'
export { readTar } from './read.js'
export { type TarFile, tarSize, writeTar } from './write.js'
