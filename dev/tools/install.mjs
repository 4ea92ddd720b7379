// What `npm run build`, `npm pack`, `npm run lint` and `npm run types` do first, so that they work in a fresh clone.
import { installDependencies } from './clone.mjs'

process.exitCode = await installDependencies()
