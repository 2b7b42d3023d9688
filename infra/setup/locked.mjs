// Exits 0 when node_modules holds what package-lock.json asks for. Compared by content: time stamps say "newer"
// after every git checkout, and an unneeded install removes packages that running programs use.
import { existsSync, readFileSync } from 'node:fs'

function packagesOf(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8')).packages
  } catch {
    return undefined
  }
}

const wanted = packagesOf('package-lock.json')
const installed = packagesOf('node_modules/.package-lock.json')

// Optional packages are the binaries for other platforms.
function satisfied([path, entry]) {
  if (path === '') return true
  const found = installed[path]
  if (found === undefined) return entry.optional === true
  if (!existsSync(path)) return false
  return (
    ['version', 'integrity', 'link'].every((key) => entry[key] === found[key]) && sameCommands(entry, found)
  )
}

// The commands of workspaces are linked at installation. npm writes them in one order here and in another there.
function sameCommands(entry, found) {
  return commandsOf(entry) === commandsOf(found)
}

function commandsOf({ bin = {} }) {
  return JSON.stringify(Object.entries(bin).sort())
}

process.exit(wanted && installed && Object.entries(wanted).every(satisfied) ? 0 : 1)
