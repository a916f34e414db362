// The order of Linux releases, and the patches of the modelled history in the order in which releases got them.

import hugetlb_0c176d52b, { fixed as hugetlb_36e4f20af833 } from './hugetlb/0c176d52b.ts'
import hugetlb_0f792cf949a0 from './hugetlb/0f792cf949a0.ts'
import hugetlb_0fe6e20b9c4c from './hugetlb/0fe6e20b9c4c.ts'
import hugetlb_1f64d69c7ad2 from './hugetlb/1f64d69c7ad2.ts'
import hugetlb_4ef918480177 from './hugetlb/4ef918480177.ts'
import hugetlb_5d317b2b6536 from './hugetlb/5d317b2b6536.ts'
import hugetlb_7ca02d0ae586 from './hugetlb/7ca02d0ae586.ts'
import hugetlb_9b553bf5eb99 from './hugetlb/9b553bf5eb99.ts'
import hugetlb_09a95e29cb30 from './hugetlb/09a95e29cb30.ts'
import hugetlb_10c6ec49802b from './hugetlb/10c6ec49802b.ts'
import hugetlb_37a2140dc214 from './hugetlb/37a2140dc214.ts'
import hugetlb_44e2aa937e69 from './hugetlb/44e2aa937e69.ts'
import hugetlb_48db54ee2fa3 from './hugetlb/48db54ee2fa3.ts'
import hugetlb_55f67141a892 from './hugetlb/55f67141a892.ts'
import hugetlb_56c9cfb13c9b from './hugetlb/56c9cfb13c9b.ts'
import hugetlb_66aebce747ea from './hugetlb/66aebce747ea.ts'
import hugetlb_66ee95d16a7f from './hugetlb/66ee95d16a7f.ts'
import hugetlb_87bf91d39bb5 from './hugetlb/87bf91d39bb5.ts'
import hugetlb_96b96a96ddee from './hugetlb/96b96a96ddee.ts'
import hugetlb_409eb8c26 from './hugetlb/409eb8c26.ts'
import hugetlb_433abed6c6f7 from './hugetlb/433abed6c6f7.ts'
import hugetlb_4643d67e8cb0 from './hugetlb/4643d67e8cb0.ts'
import hugetlb_7848a4bf51b3 from './hugetlb/7848a4bf51b3.ts'
import hugetlb_8382d914ebf7 from './hugetlb/8382d914ebf7.ts'
import hugetlb_07443a85ad90 from './hugetlb/07443a85ad90.ts'
import hugetlb_22146c3ce989 from './hugetlb/22146c3ce989.ts'
import hugetlb_28957a5467ba from './hugetlb/28957a5467ba.ts'
import hugetlb_32665f2bbfed from './hugetlb/32665f2bbfed.ts'
import hugetlb_67961f9db8c4 from './hugetlb/67961f9db8c4.ts'
import hugetlb_290408d4a250 from './hugetlb/290408d4a250.ts'
import hugetlb_a88c76954804 from './hugetlb/a88c76954804.ts'
import hugetlb_a833a693a490 from './hugetlb/a833a693a490.ts'
import hugetlb_a850ea30374e from './hugetlb/a850ea30374e.ts'
import hugetlb_ab5ac90aecf5 from './hugetlb/ab5ac90aecf5.ts'
import hugetlb_af0ed73e699b from './hugetlb/af0ed73e699b.ts'
import hugetlb_b5cec28d36f5 from './hugetlb/b5cec28d36f5.ts'
import hugetlb_cb6acd01e2e4 from './hugetlb/cb6acd01e2e4.ts'
import hugetlb_cd67f0d2a9a6 from './hugetlb/cd67f0d2a9a6.ts'
import hugetlb_e5bbc8a6c992 from './hugetlb/e5bbc8a6c992.ts'
import hugetlb_e632a938d914 from './hugetlb/e632a938d914.ts'
import hugetlb_ea4039a34c4c from './hugetlb/ea4039a34c4c.ts'
import hugetlb_fd4a4663db29 from './hugetlb/fd4a4663db29.ts'
import hugetlb_ff8c0c53c475 from './hugetlb/ff8c0c53c475.ts'
import hugetlb_posted_v1 from './hugetlb/posted-v1.ts'
import hwpoison_3f4b815a439a from './hwpoison/3f4b815a439a.ts'
import hwpoison_4a705fef9862 from './hwpoison/4a705fef9862.ts'
import hwpoison_5f24ae585be9 from './hwpoison/5f24ae585be9.ts'
import hwpoison_6bc9b56433b7 from './hwpoison/6bc9b56433b7.ts'
import hwpoison_7af446a841a2 from './hwpoison/7af446a841a2.ts'
import hwpoison_8c6c2ecb4466 from './hwpoison/8c6c2ecb4466.ts'
import hwpoison_23a003bfd23e from './hwpoison/23a003bfd23e.ts'
import hwpoison_36af67370e33 from './hwpoison/36af67370e33.ts'
import hwpoison_230ac719c500 from './hwpoison/230ac719c500.ts'
import hwpoison_286c469a988f from './hwpoison/286c469a988f.ts'
import hwpoison_761ad8d7c7b5 from './hwpoison/761ad8d7c7b5.ts'
import hwpoison_998b4382c1d7 from './hwpoison/998b4382c1d7.ts'
import hwpoison_7258ae5c5a2c from './hwpoison/7258ae5c5a2c.ts'
import hwpoison_30809f559a0d from './hwpoison/30809f559a0d.ts'
import hwpoison_46612b751c49 from './hwpoison/46612b751c49.ts'
import hwpoison_a49ecbcd7b0d from './hwpoison/a49ecbcd7b0d.ts'
import hwpoison_a76054266661 from './hwpoison/a76054266661.ts'
import hwpoison_b985194c8c0a from './hwpoison/b985194c8c0a.ts'
import hwpoison_c3114a84f7f9 from './hwpoison/c3114a84f7f9.ts'
import hwpoison_c3901e722b29 from './hwpoison/c3901e722b29.ts'
import hwpoison_f9ce0be71d1f from './hwpoison/f9ce0be71d1f.ts'
import hwpoison_faf53def3b14 from './hwpoison/faf53def3b14.ts'
import lru_8f182270dfec from './lru/8f182270dfec.ts'
import lru_c6c919eb90e0 from './lru/c6c919eb90e0.ts'
import migration_1a5bae25e3cf from './migration/1a5bae25e3cf.ts'
import migration_1ce82b69e96c from './migration/1ce82b69e96c.ts'
import migration_2b575eb64f7a from './migration/2b575eb64f7a.ts'
import migration_2e83ee1d8694 from './migration/2e83ee1d8694.ts'
import migration_3f6c82728f4e from './migration/3f6c82728f4e.ts'
import migration_3fe2011ff51e from './migration/3fe2011ff51e.ts'
import migration_4fc3f1d66b1e from './migration/4fc3f1d66b1e.ts'
import migration_5c3f9a67378b from './migration/5c3f9a67378b.ts'
import migration_5d39a7ebc8be from './migration/5d39a7ebc8be.ts'
import migration_7a3ef208e662 from './migration/7a3ef208e662.ts'
import migration_7f60c214fd3a from './migration/7f60c214fd3a.ts'
import migration_9d84604b845c from './migration/9d84604b845c.ts'
import migration_01d8b20dec5f from './migration/01d8b20dec5f.ts'
import migration_51afb12ba809 from './migration/51afb12ba809.ts'
import migration_67b9509b2c68 from './migration/67b9509b2c68.ts'
import migration_012f18004da3 from './migration/012f18004da3.ts'
import migration_470f119f0120 from './migration/470f119f0120.ts'
import migration_732ed55823fc from './migration/732ed55823fc.ts'
import migration_746b18d421da from './migration/746b18d421da.ts'
import migration_5647bc293ab1 from './migration/5647bc293ab1.ts'
import migration_a8bef8ff6ea1 from './migration/a8bef8ff6ea1.ts'
import migration_a49bd4d71637 from './migration/a49bd4d71637.ts'
import migration_dfef2ef4027b from './migration/dfef2ef4027b.ts'
import migration_ec0abae6dcdf from './migration/ec0abae6dcdf.ts'
import migration_eee2acbae1f2 from './migration/eee2acbae1f2.ts'
import migration_f18194275c39 from './migration/f18194275c39.ts'
import migration_posted_kamezawa from './migration/posted-kamezawa.ts'
import migration_posted_m1 from './migration/posted-m1.ts'
import migration_posted_m1b from './migration/posted-m1b.ts'
import migration_posted_m2 from './migration/posted-m2.ts'
import migration_posted_minchan from './migration/posted-minchan.ts'
import migration_616b8371539a from './migration/thp-4.14/616b8371539a.ts'
import mlock_1ebb7cc6a583 from './mlock/1ebb7cc6a583.ts'
import mlock_3b25df93c6e3 from './mlock/3b25df93c6e3.ts'
import mlock_6cdb18ad98a4 from './mlock/6cdb18ad98a4.ts'
import mlock_6ebb4a1b848f from './mlock/6ebb4a1b848f.ts'
import mlock_7a8010cd3627 from './mlock/7a8010cd3627.ts'
import mlock_01cc2e58697e from './mlock/01cc2e58697e.ts'
import mlock_70feee0e1ef3 from './mlock/70feee0e1ef3.ts'
import mlock_7162a1e87b3e from './mlock/7162a1e87b3e.ts'
import mlock_655548bf6271 from './mlock/655548bf6271.ts'
import mlock_7225522bb429 from './mlock/7225522bb429.ts'
import mlock_c424be1cbbf8 from './mlock/c424be1cbbf8.ts'
import mlock_e90309c9f772 from './mlock/e90309c9f772.ts'
import mlock_fec89c109f3a from './mlock/fec89c109f3a.ts'
import mlock_ff6a6da60b89 from './mlock/ff6a6da60b89.ts'
import mlock_munlock_5_18 from './mlock/munlock-5.18/cea86fe246b6.ts'
import mlock_posted_v2 from './mlock/posted-v2.ts'
import mlock_split_pmd from './mlock/split-pmd.ts'
import type { Patch } from './patch.ts'
import shmem_8897c1b1a179 from './shmem/8897c1b1a179.ts'
import shmem_f00cdc6df7d7 from './shmem/f00cdc6df7d7.ts'
import stack_1be7107fbe18 from './stack/1be7107fbe18.ts'
import stack_9c145c56d0c8 from './stack/9c145c56d0c8.ts'
import stack_320b2b8de126 from './stack/320b2b8de126.ts'
import stack_09884964335e from './stack/09884964335e.ts'
import swap_854e9ed09ded from './swap/854e9ed09ded.ts'
import thp_5a49973d7143 from './thp-cow/5a49973d7143.ts'
import thp_6d0a07edd17c from './thp-cow/6d0a07edd17c.ts'
import thp_0798d3c022dc from './thp-cow/0798d3c022dc.ts'
import thp_posted_v1 from './thp-cow/posted-v1.ts'
import thp_posted_v2 from './thp-cow/posted-v2.ts'
import thp_3cd14fcd3f12 from './thp-refcount/3cd14fcd3f12.ts'
import thp_61f5d698cc97 from './thp-refcount/61f5d698cc97.ts'
import thp_e009bb30c8df from './thp-refcount/e009bb30c8df.ts'
import thp_e180cf806a93 from './thp-refcount/e180cf806a93.ts'

