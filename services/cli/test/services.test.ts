import { docOf, serviceShapes } from '@dist/settings'
import type { Option } from 'commander'
import { expect, it } from 'vitest'
import { createFullProgram } from '../src/program.js'
import { captured } from './support/context.js'

const { commands } = await createFullProgram(captured().context, () => {})

it.each(Object.entries(serviceShapes))(
  '%s has a flag for each of its settings, except secrets and maps',
  (name, shape) => {
    const command = commands.find((each) => each.name() === (name === 'registry' ? 'serve' : name))
    const settings = Object.entries(shape).filter(([, setting]) => {
      const { secret, fileOnly } = docOf(setting)
      return !secret && !fileOnly
    })
    const flags = command?.options.map((option) => settingOf(option))
    const others = ['config', 'verbose', ...(name === 'registry' ? ['printConfig'] : [])]
    expect(flags?.sort()).toEqual([...settings.map(([key]) => key), ...others].sort())
  },
)

/** The setting of an option: that of `--no-x` is `noX`. */
function settingOf(option: Option): string {
  const name = option.attributeName()
  return option.negate ? `no${name.charAt(0).toUpperCase()}${name.slice(1)}` : name
}
