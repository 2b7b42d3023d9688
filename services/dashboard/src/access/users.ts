import { createHash, timingSafeEqual } from 'node:crypto'
import { DistError } from '@dist/errdefs'
import { isLoopback, type ListenAddress } from '@dist/settings'
import {
  type AccessLog,
  type Compare,
  type Credentials,
  makeDecoy,
  type PasswordFile,
  parseUsers,
  type Role,
  readNamed,
  type SignedIn,
  SignIn,
  ThreadComparer,
  type UserFile,
  type Watched,
  watchFiles,
} from '@dist/sign-in'

/** Where the settings have users. */
export interface UserSettings {
  /** The file of users. */
  readonly usersFile?: string | undefined
  /** One user with the role `admin`. */
  readonly user?: string | undefined
  readonly password?: string | undefined
}

/** A user as it is now. */
export interface User {
  readonly name: string
  readonly role: Role
  /** What the sessions of the user depend on: the hash of the password, or the password of the settings. */
  readonly credential: string
}

/** A user who has signed in, or why there is none. */
export type SignedInUser = { readonly user: User } | Exclude<SignedIn, { user: string }>

/** Those who may sign in, as the file of users has them now. */
export interface Users extends AsyncDisposable {
  /** `network`: of the client. See `SignIn`. */
  check(credentials: Credentials, network: string): Promise<SignedInUser>
  /** Undefined: there is no such user, or no longer. */
  find(name: string): User | undefined
}

export interface UsersOptions {
  readonly log: AccessLog
  /** Milliseconds between two looks at the file. Default: 1000. */
  readonly interval?: number | undefined
  /** Default: in a thread. */
  readonly compare?: Compare | undefined
}

const how = 'give --users-file, or --user and DIST_DASHBOARD_PASSWORD or DIST_DASHBOARD_PASSWORD_FILE'
/** The cost of a comparison where there is no file. */
const decoyCost = 10

/** Throws `INVALID_ARGUMENT` when user or password is missing, and for an address other than loopback without users. */
export function checkUsers({ usersFile, user, password }: UserSettings, listen: ListenAddress): void {
  if ((user === undefined) !== (password === undefined))
    throw new DistError('INVALID_ARGUMENT', `the dashboard needs both a user and a password: ${how}`)
  if (user?.includes(':')) throw new DistError('INVALID_ARGUMENT', '--user: the name of a user has no colon')
  if (usersFile === undefined && user === undefined && !isLoopback(listen))
    throw new DistError(
      'INVALID_ARGUMENT',
      `--listen ${listen.host}: an address other than loopback requires users: ${how}`,
    )
}

/** Whether the network can read what browsers send, as far as the settings tell. */
export function isReadable(
  {
    publicUrl = '',
    trustedProxies = [],
  }: { readonly publicUrl?: string | undefined; readonly trustedProxies?: readonly string[] | undefined },
  listen: ListenAddress,
): boolean {
  const isBehindProxy = trustedProxies.length > 0 || publicUrl.startsWith('https:')
  return !isBehindProxy && !isLoopback(listen)
}

/** Opens the users of settings. Undefined: there are none. Throws `INVALID_ARGUMENT` when the file cannot be used. */
export async function openUsers(settings: UserSettings, options: UsersOptions): Promise<Users | undefined> {
  const { usersFile, user, password } = settings
  const own = user === undefined || password === undefined ? undefined : new OwnUser(user, password)
  const file = usersFile === undefined ? undefined : await watchUsers(usersFile, own, options)
  return file === undefined && own === undefined ? undefined : new OpenedUsers(file, own, options.compare)
}

async function watchUsers(
  path: string,
  own: OwnUser | undefined,
  options: UsersOptions,
): Promise<Watched<UserFile>> {
  const load = async () => {
    const file = parseUsers(await readNamed('--users-file', path), path)
    if (own === undefined || !file.hashes.has(own.user.name)) return file
    throw new DistError('INVALID_ARGUMENT', `${path}: it has the user of --user, too: remove one of them`)
  }
  return await watchFiles([path], load, options)
}

/** The user of the settings. */
class OwnUser {
  readonly decoy = makeDecoy(decoyCost)
  readonly user: User

  constructor(
    name: string,
    private readonly password: string,
  ) {
    this.user = { name, role: 'admin', credential: password }
  }

  matches(password: string): boolean {
    // Digests have equal lengths.
    const digest = (text: string) => createHash('sha256').update(text).digest()
    return timingSafeEqual(digest(password), digest(this.password))
  }
}

class OpenedUsers implements Users {
  readonly #comparer = new ThreadComparer()
  readonly #signIn: SignIn

  constructor(
    private readonly file: Watched<UserFile> | undefined,
    private readonly own: OwnUser | undefined,
    compare: Compare = this.#comparer.compare,
  ) {
    this.#signIn = new SignIn(
      () => this.#passwords(),
      async (password, hash) => {
        if (own === undefined || hash !== own.decoy) return await compare(password, hash)
        // As long as for an unknown user.
        const matches = await compare(password, this.#passwords().decoy)
        return matches === undefined ? undefined : own.matches(password)
      },
    )
  }

  async check(credentials: Credentials, network: string): Promise<SignedInUser> {
    const signedIn = await this.#signIn.check(credentials, network)
    if (!('user' in signedIn)) return signedIn
    const user = this.find(signedIn.user)
    return user === undefined ? { failed: 'wrong' } : { user }
  }

  find(name: string): User | undefined {
    if (name === this.own?.user.name) return this.own.user
    const credential = this.file?.current.hashes.get(name)
    const role = this.file?.current.roles.get(name)
    return credential === undefined || role === undefined ? undefined : { name, role, credential }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.file?.[Symbol.dispose]()
    await this.#comparer[Symbol.asyncDispose]()
  }

  #passwords(): PasswordFile {
    const { own } = this
    const file = this.file?.current
    if (own === undefined) return file ?? { hashes: new Map(), decoy: makeDecoy(decoyCost) }
    return {
      hashes: new Map([...(file?.hashes ?? []), [own.user.name, own.decoy]]),
      decoy: file?.decoy ?? own.decoy,
    }
  }
}
