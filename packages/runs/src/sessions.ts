/** A session as its secret finds it. */
export interface SessionInfo {
  readonly user: string
  /** When it ends, unless it is used. */
  readonly until: Date
  /** Whether this is what the session was begun with. */
  holds(credential: string): boolean
}

/** The sessions of users of the dashboard. All that share a queue see the same ones. */
export interface Sessions {
  /**
   * Begins a session. Resolves to its secret, which is not kept. `credential`: what the session depends on, the hash of the user's
   * password: it is not kept either, and only told apart from other ones.
   */
  begin(user: string, credential: string): Promise<string>
  /** Finds a session, which is used by that. Undefined for a secret of none, and for one that has ended. */
  find(secret: string): Promise<SessionInfo | undefined>
  /** There may be no such session. */
  end(secret: string): Promise<void>
}
