import { expect, it } from 'vitest'
import { needsServers, packageReadmes, promisedOutput, runExample } from '../../readmes.js'

it('READMEs whose example starts servers print what they promise', async () => {
  for (const readme of packageReadmes().readmes.filter(needsServers))
    expect(await runExample(readme.name), `packages/${readme.name}/README.md`).toEqual(promisedOutput(readme))
})
