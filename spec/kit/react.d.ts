// The slice of React's types that the README's recipe uses, as `@types/react` 19 has it.
declare module 'react' {
  export const useEffect: (effect: () => void | (() => void), deps?: readonly unknown[]) => void
  export function useState<State>(initial: State | (() => State)): [State, (next: State) => void]
  export function useState<State = undefined>(): [State | undefined, (next: State | undefined) => void]
  export const useSyncExternalStore: <Snapshot>(
    subscribe: (onStoreChange: () => void) => () => void,
    getSnapshot: () => Snapshot,
  ) => Snapshot
}
