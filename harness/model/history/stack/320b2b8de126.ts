// 320b2b8de126 "mm: keep a guard page below a grow-down stack segment" (v2.6.36), as 0e8e50e20c83 of the same release
// left it. Before, a stack grew until it met what is mapped below.

import { check_stack_guard_page } from '../../mm/mmap_stack.ts'
import { patch } from '../patch.ts'
import { stackGuardFault } from './9c145c56d0c8.ts'

const noGuardPage = (): number => 0

export default patch('320b2b8de126', {
  subject: 'mm: keep a guard page below a grow-down stack segment',
  release: 'v2.6.36',
  changes: {
    check_stack_guard_page: { before: undefined, after: check_stack_guard_page },
    stackGuardFault: { before: noGuardPage, after: stackGuardFault },
  },
})
