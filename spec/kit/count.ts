/** What uvu keeps of a suite: it runs it, and says what failed, or `true`, and how many of how many passed. */
type Runner = () => Promise<[errors: string | true, passed: number, skipped: number, total: number]>

/**
 * Have a suite fail where not all of it has passed. uvu shows the `details` of what was thrown as a text; where those are
 * an object, as with the errors of this library, it fails itself, leaves out the rest of the suite, and reports success.
 */
export const countAll = (): void => {
  const queue: unknown[][] = []
  Object.assign(globalThis, { UVU_QUEUE: queue })
  queue.push = (...groups) => {
    for (const group of groups) {
      const push = group.push.bind(group)
      group.push = (...runners) => push(...runners.map((runner) => counted(runner as Runner)))
    }
    return Array.prototype.push.apply(queue, groups)
  }
}

const counted =
  (runner: Runner): Runner =>
  async () => {
    const [errors, passed, skipped, total] = await runner()
    const isHidden = errors === true && passed < total
    return [isHidden ? `   FAIL  after ${passed} of ${total}: ${WHY}` : errors, passed, skipped, total]
  }

const WHY = 'an error was thrown that uvu cannot show, since its details are no text.\n'
