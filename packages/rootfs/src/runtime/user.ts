import { DistError, sanitize } from '@dist/errdefs'

/** The user that a process runs as. */
export interface ProcessUser {
  readonly uid: number
  readonly gid: number
  readonly additionalGids: readonly number[]
  /** The home directory, if `/etc/passwd` has the user. */
  readonly home?: string | undefined
}

/** The account files of a root filesystem; undefined where they are missing. */
export interface Accounts {
  readonly passwd: string | undefined
  readonly group: string | undefined
}

/**
 * Resolves the user of an image: `user`, `uid`, `user:group`, `uid:gid` or a mixture; an empty text is root. A number is an
 * id, also if the root filesystem does not have it. Without a group the result has the group of `/etc/passwd`, else 0, and
 * the groups of `/etc/group` that have the user as a member, as in docker, ctr and umoci. Throws `MALFORMED` for a name
 * that the files do not have, and for an id outside the range of Linux.
 */
export function resolveUser(spec: string, accounts: Accounts): ProcessUser {
  const colon = spec.indexOf(':')
  const [name, group] = colon < 0 ? [spec, ''] : [spec.slice(0, colon), spec.slice(colon + 1)]
  const account = accountOf(name === '' ? '0' : name, accounts)
  const groups = groupsIn(accounts.group)
  if (group !== '') return { ...account.user, gid: gidOf(group, groups), additionalGids: [] }
  const member = account.name
  const gids = member === undefined ? [] : groups.filter(({ members }) => members.includes(member))
  return { ...account.user, additionalGids: gids.map(({ gid }) => gid) }
}

interface Account {
  /** Undefined for an id that `/etc/passwd` does not have. */
  readonly name?: string | undefined
  readonly user: Omit<ProcessUser, 'additionalGids'>
}

function accountOf(name: string, { passwd }: Accounts): Account {
  const uid = idOf(name, 'user')
  for (const fields of linesOf(passwd)) {
    const [own = '', , uidText = '', gidText = '', , home = ''] = fields
    const ids = [idIn(uidText), idIn(gidText)] as const
    if (ids[0] === undefined || ids[1] === undefined || own === '') continue
    if (uid === undefined ? own !== name : ids[0] !== uid) continue
    return { name: own, user: { uid: ids[0], gid: ids[1], ...(home === '' ? {} : { home }) } }
  }
  if (uid !== undefined) return { user: { uid, gid: 0 } }
  throw unknown('user', name, 'passwd')
}

interface Group {
  readonly name: string
  readonly gid: number
  readonly members: readonly string[]
}

function groupsIn(text: string | undefined): Group[] {
  return linesOf(text).flatMap(([name = '', , gidText = '', members = '']) => {
    const gid = idIn(gidText)
    return gid === undefined || name === '' ? [] : [{ name, gid, members: members.split(',') }]
  })
}

function gidOf(text: string, groups: readonly Group[]): number {
  const gid = idOf(text, 'group') ?? groups.find(({ name }) => name === text)?.gid
  if (gid === undefined) throw unknown('group', text, 'group')
  return gid
}

/** passwd(5), group(5): fields separated by colons. */
function linesOf(text = ''): string[][] {
  return text.split('\n').map((line) => line.trim().split(':'))
}

/** The maximum id: all ones mean "no change" in setuid(2). */
const maxId = 2 ** 32 - 2

function idIn(text: string): number | undefined {
  return /^\d{1,10}$/.test(text) && Number(text) <= maxId ? Number(text) : undefined
}

/** The id that a text is; undefined for a name. */
function idOf(text: string, what: string): number | undefined {
  if (!/^\d+$/.test(text)) return undefined
  const id = idIn(text)
  if (id === undefined)
    throw new DistError('MALFORMED', `the image runs as ${what} ${sanitize(text, 40)}: larger than ${maxId}`)
  return id
}

function unknown(what: string, name: string, file: string): DistError {
  const shown = sanitize(name, 60)
  return new DistError(
    'MALFORMED',
    `the image runs as ${what} ${shown}, which its /etc/${file} does not have`,
  )
}
