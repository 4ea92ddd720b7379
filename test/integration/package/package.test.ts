import { expect, test } from 'vitest'
import { entryPoints } from '../../support/project/manifest.ts'
import { packedProject } from '../../support/project/package.ts'

// The package as a user gets it: packed, installed in an empty project outside of the clone.
const project = await packedProject()

async function node(script: string): Promise<unknown> {
  project.write('script.mjs', script)
  return JSON.parse(await project.do('node', ['script.mjs']))
}

test.each(entryPoints)('%s can be imported and exports something', async name => {
  const exported = await node(`console.log(JSON.stringify(Object.keys(await import('${name}'))))`)
  expect(exported).not.toEqual([])
})

test('the producer loads no database driver', async () => {
  const loaded = await node(`
    import { registerHooks } from 'node:module'
    const loaded = []
    registerHooks({ load: (url, context, next) => (loaded.push(url), next(url, context)) })
    await import('eventtrail/producer')
    console.log(JSON.stringify(loaded))
  `)
  expect(loaded).toContainEqual(expect.stringContaining('eventtrail/dist/producers/index.js'))
  expect(loaded).not.toContainEqual(expect.stringMatching(/node_modules\/(pg|pg-copy-streams)\//))
})

test('its command says what it can do, with the example events inside', async () => {
  const help = await project.do('eventtrail', ['--help'])
  expect(help).toContain('Usage: eventtrail')
  expect(help).not.toContain('stack')
  expect(await project.do('eventtrail', ['schemas', 'list', '--example'])).toContain('lesson.published')
})

test.each([
  ['stack', 'up'],
  ['demo'],
  ['bench', '--help']
])('its command says that %s is only in a clone', async (...words) => {
  expect(await project.run('eventtrail', words)).toMatchObject({
    code: 2,
    stderr: expect.stringContaining(`\`eventtrail ${words[0]}\` is only in a clone of the repository`)
  })
})

test('without nodemailer the notifier says what to install', async () => {
  const servers = {
    KAFKA_BROKERS: '127.0.0.1:1',
    SCHEMA_REGISTRY_URL: 'http://127.0.0.1:1',
    SMTP_URL: 'smtp://127.0.0.1:1'
  }
  expect(await project.run('eventtrail', ['notifier', '--example'], servers)).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('nodemailer, which is not installed: run `npm install nodemailer`')
  })
})
