import type { Store } from 'ws-interlock'

export type Stored = Parameters<Store['records']['create']>[1]

const later = () => Math.ceil(Date.now() / 1000) + 7_200
/** A record that is read within the next two hours. */
export const record = (more: Partial<Stored> = {}): Stored => ({ version: 1, connectedAt: 1, ttl: later(), ...more })
export const CLOSED = { by: 'disconnect', token: 'over' } as const
