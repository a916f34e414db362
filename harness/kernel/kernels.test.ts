import t from 'tap'
import { subjectOf } from './kernels.ts'

const has = (banner: string, ...ids: string[]) => {
  const subject = subjectOf('x', banner)
  return ids.map(id => subject.has(id))
}

t.test('a kernel has what its release has, Debian by what its banner says', async t => {
  t.strictSame(has('6.18.44-x #1 SMP', 'v6.1', 'v6.18', 'v6.19'), [true, true, false])
  const debian = '5.10.0-46-cloud-amd64 (debian-kernel@lists.debian.org) #1 SMP Debian 5.10.262-1 (2026-01-01)'
  t.strictSame(has(debian, 'v5.10', 'v6.1', 'feb889fb40fa', 'e8e17ee90eaf'), [true, false, true, true])
})

t.test('a stable release has what it took over, and nothing that a later one did', async t => {
  t.strictSame(has('4.5.7', '6d0a07edd17c', '0798d3c022dc'), [true, true])
  t.strictSame(has('4.5.6', '6d0a07edd17c', '0798d3c022dc'), [true, false])
  t.strictSame(has('4.5.0', '6d0a07edd17c'), [false])
  const older = '5.10.0-30-cloud-amd64 #1 SMP Debian 5.10.218-1 (2024-06-01)'
  t.strictSame(has(older, 'feb889fb40fa', 'e8e17ee90eaf'), [true, false])
})
