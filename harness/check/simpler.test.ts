import t from 'tap'
import { compareSchedules } from './simpler.ts'

t.test('fewer turns come before fewer steps', async t => {
  const sorted = ['A 9 · B', 'A 2 · B 3 · A', 'A 2 · B 4 · A', 'B 2 · A 4 · B', 'A 1 · B 1 · A 1 · B']
  t.same([...sorted].reverse().sort(compareSchedules), sorted)
})
