export { type DecompressOptions, decompress } from './decompress.js'
export type { EntryType, TarEntry, TarHeader } from './entry.js'
export { type ReadTarOptions, readTar } from './read.js'
export { type TarFile, tarSize, writeTar } from './write.js'
