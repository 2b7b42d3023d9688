import type { HostState, KnownQuota } from '@dist/remotes'

/** The hosts in trouble, and those whose quota pulls wait for. */
export function statesOf(troubled: readonly HostState[], quotas: readonly KnownQuota[]): HostState[] {
  const waiting = quotas.filter(({ asksAt }) => asksAt !== undefined)
  const others = waiting.filter(({ host }) => troubled.every((each) => each.host !== host))
  return [
    ...troubled.map((state) =>
      withQuota(
        state,
        waiting.find(({ host }) => host === state.host),
      ),
    ),
    ...others.map((quota) => ({ host: quota.host, answered: true, quota })),
  ]
}

/** The state, with a quota that pulls wait for. */
export function withQuota(state: HostState, quota: KnownQuota | undefined): HostState {
  return quota?.asksAt === undefined ? state : { ...state, quota }
}
