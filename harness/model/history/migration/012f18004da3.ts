// 012f18004da3 "mm: always lock the root (oldest) anon_vma" (v2.6.36) and what it builds on: 5c341ee1dfc8, which tells
// every anon_vma its root, 76545066c852, by which it holds a reference of the root, and 288468c334e9, by which a page
// that is not its mapper's alone belongs to the root. Before, each anon_vma had a lock of its own.

import { BUG_ON } from '../../bug.ts'
import { k } from '../../kernel.ts'
import {
  type AnonVma,
  type Avc,
  anon_vma,
  anon_vma_chain,
  NULL,
  PAGE_MAPPING_ANON,
  type Page,
  page,
  type Vma,
  vm_area,
} from '../../mm/mm_types.ts'
import * as rmap from '../../mm/rmap.ts'
import { linear_page_index } from '../../mm/rmap.ts'
import * as rmap_anon_vma from '../../mm/rmap_anon_vma.ts'
import { anon_vma_cachep, anon_vma_chain_cachep, anon_vma_chain_link, anon_vma_root } from '../../mm/rmap_anon_vma.ts'
import { kmem_cache_free, kmem_cache_zalloc } from '../../mm/slab.ts'
import { atomic_dec_and_test, atomic_read, READ_ONCE, spin_lock, spin_unlock, WRITE_ONCE } from '../../ops.ts'
import { rd, wr } from '../../store.ts'
import { patch } from '../patch.ts'
import { putForMigration as put_anon_vma_2_6_35 } from './3f6c82728f4e.ts'
import { prepareWith, unlinkWith } from './anon_vma_list.ts'
import { atomic_dec_and_lock } from './atomic_dec_and_lock.ts'

// ---- locks ----------------------------------------------------------------------------------------------------------

const lockOwn = (av: AnonVma): void => spin_lock(av + anon_vma.rwsem)
const unlockOwn = (av: AnonVma): void => spin_unlock(av + anon_vma.rwsem)

/** Under RCU alone the root may change: the anon_vma becomes another's. */
export const lockRoot = (av: AnonVma): void => spin_lock(READ_ONCE(av + anon_vma.root) + anon_vma.rwsem)
export const unlockRoot = (av: AnonVma): void => spin_unlock(READ_ONCE(av + anon_vma.root) + anon_vma.rwsem)

// ---- attaching ------------------------------------------------------------------------------------------------------

const anon_vma_prepare_2_6_34 = (vma: Vma): number => prepareWith(vma, () => k.anon_vma_alloc(), freeObject)

/** As before; who has none above him is the root of those to come. */
export const anon_vma_prepare = (vma: Vma): number => prepareWith(vma, newRoot, freeObject)

function newRoot(): AnonVma {
  const av = k.anon_vma_alloc()
  WRITE_ONCE(av + anon_vma.root, av)
  return av
}

const freeObject = (av: AnonVma): void => kmem_cache_free(anon_vma_cachep, av)

function anon_vma_fork_2_6_34(vma: Vma, pvma: Vma): void {
  if (rd(pvma + vm_area.anon_vma) === 0) return
  k.anon_vma_clone(vma, pvma)
  const av = k.anon_vma_alloc()
  const avc = kmem_cache_zalloc(anon_vma_chain_cachep) as Avc
  linkLocked(vma, avc, av)
  wr(vma + vm_area.anon_vma, av)
}

export function anon_vma_fork(vma: Vma, pvma: Vma): void {
  const parent = rd(pvma + vm_area.anon_vma) as AnonVma
  if (parent === NULL) return
  k.anon_vma_clone(vma, pvma)
  const av = k.anon_vma_alloc()
  const avc = kmem_cache_zalloc(anon_vma_chain_cachep) as Avc
  WRITE_ONCE(av + anon_vma.root, anon_vma_root(parent))
  // It may outlive the processes of the root, whose lock it needs.
  k.get_anon_vma(anon_vma_root(parent))
  wr(vma + vm_area.anon_vma, av)
  linkLocked(vma, avc, av)
}

