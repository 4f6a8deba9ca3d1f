/** One thing for sale. */
export interface Lot {
  readonly name: string
  readonly open: boolean
  readonly price: number
  /** The connection that leads, and the name it goes by. */
  readonly leader?: { readonly connectionId: string; readonly name: string }
}

/**
 * A stand-in for a table: reading and writing take a turn each, and a write is taken only when it is still right, as
 * with a conditional write of DynamoDB.
 */
export const lotTable = () => {
  const lots = new Map<string, Lot>()
  const find = (name: string): Lot => lots.get(name) ?? { name, open: true, price: 0 }
  return {
    read: async (name: string): Promise<Lot> => {
      await turn()
      return find(name)
    },
    /** The lot after the bid; unchanged where the bid came too late or was too low. */
    bid: async (name: string, price: number, leader: NonNullable<Lot['leader']>): Promise<Lot> => {
      await turn()
      const lot = find(name)
      if (lot.open && price > lot.price) lots.set(name, { ...lot, price, leader })
      return find(name)
    },
    close: async (name: string): Promise<Lot> => {
      await turn()
      const closed = { ...find(name), open: false }
      lots.set(name, closed)
      return closed
    },
  }
}

const turn = () => new Promise<void>((resolve) => setImmediate(resolve))
