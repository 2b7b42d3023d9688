import { docOf, serviceShapes } from '@dist/settings'
import { expect, it } from 'vitest'
import { createFullProgram } from '../src/program.js'
import { captured } from './support/context.js'

const { commands } = await createFullProgram(captured().context, () => {})

it.each(Object.entries(serviceShapes))(
  '%s has a flag for each of its settings, except secrets and maps',
  (name, shape) => {
    const command = commands.find((each) => each.name() === name)
    const settings = Object.entries(shape).filter(([, setting]) => {
      const { secret, fileOnly } = docOf(setting)
      return !secret && !fileOnly
    })
    const flags = command?.options.map((option) => option.attributeName())
    expect(flags?.sort()).toEqual([...settings.map(([key]) => key), 'config', 'verbose'].sort())
  },
)
