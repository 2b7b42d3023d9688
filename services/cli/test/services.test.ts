import { docOf, serviceShapes } from '@dist/settings'
import { expect, it } from 'vitest'
import { createFullProgram } from '../src/program.js'
import { captured } from './support/context.js'

const { commands } = await createFullProgram(captured().context, () => {})

it.each(Object.entries(serviceShapes))(
  '%s has a flag for each of its settings, except secrets',
  (name, shape) => {
    const command = commands.find((each) => each.name() === name)
    const settings = Object.entries(shape).filter(([, setting]) => !docOf(setting).secret)
    const flags = command?.options.map((option) => option.attributeName())
    expect(flags?.sort()).toEqual([...settings.map(([key]) => key), 'config', 'verbose'].sort())
  },
)