/** What mm/ is. History runs both ways from it: later patches are applied to it, earlier ones reverted, last first. */
export const baseRelease = 'v4.5'

/** Releases that the model replays whole, as far as its verbs reach. */
const completeReleases: readonly string[] = [baseRelease, 'v4.6', 'v4.7']

/** Releases of which the model has the patches to mlock or hugetlb, and what these build on, but not all the others. */
const partialReleases: readonly string[] = [
  'v2.6.34',
  'v2.6.35',
  'v2.6.36',
  'v2.6.37',
  'v2.6.38',
  'v2.6.39',
  'v3.0',
  'v3.8',
  'v3.9',
  'v3.10',
  'v3.12',
  'v3.13',
  'v3.14',
  'v4.4',
  'v4.9',
  'v4.11',
  'v4.12',
  'v4.14',
  'v5.18',
]

/** Releases that can be run in the model, oldest first. */
export const modelledReleases: readonly string[] = [...partialReleases, ...completeReleases].sort(
  (a, b) => releaseNumber(a)! - releaseNumber(b)!,
)

/** What a case runs under that names no patch: the oldest and the newest release that are complete. */
export const oldestComplete = completeReleases[0]!
export const newestComplete = completeReleases.at(-1)!

/** Within a release in the order in which it got them; posted versions beside the commit they became. */
export const patches: readonly Patch[] = [
  migration_3f6c82728f4e,
  migration_7f60c214fd3a,
  migration_67b9509b2c68,
  migration_posted_m1,
  migration_posted_m1b,
  migration_posted_kamezawa,
  migration_posted_minchan,
  migration_posted_m2,
  migration_3fe2011ff51e,
  migration_a8bef8ff6ea1,
  migration_012f18004da3,
  migration_f18194275c39,
  hugetlb_posted_v1,
  hugetlb_0fe6e20b9c4c,
  hugetlb_28957a5467ba,
  hugetlb_433abed6c6f7,
  hugetlb_cd67f0d2a9a6,
  hugetlb_56c9cfb13c9b,
  hugetlb_a850ea30374e,
  hwpoison_7af446a841a2,
  stack_320b2b8de126,
  hwpoison_998b4382c1d7,
  hwpoison_8c6c2ecb4466,
  hugetlb_290408d4a250,
  hugetlb_44e2aa937e69,
  hugetlb_1f64d69c7ad2,
  hugetlb_fd4a4663db29,
  hugetlb_48db54ee2fa3,
  migration_1ce82b69e96c,
  migration_01d8b20dec5f,
  migration_746b18d421da,
  migration_2b575eb64f7a,
  migration_eee2acbae1f2,
  hugetlb_ea4039a34c4c,
  hugetlb_409eb8c26,
  hugetlb_0c176d52b,
  hugetlb_66aebce747ea,
  hugetlb_36e4f20af833,
  migration_4fc3f1d66b1e,
  hwpoison_5f24ae585be9,
  migration_5647bc293ab1,
  mlock_posted_v2,
  mlock_ff6a6da60b89,
  stack_09884964335e,
  thp_e180cf806a93,
  thp_3cd14fcd3f12,
  mlock_7225522bb429,
  mlock_1ebb7cc6a583,
  mlock_7a8010cd3627,
  hugetlb_e632a938d914,
  hugetlb_4ef918480177,
  hugetlb_37a2140dc214,
  hugetlb_af0ed73e699b,
  thp_e009bb30c8df,
  hwpoison_a49ecbcd7b0d,
  mlock_c424be1cbbf8,
  mlock_3b25df93c6e3,
  mlock_01cc2e58697e,
  hugetlb_32665f2bbfed,
  hugetlb_07443a85ad90,
  hugetlb_8382d914ebf7,
  hugetlb_55f67141a892,
  hugetlb_7848a4bf51b3,
  hwpoison_b985194c8c0a,
  hwpoison_4a705fef9862,
  shmem_f00cdc6df7d7,
  stack_9c145c56d0c8,
  hugetlb_0f792cf949a0,
  hugetlb_7ca02d0ae586,
  hugetlb_b5cec28d36f5,
  migration_7a3ef208e662,
  migration_5c3f9a67378b,
  migration_51afb12ba809,
  migration_470f119f0120,
  mlock_6cdb18ad98a4,
  hugetlb_a88c76954804,
  hugetlb_5d317b2b6536,
  thp_61f5d698cc97,
  swap_854e9ed09ded,
  mlock_e90309c9f772,
  mlock_7162a1e87b3e,
  hwpoison_230ac719c500,
  thp_posted_v1,
  thp_posted_v2,
  mlock_fec89c109f3a,
  mlock_split_pmd,
  hugetlb_66ee95d16a7f,
  thp_6d0a07edd17c,
  thp_0798d3c022dc,
  hugetlb_67961f9db8c4,
  migration_dfef2ef4027b,
  hugetlb_09a95e29cb30,
  lru_8f182270dfec,
  thp_5a49973d7143,
  lru_c6c919eb90e0,
  hugetlb_96b96a96ddee,
  hwpoison_c3901e722b29,
  mlock_655548bf6271,
  mlock_6ebb4a1b848f,
  hugetlb_e5bbc8a6c992,
  hugetlb_ff8c0c53c475,
  mlock_70feee0e1ef3,
  hwpoison_23a003bfd23e,
  hwpoison_286c469a988f,
  hwpoison_30809f559a0d,
  stack_1be7107fbe18,
  hwpoison_7258ae5c5a2c,
  hwpoison_c3114a84f7f9,
  hwpoison_761ad8d7c7b5,
  migration_616b8371539a,
  hugetlb_ab5ac90aecf5,
  migration_a49bd4d71637,
  migration_2e83ee1d8694,
  hwpoison_6bc9b56433b7,
  hugetlb_22146c3ce989,
  hugetlb_cb6acd01e2e4,
  hwpoison_46612b751c49,
  hugetlb_9b553bf5eb99,
  hwpoison_faf53def3b14,
  hugetlb_4643d67e8cb0,
  shmem_8897c1b1a179,
  hugetlb_87bf91d39bb5,
  migration_1a5bae25e3cf,
  migration_ec0abae6dcdf,
  hwpoison_3f4b815a439a,
  hwpoison_f9ce0be71d1f,
  hugetlb_10c6ec49802b,
  migration_732ed55823fc,
  hwpoison_36af67370e33,
  hwpoison_a76054266661,
  migration_5d39a7ebc8be,
  migration_9d84604b845c,
  mlock_munlock_5_18,
  hugetlb_a833a693a490,
]

/**
 * 4005 for v4.5, so that releases compare as numbers; undefined for what is no release. A stable release counts as its
 * base.
 */
export function releaseNumber(text: string): number | undefined {
  const match = /^v(\d+)\.(\d+)(?:\.(\d+))?(?:\.\d+)?$/.exec(text)
  if (match === null) return undefined
  const [major, minor] = [Number(match[1]), Number(match[2])]
  if (major === 2) return match[3] === undefined ? undefined : 2000 + Number(match[3])
  return major * 1000 + minor
}

/** Every release there has been, as cases name them. */
export const releases: readonly string[] = [
  ...range(32, 39).map(n => `v2.6.${n}`),
  ...range(0, 19).map(n => `v3.${n}`),
  ...range(0, 20).map(n => `v4.${n}`),
  ...range(0, 19).map(n => `v5.${n}`),
  ...range(0, 19).map(n => `v6.${n}`),
  ...range(0, 3).map(n => `v7.${n}`),
]

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, i) => from + i)
}
