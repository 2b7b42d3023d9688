export { formatPlace, type Place, pagePaths } from './place.js'
