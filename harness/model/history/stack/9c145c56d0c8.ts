// 9c145c56d0c8 "vm: make stack guard page errors return VM_FAULT_SIGSEGV rather than SIGBUS" (v3.19), with the answer
// itself of 33692f27597f. Before, whose stack met another mapping at its guard page got SIGBUS. (Where there was no
// neighbour but growing failed, the page was had all the same until fee7e49d4514, v3.19: nothing of ours makes it fail
// there.)

import { k } from '../../kernel.ts'
import { VM_FAULT_SIGBUS, type Vma } from '../../mm/mm_types.ts'
import { stackGuardFault as after } from '../../mm/mmap_stack.ts'
import { patch } from '../patch.ts'

export const stackGuardFault = (vma: Vma, addr: number): number =>
  k.check_stack_guard_page(vma, addr) < 0 ? VM_FAULT_SIGBUS : 0

export default patch('9c145c56d0c8', {
  subject: 'vm: make stack guard page errors return VM_FAULT_SIGSEGV rather than SIGBUS',
  release: 'v3.19',
  changes: { stackGuardFault: { before: stackGuardFault, after } },
})
