export { checkPattern, checkTimeZone, defaultTimeZone } from './cron.js'
export { formatEvery, formatTiming, nextDue, parseEvery, type Timing } from './timing.js'
