import { describe, expect, it } from 'vitest'
import { DirectHosts } from '../src/http/no-proxy.js'

const reached = (noProxy: string, url: string) => new DirectHosts(noProxy).has(new URL(url))

// Go's own cases (x/net/http/httpproxy, TestUseProxy and TestProxyForURL), with their results.
const list =
  'foobar.com, .barbaz.net, *.wild.org, 192.168.1.1, 192.168.1.2:81, 192.168.1.3:80, 10.0.0.0/30, 2001:db8::52:0:1, [2001:db8::52:0:2]:443, [2001:db8::52:0:3]:80, 2002:db8:a::45/64'

describe('R34 NO_PROXY', () => {
  it.each([
    ['http://localhost/', true],
    ['http://127.0.0.1/', true],
    ['http://127.0.0.2:8080/', true],
    ['http://[::1]/', true],
    ['http://[::2]/', false],
    ['http://192.168.1.1/', true],
    ['http://192.168.1.1:5000/', true],
    ['http://192.168.1.2:80/', false],
    ['http://192.168.1.2:81/', true],
    ['http://192.168.1.3/', true],
    ['https://192.168.1.3/', false],
    ['http://192.168.1.4/', false],
    ['http://10.0.0.2/', true],
    ['http://10.0.0.4/', false],
    ['http://[2001:db8::52:0:1]/', true],
    ['https://[2001:db8::52:0:2]/', true],
    ['http://[2001:db8::52:0:2]/', false],
    ['http://[2001:db8::52:0:3]/', true],
    ['https://[2001:db8::52:0:3]/', false],
    ['http://[2002:db8:a::123]/', true],
    ['http://[fe80::424b:c8be:1643:a1b6]/', false],
    ['http://barbaz.net/', true],
    ['http://www.barbaz.net/', true],
    ['http://foobar.com/', true],
    ['http://www.foobar.com/', true],
    ['http://FOOBAR.com:5000/', true],
    ['http://foofoobar.com/', false],
    ['http://baz.com/', false],
    ['http://wild.org/', false],
    ['http://a.wild.org/', true],
    ['http://localhost.net/', false],
    ['http://local.localhost/', false],
    ['http://foobar.com./', true],
  ])('of the list: %s is reached directly: %j', (url, direct) => {
    expect(reached(list, url)).toBe(direct)
  })

  it.each([
    ['*', 'http://anything.test/', true],
    ['a.test,*', 'https://10.1.1.1/', true],
    ['', 'http://anything.test/', false],
    ['  ,, ', 'http://anything.test/', false],
    ['10.0.0.0/8', 'https://10.255.0.1:5000/', true],
    ['10.0.0.0/8', 'https://[::ffff:10.1.2.3]/', true],
    ['10.0.0.0/8', 'https://ten.test/', false],
    ['10.0.0.0/99', 'https://10.0.0.0/', false],
    ['registry.test/8', 'https://registry.test/', false],
    ['registry.test:5000', 'https://registry.test:5000/', true],
    ['registry.test:5000', 'https://registry.test/', false],
    ['registry.test:443', 'https://registry.test/', true],
    ['.registry.test:443', 'https://registry.test/', true],
    [':5000', 'https://registry.test:5000/', false],
    ['a.test b.test', 'https://b.test/', true],
    ['bücher.test', 'https://xn--bcher-kva.test/', true],
    ['2001:db8::1:443', 'https://[2001:db8::1:443]/', true],
  ])('%j: %s is reached directly: %j', (noProxy, url, direct) => {
    expect(reached(noProxy, url)).toBe(direct)
  })
})
