import { settingDocs } from '@dist/settings'
import { expect, it } from 'vitest'
import { dashboardSettings } from '../src/index.js'

it('each setting says what it is', () => {
  for (const setting of Object.values(dashboardSettings.shape))
    expect(settingDocs.get(setting)?.says).toMatch(/\.$/)
})

it('none has to be given', () => {
  expect(dashboardSettings.parse({})).toMatchObject({ queue: 'redis://127.0.0.1:6379', deadline: 10_000 })
})
