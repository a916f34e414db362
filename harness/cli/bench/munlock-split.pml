/*
 * munlock of a huge page against its split, in Promela: what `make bench` holds mmfunc against. Only what the race
 * needs is there: follow_page, munlock_vma_page, isolate and putback, split_huge_page.
 * NR: pages of the huge page. FIXED: v3.14 (01cc2e58697e), else v3.8. (mm/mlock.c, mm/huge_memory.c, mm/vmscan.c)
 */
#define HEAD    1
#define MLOCKED 2
#define LRU     4

#define lock(l)           atomic { !l -> l = true }
#define unlock(l)         l = false
#define has(page, bit)    (flags[page] & (bit))
#define clear(page, bit)  flags[page] = flags[page] & ~(bit)
#define hpage_nr_pages(p) (has(p, HEAD) -> NR : 1)

mtype = { huge, splitting, table };
mtype pmd = huge;
byte flags[NR], count[NR];
bool page_lock[NR], lru_lock, ptl, anon_vma_lock, compound_lock;
short nr_mlock = NR;

/* A page is named by its index, which is its address as well. */
inline follow_page(page) {
  do
  :: lock(ptl);
    if
    :: pmd == splitting -> unlock(ptl); lock(anon_vma_lock); unlock(anon_vma_lock)
    :: else -> break
    fi
  od;
  count[page]++;
  unlock(ptl)
}

inline TestClearPageMlocked(page, was) {
  d_step { was = has(page, MLOCKED) != 0; clear(page, MLOCKED) }
}

/* Caller holds lru_lock. */
inline isolate(page, got) {
  d_step { got = has(page, LRU) != 0; if :: got -> clear(page, LRU); count[page]++ :: else fi }
}

inline putback_lru_page(page) {
  lock(lru_lock); flags[page] = flags[page] | LRU; unlock(lru_lock);
  count[page]--
}

#ifdef FIXED
inline munlock_vma_page(page) {
  lock(lru_lock);
  nr_pages = hpage_nr_pages(page);
  TestClearPageMlocked(page, was);
  if :: was -> nr_mlock = nr_mlock - nr_pages; isolate(page, got) :: else fi;
  unlock(lru_lock)
}
#else
inline munlock_vma_page(page) {
  TestClearPageMlocked(page, was);
  if
  :: was ->
    nr_mlock = nr_mlock - hpage_nr_pages(page);
    if :: has(page, LRU) -> lock(lru_lock); isolate(page, got); unlock(lru_lock) :: else fi
  :: else
  fi
}
#endif

proctype munlocker() {
  short page, nr_pages = 1;
  bool was, got;
  do
  :: page < NR ->
    follow_page(page);
    lock(page_lock[page]);
    got = false;
    munlock_vma_page(page);
    if :: got -> putback_lru_page(page) :: else fi;
    unlock(page_lock[page]);
    count[page]--;
    page = page + nr_pages
  :: else -> break
  od
}

proctype splitter() {
  short tail = NR - 1;
  lock(anon_vma_lock);
  lock(ptl); pmd = splitting; unlock(ptl);
  lock(lru_lock); lock(compound_lock);
  do
  :: tail > 0 -> count[tail]++; flags[tail] = (flags[0] & MLOCKED) | LRU; tail--
  :: else -> break
  od;
  clear(0, HEAD);
  unlock(compound_lock); unlock(lru_lock);
  lock(ptl); pmd = table; unlock(ptl);
  unlock(anon_vma_lock)
}

init {
  short page;
  atomic { flags[0] = HEAD | MLOCKED | LRU; count[0] = 1; run munlocker(); run splitter() }
  atomic {
    _nr_pr == 1 ->
    do :: page < NR -> assert(!has(page, MLOCKED)); assert(count[page] == 1); page++ :: else -> break od;
    assert(nr_mlock == 0)
  }
}
