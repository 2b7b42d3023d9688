import { describe, expect, it } from 'vitest'
import { createProxySelector, type ProxySettings } from '../src/http/proxy.js'

const select = (settings: ProxySettings, url = 'https://registry.test/v2/') =>
  createProxySelector(settings)(new URL(url))
const basic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`

function refusal(settings: ProxySettings): string {
  try {
    select(settings)
  } catch (error) {
    expect(error).toMatchObject({ code: 'INVALID_ARGUMENT', retryable: false })
    return (error as Error).message
  }
  return expect.unreachable()
}

describe('R34 a proxy', () => {
  it.each([
    ['http://proxy.test:3128', 'http://proxy.test:3128'],
    ['proxy.test:3128', 'http://proxy.test:3128'],
    ['proxy.test', 'http://proxy.test'],
    ['10.0.0.1:3128', 'http://10.0.0.1:3128'],
    ['[2001:db8::1]:3128', 'http://[2001:db8::1]:3128'],
    ['https://proxy.test/ignored?x', 'https://proxy.test'],
    ['  HTTP://Proxy.test:80/ ', 'http://proxy.test'],
  ])('%j is %s', (httpsProxy, url) => {
    expect(select({ httpsProxy })).toEqual({ url, authorization: undefined })
  })

  it.each([
    ['http://ops:secret@proxy.test:3128', 'ops:secret'],
    ['ops:secret@proxy.test:3128', 'ops:secret'],
    ['http://o%40ps:p%C3%A4ss%3A%2f@proxy.test:3128', 'o@ps:päss:/'],
    ['http://ops:100%@proxy.test:3128', 'ops:100%'],
    ['http://ops@proxy.test:3128', 'ops:'],
  ])('%j is signed in at as %j', (httpsProxy, credentials) => {
    expect(select({ httpsProxy })).toEqual({
      url: 'http://proxy.test:3128',
      authorization: basic(credentials),
    })
  })

  it.each([
    'socks5://u:hunter2@p.test:1080',
    'socks5h://u:hunter2@p.test',
    'socks4://p.test',
    'ftp://p.test',
  ])('of a kind that is not supported is refused by name: %s', (httpsProxy) => {
    const message = refusal({ httpsProxy })
    expect(message).toBe(
      `HTTPS_PROXY: proxy scheme ${httpsProxy.split(':')[0]}:// is not supported: expected http:// or https://`,
    )
  })

  it.each(['http://', 'http://u:hunter2@p.test:99999', 'u:hunter2@ :1', '://hunter2'])(
    'that is none is refused without being repeated: %s',
    (httpsProxy) => {
      expect(refusal({ httpsProxy })).toBe('HTTPS_PROXY is not the URL of a proxy: expected http://host:port')
    },
  )

  it('is used for its own scheme only, and an invalid one fails only when it is needed', () => {
    const settings = { httpProxy: 'http://plain.test', noProxy: 'direct.test' }
    expect(select(settings, 'http://registry.test/')?.url).toBe('http://plain.test')
    expect(select(settings, 'https://registry.test/')).toBeUndefined()
    expect(select({ ...settings, httpsProxy: 'socks5://p.test' }, 'https://direct.test/')).toBeUndefined()
    expect(select({ httpsProxy: 'socks5://p.test' }, 'https://127.0.0.1/')).toBeUndefined()
    expect(select({ httpsProxy: '' })).toBeUndefined()
  })
})
