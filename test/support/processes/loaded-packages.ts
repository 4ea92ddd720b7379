import { createRequire, registerHooks } from 'node:module'

/** Prints the packages that importing the file of its argument loads, sorted, as JSON. */
const packages = new Set<string>()
const note = (url: string): void => {
  const [, name] = /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(url) ?? []
  if (name !== undefined) packages.add(name)
}
registerHooks({
  load(url, context, nextLoad) {
    note(url)
    return nextLoad(url, context)
  }
})
await import(String(process.argv[2]))
for (const file of Object.keys(createRequire(import.meta.url).cache)) note(file)
process.stdout.write(JSON.stringify([...packages].sort()))
