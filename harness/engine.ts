// What every engine promises: a test point goes in, an observation comes out.
//
// Both are plain data, the same shape whether a model, a guest or the running kernel answered.
// A test point is a case with its matrix values put in, its amounts in bytes and its names resolved.

/** Where a piece of a case file stands; line and column count from 1. */
export interface Position {
  readonly file: string
  readonly line: number
  readonly col: number
}

/** Contents of memory: one byte everywhere, or the byte stream `pattern(seed, i)` of harness/steps/words/bytes.ts. */
export type Bytes = { readonly fill: number } | { readonly seed: number; readonly shift?: number }

/** A piece of a named range or of named frames: `offset` and `length` in bytes from the name's start. */
export interface Range {
  readonly of: string
  readonly offset: number
  readonly length: number
  /** As the case wrote it, for reports. */
  readonly text: string
}

/** What the machine is like; sizes in bytes. What an engine cannot have is answered with `config`. */
export interface Machine {
  /** Base pages in a huge page (HPAGE_PMD_NR). */
  readonly hpage_nr: number
  readonly memory: number | undefined
  /** /sys/kernel/mm/transparent_hugepage/enabled */
  readonly thp: 'always' | 'madvise' | 'never'
  /** NUMA nodes. */
  readonly nodes: number
  readonly cpus: number
  /** CONFIG_DEBUG_VM */
  readonly debug_vm: boolean
  /** CONFIG_SWAP */
  readonly swap: boolean
  /** Bytes in the swap area, its header included; 0: there is none. */
  readonly swap_area: number
  /** What it is on: in the model all the same. */
  readonly swap_device: 'loop' | 'brd'
  /** /proc/sys/vm/page-cluster */
  readonly page_cluster: number
  /** Bytes in the huge page of hugetlb that `kind: hugetlb` and H mean. */
  readonly hugepage: number
  /** Pools of huge pages, the largest last; of a size that is not named there is an empty one. */
  readonly pools: readonly HugePool[]
}

/** Huge pages of one size, in bytes: how many there are, and how many more there may be while they are needed. */
export interface HugePool {
  readonly size: number
  readonly pages: number
  /** How many of them each node has; not said: all as many, the first nodes one more where that does not come out. */
  readonly nodes?: readonly number[] | undefined
  readonly overcommit: number
}

/** An answer that a case accepts from a step. `code` is a signal's si_code, `at` the place of the fault. */
export type Accepted =
  | { readonly kind: 'ok' }
  | { readonly kind: 'errno'; readonly errno: string }
  | { readonly kind: 'signal'; readonly signal: string; readonly code?: string; readonly at?: Range }
  | { readonly kind: 'killed' }

/** What a case expects at one step. Counter names as /proc/meminfo (bytes) and /proc/vmstat (events) spell them. */
export interface Expect {
  readonly counters: readonly {
    readonly name: string
    readonly value: number
    /** `true`: change since counting began; `false`: as it stands. */
    readonly delta: boolean
    readonly pos: Position
  }[]
  /** This range maps exactly these frames, in order. */
  readonly frames: readonly { readonly range: Range; readonly frames: Range; readonly pos: Position }[]
  readonly mapped: readonly { readonly range: Range; readonly as: MapKind; readonly pos: Position }[]
  readonly freed: readonly { readonly frames: Range; readonly yes: boolean; readonly pos: Position }[]
  /** Processes that get a signal which no access of their own raised. */
  readonly signals: readonly { readonly process: string; readonly signal: Accepted; readonly pos: Position }[]
}

/** How an address is mapped. */
export type MapKind = 'pmd' | 'pte' | 'none' | 'swap' | 'migration' | 'hwpoison'

/** One step, ready to be done. `args` is what the verb's schema gives, every range and amount resolved. */
export interface Step {
  readonly verb: string
  readonly args: unknown
  /** The process that does it; `main` is there from the start. */
  readonly by: string
  readonly cpu: number
  readonly gives: readonly { readonly answer: Accepted; readonly expect: Expect | undefined }[]
  readonly expect: Expect | undefined
  readonly pos: Position
  /** The step in one line, as the case wrote it, without when it is there, what it may answer and what must be seen. */
  readonly text: string
  /** Of a step that no line of the case says: the name that it ends. Nothing is done where that was never made. */
  readonly ends?: string
}

/** What `args` of the verb `race` holds: what happens at once, thread i on CPU i. */
export interface RaceThread {
  readonly name: string
  /** The process that it runs in: the one of its name, else `main`. */
  readonly by: string
  readonly cpu: number
  readonly steps: readonly Step[]
}
export interface RaceArgs {
  readonly threads: readonly RaceThread[]
}

