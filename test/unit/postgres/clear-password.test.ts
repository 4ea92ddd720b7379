import { type AddressInfo, createServer, type Server } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openSession } from '../../../postgres/session.ts'

const password = 'S3cretPw'
/** AuthenticationCleartextPassword. */
const askForPassword = Buffer.from([0x52, 0, 0, 0, 8, 0, 0, 0, 3])

let server: Server
let heard = ''
beforeAll(async () => {
  server = createServer(socket => {
    socket.on('error', () => undefined)
    socket.once('data', () => socket.write(askForPassword))
    socket.on('data', bytes => {
      heard += bytes.toString('latin1')
      if (heard.includes(password)) socket.destroy()
    })
  })
  await new Promise<void>(resolve => server.listen(0, '0.0.0.0', resolve))
})
afterAll(() => void server.close())

const open = (host: string, parameters = '') => {
  heard = ''
  const { port } = server.address() as AddressInfo
  return openSession(`postgres://me:${password}@${host}:${port}/trail${parameters}`, { applicationName: 'test' })
}

// To connect to it is to connect to this machine, and the rule knows it for no address of this machine.
const elsewhere = '0.0.0.0'

test('a server on another machine does not get the password unencrypted', async () => {
  const failed = await open(elsewhere).catch((error: unknown) => error)
  expect(failed).toMatchObject({ code: 'POSTGRES_TLS', message: expect.stringMatching(/^Postgres asks for the pass/) })
  expect((failed as Error).message).toContain('add sslmode=verify-full to DATABASE_URL')
  expect(heard).toContain('me')
  expect(heard).not.toContain(password)
})

test('one on this machine gets it', async () => {
  await expect(open('127.0.0.1')).rejects.toThrow()
  expect(heard).toContain(password)
})
