import { join } from 'node:path'
import { type Command, InvalidArgumentError, Option } from 'commander'
import type { CommandContext, CommandHost, ExitCode } from '../../cli/index.ts'
import { exitCodes } from '../../cli/index.ts'
import { runFolder, takeLock } from '../tools/index.ts'
import { keepArchives } from './embedded.ts'
import { makeFolders } from './folders.ts'
import { Instance } from './instance.ts'
import { lastingSearch, startOpenSearch } from './opensearch.ts'
import { checkWanted, type WantedPorts } from './ports.ts'
import { chosenVersions } from './servers/index.ts'
import { stackChoice, startStack } from './stack.ts'

/** The one long-lived instance of a clone. */
const lasting = 'up'
const serverNames = ['kafka', 'registry', 'postgres'] as const

interface UpOptions {
  readonly kafkaPort?: number
  readonly registryPort?: number
  readonly postgresPort?: number
  readonly with?: string
}

/** Adds `stack up|down|status|env`. */
export function stackCommands(program: Command, host: CommandHost): void {
  const stack = program
    .command('stack')
    .description('start and stop Kafka, a schema registry and Postgres on this machine, for development')
  const up = stack.command('up').description('start Kafka, a schema registry and Postgres, and leave them running')
  for (const name of serverNames) {
    up.addOption(
      new Option(`--${name}-port <port>`, `port of ${name} on 127.0.0.1 (default: a free port)`)
        .env(`EVENTTRAIL_${name.toUpperCase()}_PORT`)
        .argParser(parsePort)
    )
  }
  up.addOption(
    new Option('--with <server>', 'also start a server that only some parts need (300 MB of memory)').choices([
      'opensearch'
    ])
  )
  up.action(host.action((context, options: UpOptions) => stackUp(context, options), { finishes: true }))
  stack
    .command('down')
    .description('stop the servers; the next `stack up` has their data again')
    .option('--wipe', 'also delete their data')
    .action(
      host.action((context, options: { wipe?: boolean }) => stackDown(context, options.wipe === true), {
        finishes: true
      })
    )
  stack.command('status').description('show which servers run, and their addresses').action(host.action(stackStatus))
  stack
    .command('env')
    .description('print the addresses of the servers as environment variables, for eval "$(eventtrail stack env)"')
    .action(host.action(stackEnv))
}

function parsePort(text: string): number {
  const port = Number(text)
  if (!Number.isInteger(port) || port < 1 || port > 65_535) {
    throw new InvalidArgumentError('Expected a port from 1 to 65535.')
  }
  return port
}

function find(): Instance | undefined {
  makeFolders()
  return Instance.open(lasting)
}

async function runningServers(instance: Instance | undefined): Promise<string[]> {
  const running = (await instance?.running()) ?? []
  return serverNames.filter(name => running.includes(name))
}

/** Two that change the same servers at once would each undo the other's work. */
async function exclusively<T>(context: CommandContext, work: () => Promise<T>): Promise<T> {
  makeFolders()
  const release = await takeLock(join(runFolder, `${lasting}.lock`), {
    signal: context.signal,
    onWait: pid => context.say(`waiting for process ${pid}, which is starting or stopping the servers`)
  })
  try {
    return await work()
  } finally {
    release()
  }
}

async function stackUp(context: CommandContext, options: UpOptions): Promise<ExitCode> {
  const ports: WantedPorts = {
    ...(options.kafkaPort && { kafka: options.kafkaPort }),
    ...(options.registryPort && { registry: options.registryPort }),
    ...(options.postgresPort && { postgres: options.postgresPort })
  }
  checkWanted(ports)
  stackChoice()
  chosenVersions()
  return exclusively(context, async () => {
    const running = await runningServers(find())
    if (running.length === serverNames.length) {
      checkWanted(ports, find()?.state.ports)
      context.say('they run already')
    } else {
      // Some gone, some alive: after a clean stop of the rest all start from the same data.
      await find()?.endProcesses()
      await startStack({
        kind: lasting,
        keepData: true,
        ports,
        onProgress: context.say,
        logger: context.log,
        signal: context.signal
      })
    }
    if (options.with === 'opensearch') await searchUp(context)
    await stackStatus(context)
    context.say(
      'to use them: eval "$(node bin/eventtrail.mjs stack env)"; to stop them: node bin/eventtrail.mjs stack down'
    )
    return exitCodes.ok
  })
}

/** OpenSearch, unless it runs. */
async function searchUp(context: CommandContext): Promise<void> {
  const instance = Instance.open(lastingSearch)
  if (((await instance?.running()) ?? []).length > 0) return
  await startOpenSearch({ keepData: true, onProgress: context.say, signal: context.signal })
}

/** Ends OpenSearch, where it runs. */
async function searchDown(wipe: boolean): Promise<string[]> {
  const instance = Instance.open(lastingSearch)
  const running = (await instance?.running()) ?? []
  await instance?.endProcesses()
  if (wipe) {
    await instance?.wipe()
    instance?.remove()
  }
  return running
}

function stackDown(context: CommandContext, wipe: boolean): Promise<ExitCode> {
  return exclusively(context, async () => {
    const instance = find()
    const running = [...(await runningServers(instance)), ...(await searchDown(wipe))]
    await instance?.endProcesses()
    if (instance) keepArchives(instance)
    if (wipe) {
      await instance?.wipe()
      instance?.remove()
    }
    const stopped = running.length > 0 ? `stopped ${running.join(', ')}` : 'nothing was running'
    context.say(`${stopped}${wipe ? '; their data is removed' : ''}`)
    return exitCodes.ok
  })
}

async function stackStatus(context: CommandContext): Promise<ExitCode> {
  const instance = find()
  const running = await runningServers(instance)
  const { env, ports } = instance?.state ?? {}
  for (const name of serverNames) {
    const pid = instance?.living.find(each => each.name === name)?.pid
    const where = `runs at 127.0.0.1:${ports?.[name]}, ${pid ? `process ${pid}` : 'in a container'}`
    context.out(`${name.padEnd(9)} ${running.includes(name) ? where : 'is stopped'}`)
  }
  const search = Instance.open(lastingSearch)
  const [process] = search?.living ?? []
  if (process) context.out(`opensearch runs at ${search?.state.env?.OPENSEARCH_URL}, process ${process.pid}`)
  if (instance && env) context.out(`logs      ${instance.logs}`)
  return running.length === serverNames.length ? exitCodes.ok : exitCodes.notOk
}

async function stackEnv(context: CommandContext): Promise<ExitCode> {
  const instance = find()
  const { env } = instance?.state ?? {}
  const running = env ? await runningServers(instance) : []
  if (!env || running.length < serverNames.length) {
    const stopped = serverNames.filter(name => !running.includes(name))
    const what = running.length > 0 ? `not all servers run (stopped: ${stopped.join(', ')})` : 'the servers do not run'
    context.say(`${what}: start them with \`node bin/eventtrail.mjs stack up\``)
    return exitCodes.notOk
  }
  const search = Instance.open(lastingSearch)
  const all = { ...env, ...((search?.living ?? []).length > 0 && search?.state.env) }
  for (const [name, value] of Object.entries(all)) context.out(`export ${name}=${value}`)
  return exitCodes.ok
}
