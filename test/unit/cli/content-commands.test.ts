import { expect, test } from 'vitest'
import { allCommands } from '../../support/project/commands.ts'
import { printContent, printNone } from '../../support/project/content-commands.ts'

test('of every command it is listed whether it prints content; a new one belongs into one of the two lists', async () => {
  const commands = await allCommands()
  const listed = [...Object.keys(printContent), ...Object.keys(printNone)]
  expect(listed.toSorted()).toEqual([...commands.keys()].toSorted())
  expect(new Set(listed).size).toBe(listed.length)
})

test('what prints content takes who receives it, and why; nothing else does', async () => {
  const taking = [...(await allCommands())].filter(([, { options }]) =>
    ['--party', '--purpose', '--basis'].some(flag => options.some(({ long }) => long === flag))
  )
  expect(taking.map(([name]) => name).toSorted()).toEqual(Object.keys(printContent).toSorted())
})
