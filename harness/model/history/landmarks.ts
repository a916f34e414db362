// Commits that cases name and the model does not replay: where they came in decides `from` and `until`, for real
// kernels and for modelled releases on one side of them.

export interface Landmark {
  readonly id: string
  readonly subject: string
  readonly release: string
}

const landmark = (id: string, release: string, subject: string): Landmark => ({ id, subject, release })

export const landmarks: readonly Landmark[] = [
  landmark('802a3a92ad7a', 'v4.12', 'mm: reclaim MADV_FREE pages'),
  landmark('93e06c7a6453', 'v4.12', 'mm: enable MADV_FREE for swapless system'),
  landmark('bd4c82c22c36', 'v4.14', 'mm, THP, swap: delay splitting THP after swapped out'),
  landmark('ba3c4ce6def4', 'v4.14', 'mm, THP, swap: make reuse_swap_page() works for THP swapped out'),
  landmark('ec560175c0b6', 'v4.14', 'mm, swap: VMA based swap readahead'),
  landmark('3d8f7615319b', 'v4.19', 'vfs: implement readahead(2) using POSIX_FADV_WILLNEED'),
  landmark('c444eb564fb1', 'v5.8', 'mm: thp: make the THP mapcount atomic against __split_huge_pmd_locked()'),
  landmark('3917c80280c9', 'v5.8', 'thp: change CoW semantics for anon-THP'),
  landmark('17839856fd58', 'v5.8', 'gup: document and work around "COW can break either way" issue'),
  landmark('09854ba94c6a', 'v5.9', 'mm: do_wp_page() simplification'),
  landmark('a308c71bf1e6', 'v5.9', 'mm/gup: Remove enfornced COW mechanism'),
  landmark('d042035eaf5f', 'v5.9', "mm/thp: Split huge pmds/puds if they're pinned when fork()"),
  landmark('694bf0b0cdf9', 'v5.10', 'mm,hwpoison: unify THP handling for hard and soft offline'),
  landmark('5a2ffca3c233', 'v5.10', 'mm,hwpoison: return 0 if the page is already poisoned in soft-offline'),
  landmark('feb889fb40fa', 'v5.11', "mm: don't put pinned pages into the swap cache"),
  landmark('2f7141600d67', 'v5.11', 'mm,hwpoison: disable pcplists before grabbing a refcount'),
  landmark('f4c4a3f48480', 'v5.14', 'mm: free idle swap cache page after COW'),
  landmark('47af12bae17f', 'v5.14', 'mm,hwpoison: return -EHWPOISON to denote that the page has already been poisoned'),
  landmark('dd0f230a0a80', 'v5.16', 'mm: hwpoison: refactor refcount check handling'),
  landmark('550a7d60bd5e', 'v5.16', 'mm, hugepages: add mremap() support for hugepage backed vma'),
  landmark('bf181c582588', 'v5.17', 'mm/hwpoison: fix unpoison_memory()'),
  landmark('b5bade978e9b', 'v5.17', 'mm: migrate: fix the return value of migrate_pages()'),
  landmark('405ce051236c', 'v5.18', 'mm/hwpoison: fix race between hugetlb free/demotion and memory_failure_hugetlb()'),
  landmark('3bff7e3f1f16', 'v5.18', 'mm/huge_memory: streamline COW logic in do_huge_pmd_wp_page()'),
  landmark('90e7e7f5ef3f', 'v5.18', 'mm: enable MADV_DONTNEED for hugetlb mappings'),
  landmark('6c287605fd56', 'v5.19', 'mm: remember exclusively mapped anonymous pages with PG_anon_exclusive'),
  landmark(
    'a7f226604170',
    'v5.19',
    'mm/gup: trigger FAULT_FLAG_UNSHARE when R/O-pinning a possibly shared anonymous page',
  ),
  landmark('8ebe0a5eaaeb', 'v6.1', 'mm,madvise,hugetlb: fix unexpected data loss with MADV_DONTNEED on hugetlbfs'),
  landmark('f347454d0341', 'v6.1', 'mm/gup: disallow FOLL_FORCE|FOLL_WRITE on hugetlb mappings'),
  landmark('fa27759af4a6', 'v6.1', 'hugetlb: clean up code checking for fault/truncation races'),
  landmark('7d8faaf15545', 'v6.1', 'mm/madvise: introduce MADV_COLLAPSE sync hugepage collapse'),
  landmark('8625147cafaa', 'v6.1', "hugetlbfs: don't delete error page from pagecache"),
  landmark('077309bc1eb8', 'v6.1', 'migrate_pages(): fix failure counting for retry'),
  landmark('cb67f4282bf9', 'v6.2', 'mm,thp,rmap: simplify compound page mapcount handling'),
  landmark('a7e689dd1c06', 'v6.5', 'block: Convert bio_iov_iter_get_pages to use iov_iter_extract_pages'),
  landmark('2820b0f09be9', 'v6.7', 'hugetlbfs: close race between MADV_DONTNEED and page fault'),
  landmark('e8e17ee90eaf', 'v6.7', 'mm: drop the assumption that VM_SHARED always implies writable'),
  landmark('1acbc3f93614', 'v6.7', 'mm: handle large folio when large folio in VM_LOCKED VMA range'),
  landmark('df7a6d1f6405', 'v6.9', 'mm/hugetlb: restore the reservation if needed'),
  landmark('cd197c3a2040', 'v6.9', 'mm: prohibit the last subpage from reusing the entire large folio'),
  landmark('1a3798dececa', 'v6.11', 'mm/memory-failure: send SIGBUS in the event of thp split fail'),
  landmark('66802526298e', 'v6.11', 'mm/madvise: add MF_ACTION_REQUIRED to madvise(MADV_HWPOISON)'),
  landmark('9ae2feacedde', 'v6.11', 'mm: use folio_add_new_anon_rmap() if folio_test_anon(folio)==false'),
  landmark('1ced09e0331f', 'v6.13', 'mm: allocate THP on hugezeropage wp-fault'),
  landmark('51e1de00acdb', 'v6.14', 'mm/hugetlb: simplify vma_has_reserves()'),
  landmark('052ccfbcc6cd', 'v6.14', 'mm/hugetlb: support FOLL_FORCE|FOLL_WRITE'),
  landmark('1da190f4d0a6', 'v6.15', 'mm: Copy-on-Write (COW) reuse support for PTE-mapped THP'),
  landmark('60fbb14396d5', 'v6.16', 'mm/huge_memory: adjust try_to_migrate_one() and split_huge_pmd_locked()'),
  landmark('14967a9c7d24', 'v6.17', 'mm/hugetlb: fix copy_hugetlb_page_range() to use ->pt_share_count'),
  landmark(
    '939080834fef',
    'v7.0',
    'mm/huge_memory: fix early failure try_to_migrate() when split huge pmd for shared THP',
  ),
  // Its id, and that v7.3 is the first to have it, from lists of what was pushed in August and September 2026.
  landmark('5120b1e048d4', 'v7.3', 'hugetlb: only adjust reservation during unmapping if mapcount is 0'),
]
