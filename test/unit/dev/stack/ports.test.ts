import { createServer } from 'node:net'
import { expect, test } from 'vitest'
import { StackError } from '../../../../dev/stack/errors.ts'
import { checkWanted, choosePorts } from '../../../../dev/stack/ports.ts'

test('free ports differ from each other', async () => {
  const ports = Object.values(await choosePorts())
  expect(new Set(ports).size).toBe(4)
  for (const port of ports) expect(port).toBeGreaterThan(1023)
})

test('earlier ports are taken again, and wanted ones before them', async () => {
  const earlier = await choosePorts()
  expect(await choosePorts({}, earlier)).toEqual(earlier)
  const { kafka } = await choosePorts()
  expect(await choosePorts({ kafka }, earlier)).toEqual({ ...earlier, kafka })
})

test('brokers of a cluster and a listener behind a proxy have ports of their own', async () => {
  const { moreBrokers = [], ...ports } = await choosePorts({}, {}, { brokers: 3, proxied: true })
  const all = [...Object.values(ports), ...moreBrokers.flatMap(({ kafka, controller }) => [kafka, controller])]
  expect(new Set(all).size).toBe(9)
})

test('a wanted port that is taken is an error, an earlier one is replaced', async () => {
  const server = createServer()
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const taken = typeof address === 'object' && address ? address.port : 0
  try {
    const refusal = await choosePorts({ postgres: taken }).catch((error: unknown) => error)
    expect(refusal).toBeInstanceOf(StackError)
    expect(refusal).toMatchObject({
      code: 'PORT_IN_USE',
      message: expect.stringContaining(`Port ${taken} for postgres`)
    })
    expect((await choosePorts({}, { postgres: taken })).postgres).not.toBe(taken)
  } finally {
    server.close()
  }
})

test('two servers cannot share a port, and what runs keeps its own', () => {
  expect(() => checkWanted({ kafka: 9_092, registry: 9_092 })).toThrow(
    'Port 9092 cannot be that of kafka and of registry'
  )
  const running = { kafka: 9_092, registry: 8_080, postgres: 5_432 }
  expect(() => checkWanted({ kafka: 45_678 }, running)).toThrow('kafka runs already, on port 9092 and not on 45678')
  checkWanted({ kafka: 9_092 }, running)
  checkWanted({ kafka: 45_678 })
})
