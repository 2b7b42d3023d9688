// Whether the service of this container does its work: coordinators and workers have `/readyz` on one port, the
// dashboard answers on another one, be it with a demand to sign in. Exit code 0 or 1, and why on stdout.
const places = ['http://127.0.0.1:9464/readyz', 'http://127.0.0.1:8080/']

for (const place of places) {
  const answer = await fetch(place, { signal: AbortSignal.timeout(5_500), redirect: 'manual' }).catch(
    () => {},
  )
  if (answer === undefined) continue
  console.log(`${place}: ${answer.status}`)
  process.exit(answer.status < 500 ? 0 : 1)
}
console.log('nothing answers')
process.exit(1)
