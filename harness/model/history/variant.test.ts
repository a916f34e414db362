import t from 'tap'
import type { Machine } from '../../engine.ts'
import { apply, base, build, revert } from './compose.ts'
import { DoesNotBuild } from './patch.ts'
import { modelledReleases, patches } from './releases.ts'
import { releaseHas, resolveVariant, variantHas, variantsFor, whyUnanswerable } from './variant.ts'

const machine: Machine = {
  hpage_nr: 8,
  memory: undefined,
  thp: 'madvise',
  nodes: 1,
  cpus: 1,
  debug_vm: false,
  swap: true,
  swap_area: 0,
  swap_device: 'loop',
  page_cluster: 0,
  hugepage: 8 * 4096,
  pools: [],
}

function variant(text: string) {
  const resolved = resolveVariant(text)
  if (!resolved.ok) throw new Error(resolved.reason)
  return resolved.variant
}

t.test('every release and every side that cases run under by themselves applies', async t => {
  for (const release of modelledReleases) t.ok(resolveVariant(release).ok, release)
  for (const { id } of patches) for (const side of variantsFor([id])) t.ok(resolveVariant(side).ok, side)
})

t.test('a patch taken away leaves what was there before it', async t => {
  for (const patch of patches) {
    const { functions } = variant(variantsFor([patch.id])[0]!)
    const applied = apply(functions, patch)
    if (typeof applied === 'string') throw new Error(applied)
    t.same(
      Object.entries(revert(applied, patch)).filter(([, f]) => f),
      Object.entries(functions).filter(([, f]) => f),
      patch.id,
    )
  }
})

t.test('v4.5 is v4.4 with its patches', async t => {
  t.same(
    Object.entries(variant('v4.4+61f5d698cc97+854e9ed09ded+e90309c9f772+7162a1e87b3e+230ac719c500').functions).filter(
      ([, f]) => f,
    ),
    Object.entries(base),
  )
})

t.test('v4.6 without its patches is v4.5', async t => {
  t.same(
    Object.entries(variant('v4.6-66ee95d16a7f-6d0a07edd17c-thp-split-pmd-posted-v1-fec89c109f3a').functions).filter(
      ([, f]) => f,
    ),
    Object.entries(base),
  )
})

t.test('a commit is called by as many digits of its id as anybody likes, from seven on', async t => {
  const whole = '6d0a07edd17cfc12fdc1f36de8072fa17cc3666f'
  for (const name of ['6d0a07e', whole]) t.same(variant(`v4.5+${name}`).applied, variant('v4.5+6d0a07edd17c').applied)
  t.notOk(resolveVariant('v4.5+6d0a07').ok)
  t.notOk(resolveVariant('v4.5+thp-mapcount').ok)
})

t.test('what does not apply is refused as git apply would refuse it', async t => {
  const reason = (text: string) => {
    const resolved = resolveVariant(text)
    return resolved.ok ? undefined : resolved.reason
  }
  t.equal(reason('v4.6+6d0a07edd17c'), 'v4.6 has 6d0a07edd17c already')
  t.equal(reason('v4.5-6d0a07edd17c'), 'v4.5 does not have 6d0a07edd17c')
  t.equal(
    reason('v4.5+6d0a07edd17c+thp-mapcount-posted-v1'),
    'thp-mapcount-posted-v1 does not apply: page_trans_huge_mapcount, reuse_swap_page, reuse_swap_page_noswap, do_huge_pmd_wp_page are not as it expects in v4.5+6d0a07edd17c',
  )
  t.equal(
    reason('v4.5+0798d3c022dc'),
    '0798d3c022dc does not apply: it builds on 6d0a07edd17c, which v4.5 does not have',
  )
  t.equal(reason('v4.7-6d0a07edd17c'), '6d0a07edd17c does not revert: 0798d3c022dc builds on it')
  t.equal(reason('v4.5+c444eb564fb1'), 'c444eb564fb1 is known, but the model does not have it yet')
  t.same(resolveVariant('v4.5+6d0a07'), { ok: false, reason: 'no patch is called "6d0a07"', unknown: '6d0a07' })
  t.same(resolveVariant('v2.6.36+7013febc8940'), {
    ok: false,
    reason: '7013febc8940 is part of 7af446a841a2, and not there without it',
  })
  const all =
    'v2.6.34, v2.6.35, v2.6.36, v2.6.37, v2.6.38, v2.6.39, v3.0, v3.8, v3.9, v3.10, v3.12, v3.13, v3.14, v4.4, v4.5, v4.6, v4.7, v4.9, v4.11, v4.12, v4.14, v5.18'
  t.equal(reason('v5.10'), `the model does not reach v5.10; it has ${all}`)
  t.equal(reason('4.5'), `"4.5" is no release; it has ${all}`)
})

