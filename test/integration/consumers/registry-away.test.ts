import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { connect, createServer, type Server } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { FaultProxy } from '../../integrity/harness/proxy.ts'
import { eventually, rerouted } from '../../support/stack.ts'
import { badge, quiz, testSchool } from './school.ts'

const school = await testSchool()

/** A way to the registry on a port of its own. */
async function wayToRegistry(port = 0): Promise<Server> {
  const { hostname, port: target } = new URL(school.registryUrl)
  const server = createServer(socket => {
    const onward = connect(Number(target), hostname)
    socket.pipe(onward).pipe(socket)
    for (const end of [socket, onward]) end.on('error', () => end.destroy())
  })
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  return server
}

test('a registry that is away is waited for, and no message is blamed', async () => {
  const term = school.enrol()
  await term.offer('badge.awarded', 1)
  const way = await wayToRegistry()
  const { port } = way.address() as { port: number }
  way.close()
  await once(way, 'close')
  const registryUrl = `http://127.0.0.1:${port}${new URL(school.registryUrl).pathname}`
  const seen: string[] = []
  const group = await term.group({
    group: 'waiting',
    connection: rerouted(school.connection, { registryUrl }),
    handlers: { 'badge.awarded': ({ id }) => void seen.push(id) }
  })
  const ids = await term.publish(badge(randomUUID()), badge(randomUUID()))
  await expect(group.whenCaughtUp({ timeoutMs: 1_500 })).rejects.toMatchObject({ code: 'CATCH_UP_TIMEOUT' })
  expect(group.stats().retried).toBeGreaterThan(3)
  const open = await wayToRegistry(port)
  onTestFinished(() => void open.close())
  await group.whenCaughtUp()
  expect(seen.toSorted()).toEqual(ids.toSorted())
  expect(group.stats().deadLettered).toBe(0)
})

test('a registry that hangs holds up what needs it, and nothing else', async () => {
  const term = school.enrol()
  await term.offer('badge.awarded', 1)
  await term.offer('quiz.submitted', 1)
  const { pathname, port } = new URL(school.registryUrl)
  const proxy = await FaultProxy.start(Number(port))
  onTestFinished(() => proxy.close())
  const seen: string[] = []
  const handle = ({ id }: { id: string }) => void seen.push(id)
  const group = await term.group({
    group: 'hanging',
    connection: rerouted(school.connection, { registryUrl: `http://127.0.0.1:${proxy.port}${pathname}` }),
    concurrency: 1,
    handlers: { 'badge.awarded': handle, 'quiz.submitted': handle }
  })
  await term.publish(badge(randomUUID()))
  await group.whenCaughtUp()

  proxy.swallowing.add('toClient')
  const questions = proxy.count('toServer', Buffer.from('/schemas/ids/'))
  const [waiting] = await term.publish(quiz(randomUUID()))
  await eventually(() => questions.seen > 0, { what: 'the registry is asked' })
  const { connections } = proxy
  const [other] = await term.publish(badge(randomUUID()))
  await eventually(() => seen.includes(String(other)), { what: 'the badge is handled' })
  // It did not wait until the first question was given up.
  expect([questions.seen, proxy.connections]).toEqual([1, connections])
  expect(seen).not.toContain(waiting)

  proxy.swallowing.delete('toClient')
  proxy.reset()
  await group.whenCaughtUp()
  expect(seen).toContain(waiting)
  expect(group.stats().deadLettered).toBe(0)
})
