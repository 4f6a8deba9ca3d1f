/**
 * The eight places at the server in which frames wait for their pieces. One whose message was answered is free; where all
 * are taken, the one that was taken first is taken again.
 */
export const slots = () => {
  /** What each was last taken for, the one that was taken first in front. */
  const all = Array.from({ length: 8 }, (_, slot) => ({ slot, isTaken: false, id: undefined as string | undefined }))
  return {
    take: (id: string | undefined): number => {
      const free = all.findIndex((its) => !its.isTaken || (id !== undefined && its.id === id))
      const [found] = all.splice(Math.max(free, 0), 1)
      const slot = found?.slot ?? 0
      all.push({ slot, isTaken: true, id })
      return slot
    },
    free: (id: string): void => {
      for (const its of all) if (its.id === id) its.isTaken = false
    },
  }
}
