import { expect, test } from 'vitest'
import { grownIn } from '../../integrity/harness/samples.ts'

const samples = (memoryAt: (minute: number) => number, handles = 20) =>
  Array.from({ length: 60 }, (_, i) => ({ at: i * 10_000, memory: memoryAt(i / 6), handles }))

test('what grows while a process settles does not count, nor does a single high sample', () => {
  expect(
    grownIn(
      'sink',
      samples(minute => Math.min(minute, 2) * 100)
    )
  ).toEqual([])
  expect(
    grownIn(
      'sink',
      samples(minute => (minute > 9.7 ? 1_000 : 100))
    )
  ).toEqual([])
})

test('what grows by more than a fifth afterwards is named', () => {
  expect(
    grownIn(
      'sink',
      samples(minute => 100 + 10 * minute)
    )
  ).toEqual([expect.stringContaining('memory of the sink went from')])
  const leaking = samples(() => 100).map((sample, i) => ({ ...sample, handles: 20 + i }))
  expect(grownIn('sink', leaking)).toEqual([expect.stringContaining('handles of the sink')])
})

test('a run that ends before there is something to compare is not judged', () => {
  expect(grownIn('sink', samples(minute => 100 * minute).slice(0, 20))).toEqual([])
})
