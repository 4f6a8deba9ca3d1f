import type { ConnectionRecord } from '../../lib/store/store.ts'

/** The messages that were committed, oldest first, and the attempts that did it. As many as a record remembers. */
export const committed = ({
  done = [],
}: ConnectionRecord): readonly { readonly id: string; readonly token: string }[] =>
  done.map((one) => {
    const [token = '', , id = ''] = one.split(' ')
    return { id, token }
  })
