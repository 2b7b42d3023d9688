#!/usr/bin/env node
// An import of a module of Node loads what the module loads late.
const { createRequire } = process.getBuiltinModule('node:module')

await createRequire(import.meta.url)('./load.cjs').start('coordinator')
