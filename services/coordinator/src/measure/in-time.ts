/** A scrape waits at most this long for Redis. What is not known by then is left out. */
const timeoutMs = 2_000

/** The answer; undefined where there is none in time, or it is an error. */
export async function inTime<T>(answer: Promise<T>): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined
  const timeout = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), timeoutMs)
  })
  return Promise.race([answer.catch(() => undefined), timeout]).finally(() => clearTimeout(timer))
}
