// ff8c0c53c475 "mm/hugetlb.c: don't call region_abort if region_chg fails" (v4.11). Before, a reservation for which
// there was no memory is given up though it had not begun: the map then counts one fewer that is in progress than there
// are.

import { abortFailedReserve as before } from '../../mm/hugetlb_resv.ts'
import { patch } from '../patch.ts'

function abortFailedReserve(): void {}

export default patch('ff8c0c53c475', {
  subject: "mm/hugetlb.c: don't call region_abort if region_chg fails",
  release: 'v4.11',
  changes: { abortFailedReserve: { before, after: abortFailedReserve } },
})
