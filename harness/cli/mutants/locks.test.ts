// What `make locks` says of locks that nobody notices.

import t from 'tap'
import { judgeLocks } from './locks.ts'

const lock = (change: string, noticed: boolean) => ({ file: 'mm/a.ts', change, noticed, text: `${change}: ${noticed}` })
const one = lock('f: `spin_lock(lock)` and its release left out', true)
const two = lock('g: `lock_page(page)` and its release left out', false)
const because = 'nobody else has the page'
const reason = { file: 'mm/a.ts', taken: 'g: `lock_page(page)`', because }

t.test('a lock that nobody notices needs a reason, which stands behind it', t => {
  t.same(judgeLocks([one, two], ['mm/a.ts'], []), {
    all: [one.text, two.text],
    told: [two.text],
    count: '2 locks, 1 noticed, 0 with a reason, 1 without',
    ok: false,
  })
  t.same(judgeLocks([one, two], ['mm/a.ts'], [reason]), {
    all: [one.text, `${two.text}: ${because}`],
    told: [`${two.text}: ${because}`],
    count: '2 locks, 1 noticed, 1 with a reason, 0 without',
    ok: true,
  })
  t.end()
})

t.test('a reason for what is noticed, or is not there, is wrong; one for a file that was not looked at is not', t => {
  const noticed = { ...reason, taken: 'f: `spin_lock(lock)`' }
  const gone = { ...reason, taken: 'h: `spin_lock(lock)`' }
  const elsewhere = { ...reason, file: 'mm/b.ts' }
  t.same(judgeLocks([one], ['mm/a.ts'], [noticed, gone, elsewhere]), {
    all: [one.text],
    told: [noticed, gone].map(({ file, taken }) => `${file}: ${taken} has a reason, but is noticed or is not there`),
    count: '1 locks, 1 noticed, 0 with a reason, 0 without',
    ok: false,
  })
  t.end()
})
