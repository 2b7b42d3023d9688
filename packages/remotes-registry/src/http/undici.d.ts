// The agent loaded by itself costs 10 ms at start; all of undici costs 70.
declare module 'undici/lib/dispatcher/agent.js' {
  import { Agent } from 'undici'
  export default Agent
}
