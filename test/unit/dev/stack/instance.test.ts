import { Worker } from 'node:worker_threads'
import { expect, test } from 'vitest'
import { Instance } from '../../../../dev/stack/instance.ts'

/** Removes the new state file as soon as it is there, once, as another process does that removes the whole folder. */
const remover = `
  const { unlinkSync } = require('node:fs')
  const { workerData: { file, removed } } = require('node:worker_threads')
  while (removed[0] === 0) {
    try { unlinkSync(file); Atomics.store(removed, 0, 1) } catch {}
  }`

test('a state that another process removes while it is written is no error', async () => {
  const instance = Instance.forThisProcess('unit')
  const removed = new Int32Array(new SharedArrayBuffer(4))
  const file = `${instance.folder}/state.json.${process.pid}`
  const worker = new Worker(remover, { eval: true, workerData: { file, removed } })
  try {
    while (Atomics.load(removed, 0) === 0) {
      instance.update({ outside: [] })
      await new Promise(setImmediate)
    }
    expect(Instance.open(instance.id)?.state.outside).toEqual([])
  } finally {
    await worker.terminate()
    instance.remove()
  }
})
