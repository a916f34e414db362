// The versions of a thread, as variants.

import t from 'tap'
import { topicOf } from './topics.ts'
import { resolveVariant } from './variant.ts'

t.test('every version of a thread applies, and with a patch on top those that take it', async t => {
  const versions = topicOf('migrate-swapcache')!
  t.equal(versions.length, 13)
  for (const version of versions) t.ok(resolveVariant(version).ok, version)
  t.same(topicOf('migrate-swapcache+a8bef8ff6ea1')!.length, 9, 'v2.6.36 and later have it')
  t.equal(topicOf('v4.5'), undefined)
  t.equal(topicOf('toString'), undefined)
})