/** A case under one combination of its matrix and one subject's history. */
export interface TestPoint {
  /** `thp/pin-fork[hold=get,child=gone]` */
  readonly name: string
  readonly machine: Machine
  /** Done, and undone, before counting begins. */
  readonly prime: readonly Step[]
  readonly steps: readonly Step[]
  /** Patches and releases that the case's `from` and `until` name. */
  readonly ids?: readonly string[]
}

/** What a step answered. `at` of a signal is a byte offset in the range whose access raised it. */
export type Answer =
  | { readonly kind: 'ok' }
  | { readonly kind: 'errno'; readonly errno: string }
  | {
      readonly kind: 'signal'
      readonly signal: string
      readonly code?: string
      readonly of?: string
      readonly at?: number
    }
  | { readonly kind: 'killed'; readonly signal: string }

/** Bytes that a step found, in runs; `hex` where they are neither a fill nor a pattern that the case names. */
export interface BytesSeen {
  readonly range: string
  readonly runs: readonly {
    readonly offset: number
    readonly length: number
    readonly bytes: Bytes | { readonly hex: string }
  }[]
}

/** How a process maps a range: runs of consecutive frames mapped alike. `pfn` is absent where nothing is mapped. */
export interface RangeSeen {
  readonly process: string
  readonly range: string
  readonly runs: readonly {
    readonly offset: number
    readonly length: number
    readonly mapped: MapKind
    readonly pfn?: number
    /** Whether its entries let the process write; the model. */
    readonly writable?: boolean | undefined
  }[]
  /** The anon_vma of its vma, as a number that stands for it; the model. */
  readonly anon_vma?: number
}

/** Struct pages alike, of consecutive frames; what tails keep for the whole huge page stands with its head. */
export interface StructPages {
  readonly pfn: number
  readonly pages: number
  /** `head lru swapbacked` */
  readonly flags: string
  readonly count: number
  /** As page_mapcount() of this kernel says. */
  readonly mapcount: number
  /** What `mapping` points to, a number that stands for it; of an anon_vma also whether that has been freed. */
  readonly mapping?: { readonly kind: 'anon_vma' | 'file' | 'poison'; readonly of: number; readonly freed?: boolean }
}

/** Named frames: runs of consecutive frame numbers, and whether all of them have been given back. */
export interface FramesSeen {
  readonly name: string
  readonly runs: readonly { readonly pfn: number; readonly pages: number }[]
  readonly freed?: boolean
}

/** Something that must never be, found by the engine itself: see harness/check/anomalies.ts for the names. */
export interface Finding {
  readonly anomaly: string
  /** One sentence with both values. */
  readonly text: string
}

/** Sizes in bytes for what /proc/meminfo shows, plain counts for what only /proc/vmstat has. */
export type Counters = Readonly<Record<string, number>>

/** A signal that came from elsewhere. */
export interface SignalSeen {
  readonly process: string
  readonly signal: Answer
}

/** What was seen at one step. Success and failure have the same keys. */
export interface StepSeen {
  readonly index: number
  readonly answer: Answer
  /** Absolute values after the step. */
  readonly counters: Counters
  readonly bytes: readonly BytesSeen[]
  readonly ranges: readonly RangeSeen[]
  readonly frames: readonly FramesSeen[]
  /** Of the frames that ranges map and that have names; the model, and only where every range is looked at. */
  readonly pages?: readonly StructPages[]
  /** Of `rdma`: the first transfer after which the two buffers differ. */
  readonly differ?: {
    readonly transfer: number
    readonly offset: number
    readonly length: number
    readonly sent: string
    readonly found: string
  }
  /** Undefined: the engine does not look. */
  readonly signals?: readonly SignalSeen[]
  readonly findings: readonly Finding[]
  readonly log: readonly string[]
}

/** How a run ended. `config`: the machine cannot judge. All others but `done` are charged to `step`. */
export type End =
  | { readonly kind: 'done' }
  | { readonly kind: 'config'; readonly reason: string; readonly step?: number }
  | { readonly kind: 'oops' | 'panic' | 'hang' | 'timeout' | 'lost'; readonly reason: string; readonly step?: number }

/** What a step inside a race answered and found; `step` counts the steps of its thread from 0. */
export interface RaceSeen {
  readonly thread: string
  readonly step: number
  readonly answer: Answer
  readonly bytes: readonly BytesSeen[]
}

