// The verbs, in the order in which `list steps` shows them.

import { brk } from './brk.ts'
import { clearRefs } from './clear-refs.ts'
import { collapse } from './collapse.ts'
import { compact } from './compact.ts'
import { dmaRead } from './dma-read.ts'
import { dmaWrite } from './dma-write.ts'
import { drainLru } from './drain-lru.ts'
import { execStack } from './exec-stack.ts'
import { exit } from './exit.ts'
import { expect } from './expect.ts'
import { fadvise } from './fadvise.ts'
import { failAlloc } from './fail-alloc.ts'
import { fallocate } from './fallocate.ts'
import { file } from './file.ts'
import { fork } from './fork.ts'
import { isolate } from './isolate.ts'
import { madvise } from './madvise.ts'
import { mceKill } from './mce-kill.ts'
import { migrate } from './migrate.ts'
import { mlock } from './mlock.ts'
import { mlockall } from './mlockall.ts'
import { mmap } from './mmap.ts'
import { mprotect } from './mprotect.ts'
import { mremap } from './mremap.ts'
import { munlock } from './munlock.ts'
import { munlockall } from './munlockall.ts'
import { munmap } from './munmap.ts'
import { note } from './note.ts'
import { nrHugepages } from './nr-hugepages.ts'
import { odirectRead } from './odirect-read.ts'
import { odirectWrite } from './odirect-write.ts'
import { overcommit } from './overcommit.ts'
import { pageout } from './pageout.ts'
import { pin } from './pin.ts'
import { poison } from './poison.ts'
import { ptracePoke } from './ptrace-poke.ts'
import { punch } from './punch.ts'
import { putback } from './putback.ts'
import { race } from './race.ts'
import { rdma } from './rdma.ts'
import { read } from './read.ts'
import { readahead } from './readahead.ts'
import { repeat } from './repeat.ts'
import { shmat } from './shmat.ts'
import { shmdt } from './shmdt.ts'
import { shmget } from './shmget.ts'
import { shmrm } from './shmrm.ts'
import { softOffline } from './soft-offline.ts'
import { split } from './split.ts'
import type { StepDef } from './step.ts'
import { swapin } from './swapin.ts'
import { swapoff } from './swapoff.ts'
import { swapon } from './swapon.ts'
import { touch } from './touch.ts'
import { truncate } from './truncate.ts'
import { unlink } from './unlink.ts'
import { unpin } from './unpin.ts'
import { unpoison } from './unpoison.ts'
import { write } from './write.ts'
import { writebackDone } from './writeback-done.ts'
import { writebackFail } from './writeback-fail.ts'

const all: readonly StepDef[] = [
  mmap,
  munmap,
  mremap,
  brk,
  mprotect,
  madvise,
  file,
  unlink,
  truncate,
  fallocate,
  punch,
  fadvise,
  readahead,
  shmget,
  shmat,
  shmdt,
  shmrm,
  nrHugepages,
  overcommit,
  mlock,
  munlock,
  mlockall,
  munlockall,
  touch,
  write,
  read,
  odirectWrite,
  odirectRead,
  ptracePoke,
  clearRefs,
  fork,
  execStack,
  exit,
  note,
  pin,
  unpin,
  dmaRead,
  dmaWrite,
  rdma,
  split,
  isolate,
  putback,
  migrate,
  compact,
  swapon,
  swapoff,
  pageout,
  swapin,
  writebackDone,
  writebackFail,
  collapse,
  poison,
  softOffline,
  unpoison,
  mceKill,
  drainLru,
  failAlloc,
  repeat,
  race,
  expect,
] as readonly StepDef[]

/** The table of verbs. It has no prototype: what a case writes is looked up in it. */
export const steps: Readonly<Record<string, StepDef>> = Object.assign(
  Object.create(null),
  Object.fromEntries(all.map(def => [def.verb, def])),
)
