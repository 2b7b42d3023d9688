import type { Command } from 'commander'
import type { Context } from '../context.js'
import { pullCommand } from './pull.js'

/** Makes one command; its action hands its exit code to `onExit`. */
export type Define = (context: Context, onExit: (code: number) => void) => Command

/** All commands, in the order of the help. */
export const commands: readonly Define[] = [pullCommand]
