export { MemoryNotes } from './memory.js'
