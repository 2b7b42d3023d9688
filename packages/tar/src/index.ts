export { type TarFile, tarSize, writeTar } from './write.js'
