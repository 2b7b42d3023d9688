/** Whether owners can be set and devices be made: the superuser alone may. */
export function isPrivileged(): boolean {
  return process.geteuid?.() === 0
}
