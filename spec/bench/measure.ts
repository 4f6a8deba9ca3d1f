/** One way to do the work. It is called in batches, over and over. */
export interface Variant {
  readonly name: string
  readonly run: () => unknown
}

export interface Result {
  readonly name: string
  /** Median over the rounds, in nanoseconds. */
  readonly nanoseconds: number
  /** Median of the ratios to the first variant, each taken within one round. */
  readonly ratio: number
}

/**
 * Compare variants in one run: interleaved, in an order that rotates, so that the machine's drift meets all of them.
 * The first one is the reference.
 */
export const compare = async (variants: readonly Variant[], { rounds = 31, batchMs = 12 } = {}): Promise<Result[]> => {
  for (const variant of variants) await batch(variant, batchMs * 10)
  const times = variants.map((): number[] => [])
  for (let round = 0; round < rounds; round++)
    for (let step = 0; step < variants.length; step++) {
      const index = (round + step) % variants.length
      const variant = variants[index]
      if (variant) times[index]?.push(await batch(variant, batchMs))
    }
  const [reference = []] = times
  return variants.map(({ name }, index) => {
    const own = times[index] ?? []
    return {
      name,
      nanoseconds: median(own),
      ratio: median(own.map((time, round) => time / (reference[round] ?? time))),
    }
  })
}

const batch = async ({ run }: Variant, ms: number): Promise<number> => {
  const start = performance.now()
  let calls = 0
  let now = start
  while (now - start < ms) {
    for (let i = 0; i < 20; i++) {
      const result = run()
      if (result instanceof Promise) await result
    }
    calls += 20
    now = performance.now()
  }
  return ((now - start) * 1e6) / calls
}

export const median = (values: readonly number[]): number => {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[sorted.length >> 1] ?? Number.NaN
}
