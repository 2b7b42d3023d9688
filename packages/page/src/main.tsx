import { render } from 'preact'
import { App } from './app.js'
import { watchHistory } from './navigate.js'
import { startClock } from './parts/now.js'
import { watchPointer } from './stillness.js'

watchHistory()
watchPointer(document.documentElement)
startClock()
render(<App />, document.body)
