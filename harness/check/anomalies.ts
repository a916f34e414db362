// Everything that must never be: the closed list of names that engines report, cases want and reports show.

export const anomalies = {
  // what memory says
  'lost-write': 'A process reads older content of its own where it has written newer.',
  'leaked-write': 'A process or a device reads what another process has written after the two had parted.',
  'stale-dma':
    'A pin and the page table of the process that took it lead to different frames, or one side sees old bytes.',
  'wrong-data': 'Bytes that nobody named here has written.',
  // what steps answer
  'wrong-result': 'A step answers something else than the case accepts.',
  'wrong-signal': 'A step raises another signal than the case accepts, none where one is due, or elsewhere.',
  // what counters and page tables say
  'counter-drift': 'A counter differs from the recount of what it counts.',
  'wrong-count': 'A counter differs from what the case states.',
  'wrong-mapping': 'A range is mapped otherwise (by PMD, by PTE, not at all) than the case states.',
  'stale-mapping': 'A range maps other frames than those that the case names.',
  'early-free': 'Frames were given back that the case still holds.',
  'mapcount-mismatch': 'The mapcount of a page differs from the number of page table entries that map it.',
  'refcount-mismatch': 'The reference count of a page differs from the number of its users.',
  'page-corrupted': 'A field of a struct page, or a list through it, holds what nobody may write there.',
  'unreachable-by-rmap': 'A page is mapped where a walk of its reverse mapping does not come.',
  'stuck-migration-entry': 'A migration entry is left whose page nobody migrates.',
  'poison-mapped': 'A process still maps a frame whose memory has failed.',
  leak: 'Something is left that no longer has an owner.',
  // how a kernel ends, or complains
  oops: 'The kernel followed a bad pointer.',
  'bug-on': 'A BUG_ON or VM_BUG_ON fired.',
  warning: 'A WARN_ON fired.',
  'bad-page': 'A page was given back, or taken, in a state that no free page may have.',
  'use-after-free': 'Freed memory was used.',
  'double-free': 'Memory was given back twice.',
  deadlock: 'Nobody can go on: everyone waits for another.',
  'data-race':
    'Two CPUs touch the same memory at once, one of them to write, and neither a lock nor an atomic orders them.',
  stall: 'Somebody waits for ever, or spins without end.',
  'lock-imbalance': 'A lock was taken twice, released by another than its holder, or held on return.',
  'sleep-in-atomic': 'Somebody slept where sleeping is forbidden.',
  'does-not-build': 'The variant cannot be built for the configuration of this machine.',
} as const

export type AnomalyName = keyof typeof anomalies

export const anomalyNames = Object.keys(anomalies) as readonly AnomalyName[]
