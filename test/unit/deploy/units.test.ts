import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { exitCodes } from '../../../cli/command.ts'
import { cloneRoot } from '../../../dev/tools/folders.ts'

const folder = join(cloneRoot, 'deploy', 'systemd')

/** The directives of a unit; one that is given several times has all of its values. */
function directivesOf(name: string): Map<string, readonly string[]> {
  const found = new Map<string, readonly string[]>()
  for (const line of readFileSync(join(folder, name), 'utf8').split('\n')) {
    const [, key = '', value = ''] = /^(\w+)=(.*)$/.exec(line) ?? []
    if (key) found.set(key, [...(found.get(key) ?? []), value])
  }
  return found
}

const units = readdirSync(folder)
const services = units.filter(name => name.endsWith('.service'))

describe.each(services)('%s', name => {
  const directives = directivesOf(name)
  const value = (key: string): string => (directives.get(key) ?? []).join(' ')

  test('starts the program itself, without npx, as a user that owns nothing', () => {
    expect(value('ExecStart')).toMatch(
      /^\/usr\/bin\/node \/opt\/eventtrail\/node_modules\/eventtrail\/bin\/eventtrail\.mjs (sink|migrate|proof checkpoint|%i)/
    )
    expect(directives.get('DynamicUser')).toEqual(['yes'])
    expect(directives.get('CapabilityBoundingSet')).toEqual([''])
    // V8 makes memory executable: with this the process ends at its start.
    expect(directives.has('MemoryDenyWriteExecute')).toBe(false)
  })

  test('has no setting inside', () => {
    expect(value('Environment')).not.toMatch(/KAFKA|DATABASE|REGISTRY|SMTP/)
    expect(value('EnvironmentFile')).toContain('/etc/eventtrail/')
  })
})

test.each(
  services.filter(name => !name.includes('migrate'))
)('%s is started again unless the configuration is wrong, and has the time that it needs to stop', name => {
  const directives = directivesOf(name)
  expect(directives.get('Restart')).toEqual(['on-failure'])
  expect(directives.get('RestartPreventExitStatus')).toEqual([String(exitCodes.usage)])
  expect(directives.get('StartLimitIntervalSec')).toEqual(['0'])
  expect(Number(directives.get('TimeoutStopSec')?.[0])).toBeGreaterThan(30)
})

test('all services are confined in the same way', () => {
  const hardening = (name: string) =>
    [...directivesOf(name)].filter(([key]) =>
      /^(Protect|Private|Restrict(?!.*ExitStatus)|SystemCall|NoNew|Lock|Remove|UMask|Dynamic|Capability)/.test(key)
    )
  expect(services.length).toBeGreaterThan(2)
  expect(hardening('eventtrail-sink.service').length).toBeGreaterThan(18)
  for (const name of services) expect(hardening(name), name).toEqual(hardening('eventtrail-sink.service'))
})

test('a timer starts a service that is there', () => {
  const timers = units.filter(name => name.endsWith('.timer'))
  expect(timers.length).toBeGreaterThan(0)
  for (const name of timers) expect(services).toContain(name.replace('.timer', '.service'))
})
