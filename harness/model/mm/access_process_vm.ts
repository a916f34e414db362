// One process's memory as another reaches it: a debugger (mm/memory.c __access_remote_vm, kernel/ptrace.c, v4.5).

import { k } from '../kernel.ts'
import { beginAccess, down_read, endAccess, up_read } from '../ops.ts'
import { EIO } from './errno.ts'
import { FOLL_FORCE, FOLL_GET, FOLL_WRITE, type Mm, mm_struct, type Page } from './mm_types.ts'
import { put_page, SetPageDirty } from './page-flags.ts'

/**
 * Has `store` write to the page at `addr`, whatever the access rights. 0, or -EIO: there is none. Takes mmap_sem for
 * reading.
 */
export function access_process_vm(mm: Mm, addr: number, store: (page: Page) => void): number {
  const pages: Page[] = []
  down_read(mm + mm_struct.mmap_sem)
  const got = k.__get_user_pages(mm, addr, 1, FOLL_GET | FOLL_WRITE | FOLL_FORCE, pages)
  const page = pages[0]
  if (got === 1 && page !== undefined) {
    beginAccess()
    store(page)
    endAccess()
    SetPageDirty(page)
    put_page(page)
  }
  up_read(mm + mm_struct.mmap_sem)
  return got === 1 ? 0 : -EIO
}
