import type { Plugin } from 'esbuild'

export const lowerUsing: Plugin