/** The course of a race: who ran when. */
export interface Course {
  /**
   * `munlocker 4 · splitter 2 · munlocker`: the thread that runs, and how many steps (ops) it takes before the next
   * one; the last runs to its end.
   */
  readonly schedule: string
  /**
   * Digest of the steps that it comes through: where they are others, it is not replayed. Empty: a real kernel chose.
   */
  readonly through: string
}

/** One way in which a race may go: a distinct end, by the shortest course that leads to it. */
export interface Ending extends Course {
  /** What was seen from the race on, to the case's end: the race itself first. */
  readonly steps: readonly StepSeen[]
  /** What the steps inside the race answered, thread by thread. */
  readonly race: readonly RaceSeen[]
  readonly after: readonly Finding[]
  readonly end: End
  /** Counters when counting began, of a run that was one of many; else those of the observation. */
  readonly baseline?: Counters
}

/** Of a point with a race: how much was looked at, and every distinct end. */
export interface Exploration {
  readonly endings: readonly Ending[]
  /**
   * Interleavings gone through, as a decimal number; of those that differ in the order of steps that do not meet, one.
   */
  readonly interleavings: string
  readonly states: number
  readonly transitions: number
  /** False: a bound ended the search; `bound` says which. */
  readonly complete: boolean
  readonly bound: string | undefined
}

/** Pages that a case has named or mapped, in one state: `A.page(1..3)`, its flags and counts. */
export interface PagesSeen {
  readonly pages: string
  readonly state: string
}

/** One step (op) of a schedule that is run again, and how things stand after it. */
export interface OpTaken {
  /** Empty before the first. */
  readonly thread: string
  /** What it did: `test_and_clear_bit A.page(0).flags mlocked: mlocked lru -> lru`. */
  readonly op: string
  /** The kernel functions that it stands in, innermost first. */
  readonly within: readonly string[]
  readonly pages: readonly PagesSeen[]
  readonly counters: Counters
}

/** How far an engine goes through the interleavings of a race; nothing said: all of them. */
export interface Exploring {
  /** Bounds: seconds, interleavings, MiB of states. */
  readonly time?: number | undefined
  readonly interleavings?: number | undefined
  readonly memory?: number | undefined
  /** Only interleavings in which no more often a thread is stopped that could have gone on. */
  readonly preemptions?: number | undefined
  /** So many interleavings drawn by lot. */
  readonly random?: { readonly seed: number; readonly times: number } | undefined
  /**
   * Only this schedule, and only if it comes through what it did when it was found; `took` is told of how things stand
   * before it, and of every step.
   */
  readonly schedule?:
    | { readonly text: string; readonly through?: string; readonly took?: (step: OpTaken) => void }
    | undefined
  /** False: every interleaving of single steps, states not matched. */
  readonly reduce?: boolean | undefined
  /** False: a loop's history goes on with all that it has read (ops.ts `again`); the ends must be the same. */
  readonly marks?: boolean | undefined
  /** Threads that search one race together; and the files of patches that the variant may have of its own. */
  readonly jobs?: { readonly threads: number; readonly patches: readonly string[] } | undefined
  readonly signal?: AbortSignal | undefined
}

/** What an engine saw of one test point. */
export interface Observation {
  readonly point: string
  /** Counters when counting began. */
  readonly baseline: Counters
  /** Of a point that was explored only what came before its race: the rest stands in `exploration`. */
  readonly steps: readonly StepSeen[]
  /** What was found after the last process had gone. */
  readonly after: readonly Finding[]
  readonly end: End
  /** What the kernel said during the point. */
  readonly log: readonly string[]
  /** Of a point with a race, where the engine runs it every way that it may go. */
  readonly exploration?: Exploration
}

/** What a case runs under: a variant of the model or one real kernel. `has` answers `from` and `until`. */
export interface Subject {
  readonly name: string
  /**
   * Whether this history has a patch, a posted version or a release; throws nothing, unknown ids are refused by the
   * loader.
   */
  has(id: string): boolean
}

/** The one promise. */
export interface Engine {
  readonly kind: 'model' | 'qemu' | 'host'
  readonly subject: Subject
  /**
   * Observations in the order of `points`; a point is never lost. `detail` asks for every range at every step, and its
   * struct pages.
   */
  run(
    points: readonly TestPoint[],
    options: { readonly detail: boolean; readonly signal?: AbortSignal; readonly exploring?: Exploring },
  ): AsyncIterable<Observation>
}