/** anon_vma_chain_link to v2.6.39: takes the lock itself. */
export function linkLocked(vma: Vma, avc: Avc, av: AnonVma): void {
  k.anon_vma_lock_write(av)
  anon_vma_chain_link(vma, avc, av)
  k.anon_vma_unlock_write(av)
}

// ---- detaching ------------------------------------------------------------------------------------------------------

const unreferenced = (av: AnonVma): boolean => k.anonvma_external_refcount(av) === 0

const unlink_anon_vmas_2_6_34 = (vma: Vma): void => unlinkWith(vma, unreferenced, freeObject)

/** The root is held by its children, and so goes last. */
export const unlink_anon_vmas = (vma: Vma): void =>
  unlinkWith(vma, unreferenced, av => {
    const root = anon_vma_root(av)
    if (root !== av) k.put_anon_vma(root)
    freeObject(av)
  })

/** drop_anon_vma: the last reference frees an anon_vma without vmas, and with it perhaps its root. */
export function put_anon_vma(av: AnonVma): void {
  BUG_ON(atomic_read(av + anon_vma.refcount) <= 0, 'external_refcount <= 0')
  if (!atomic_dec_and_lock(av + anon_vma.refcount, anon_vma_root(av) + anon_vma.rwsem)) return
  const root = anon_vma_root(av)
  const empty = rd(av + anon_vma.rb_root) === 0
  let lastOfRoot = false
  if (empty && av !== root) {
    BUG_ON(atomic_read(root + anon_vma.refcount) <= 0, 'external_refcount of the root <= 0')
    lastOfRoot = atomic_dec_and_test(root + anon_vma.refcount) && rd(root + anon_vma.rb_root) === 0
  }
  k.anon_vma_unlock_write(av)
  if (!empty) return
  kmem_cache_free(anon_vma_cachep, av)
  if (lastOfRoot) kmem_cache_free(anon_vma_cachep, root)
}

// ---- mapping --------------------------------------------------------------------------------------------------------

const oldestAnonVma = (vma: Vma): AnonVma => rd(rd(vma + vm_area.avc_last) + anon_vma_chain.anon_vma) as AnonVma

/** The mapping is set whatever it was. */
function __page_set_anon_rmap_2_6_34(p: Page, vma: Vma, addr: number, exclusive: boolean): void {
  const av = rd(vma + vm_area.anon_vma)
  BUG_ON(av === 0, '!anon_vma')
  WRITE_ONCE(p + page.mapping, (exclusive ? av : k.oldestAnonVma(vma)) + PAGE_MAPPING_ANON)
  wr(p + page.index, linear_page_index(vma, addr))
}

export default patch('012f18004da3', {
  subject: 'mm: always lock the root (oldest) anon_vma',
  release: 'v2.6.36',
  needs: ['7f60c214fd3a'],
  changes: {
    anon_vma_lock_write: { before: lockOwn, after: lockRoot },
    anon_vma_unlock_write: { before: unlockOwn, after: unlockRoot },
    anon_vma_lock_read: { before: lockOwn, after: lockRoot },
    anon_vma_unlock_read: { before: unlockOwn, after: unlockRoot },
    anon_vma_prepare: { before: anon_vma_prepare_2_6_34, after: anon_vma_prepare },
    anon_vma_fork: { before: anon_vma_fork_2_6_34, after: anon_vma_fork },
    unlink_anon_vmas: { before: unlink_anon_vmas_2_6_34, after: unlink_anon_vmas },
    put_anon_vma: { before: put_anon_vma_2_6_35, after: put_anon_vma },
    oldestAnonVma: { before: oldestAnonVma, after: rmap_anon_vma.oldestAnonVma },
    __page_set_anon_rmap: { before: __page_set_anon_rmap_2_6_34, after: rmap.__page_set_anon_rmap },
  },
})
