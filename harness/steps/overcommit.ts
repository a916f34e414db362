import { poolStep } from './nr-hugepages.ts'

export const overcommit = poolStep(
  'overcommit',
  'Write to nr_overcommit_hugepages in sysfs: how many surplus pages there may be.',
)