t.test('a posted version stands for its patch, not the other way round', async t => {
  t.ok(variantHas(variant('v4.5+thp-mapcount-posted-v1'), '6d0a07edd17c'))
  t.notOk(variantHas(variant('v4.6'), 'thp-mapcount-posted-v1'))
  t.notOk(variantHas(variant('v4.5'), '6d0a07edd17c'))
  t.ok(variantHas(variant('v4.5'), '61f5d698cc97'))
  t.notOk(variantHas(variant('v4.4'), '61f5d698cc97'))
  t.notOk(variantHas(variant('v4.7'), 'd042035eaf5f'))
  t.ok(variantHas(variant('v4.6-6d0a07edd17c'), 'v4.6'))
})

t.test('releases compare by number', async t => {
  t.ok(releaseHas('v5.10', 'v4.5'))
  t.notOk(releaseHas('v4.5', 'v4.10'))
  t.notOk(releaseHas('v5.8', 'd042035eaf5f'))
  t.ok(releaseHas('v5.10', 'd042035eaf5f'))
  t.ok(releaseHas('v2.6.36', 'v2.6.34'))
  t.ok(releaseHas('v5.10.262', 'v5.10'))
  t.notOk(releaseHas('v5.10', 'thp-mapcount-posted-v2'))
})

t.test('a variant whose configuration does not compile says why', async t => {
  const { functions } = variant('v4.5+thp-mapcount-posted-v2')
  t.notOk(build(functions, machine) instanceof DoesNotBuild)
  t.match(build(functions, { ...machine, swap: false }), { reason: /swap\.h/ })
})

t.test('a case that names no patch runs on the oldest and the newest release', async t => {
  t.same(variantsFor([]), ['v4.5', 'v4.7'])
  t.same(variantsFor(['d042035eaf5f']), ['v4.5', 'v4.7'])
  t.same(variantsFor(['61f5d698cc97']), ['v4.4', 'v4.4+61f5d698cc97', 'v4.7'])
  t.same(variantsFor(['6d0a07edd17c']), ['v4.5', 'v4.5+6d0a07edd17c', 'v4.7'])
  t.same(variantsFor(['5a49973d7143']), ['v4.6+0798d3c022dc', 'v4.6+0798d3c022dc+5a49973d7143', 'v4.7'])
})

t.test('what a case wants together it has together, on top of what the first of it stands on', async t => {
  const [posted, commit] = ['swapcache-posted-m1', '470f119f0120']
  const sides = variantsFor([posted, commit])
  const both = 'v2.6.34+3f6c82728f4e+7f60c214fd3a+67b9509b2c68+swapcache-posted-m1'
  t.same(
    variantsFor(
      [posted, commit],
      [
        [posted, commit],
        [commit, posted],
      ],
    ),
    [...sides, `${both}+470f119f0120`],
  )
  t.same(variantsFor(['61f5d698cc97'], [['61f5d698cc97', 'v4.6']]), variantsFor(['61f5d698cc97']), 'v4.7 has all')
  const never = ['thp-mapcount-posted-v1', 'thp-mapcount-posted-v2']
  t.same(variantsFor(never, [never]), variantsFor(never), 'they do not apply together')
})

t.test('a release that is reached only in part answers no case that names what the model lacks', async t => {
  const partial = { ...variant('v4.7'), release: 'v5.18' }
  t.equal(
    whyUnanswerable(partial, ['6d0a07edd17c', 'd042035eaf5f']),
    'the model reaches v5.18 only in part: it does not have d042035eaf5f',
  )
  t.equal(whyUnanswerable(partial, ['6d0a07edd17c', '6c287605fd56']), undefined, 'v5.18 did not have it either')
  t.equal(whyUnanswerable(variant('v4.7'), ['d042035eaf5f']), undefined)
})
