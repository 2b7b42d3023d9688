/** What a token gives access to, as the claims of a token have it. */
export interface Access {
  readonly type: string
  readonly name: string
  readonly actions: readonly string[]
}

/** The access to the list of all repositories. */
export const catalog = { type: 'registry', name: 'catalog', action: '*' } as const

/** More scopes than any client asks for. */
const maxScopes = 100

/**
 * The scope of a repository, as challenges name it: an underscore stands for the colon of a port, as in paths. The library of
 * podman and skopeo refuses scopes with more than two colons.
 */
export function scopeOf(repository: string): string {
  return `repository:${repository.replace(/^([^/:]+):(\d+)\//, '$1_$2/')}:pull`
}

/** The full name of a repository in a scope: with the colon of a port, or with the underscore for it. */
export function repositoryOf(name: string): string {
  return name.replace(/^([^/_:]+)_(\d{1,5})\//, '$1:$2/')
}

/** The scope of the list of all repositories. */
export const catalogScope = `${catalog.type}:${catalog.name}:${catalog.action}`

/**
 * Reads the scopes of a token request: the parameter may be repeated, and each has scopes with spaces between them. A name may
 * have a port: the first and the last colon of a scope separate its parts. Other texts are left out.
 */
export function parseScopes(texts: readonly string[]): Access[] {
  return texts
    .flatMap((text) => text.split(' '))
    .slice(0, maxScopes)
    .flatMap((scope) => {
      const [, type, name, actions] = /^([^:]+):(.+):([^:]*)$/.exec(scope) ?? []
      if (type === undefined || name === undefined || actions === undefined) return []
      return [{ type, name, actions: actions.split(',') }]
    })
}
