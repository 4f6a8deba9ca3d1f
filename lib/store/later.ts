/**
 * Code that is loaded when it is first needed. From then on it is at hand: to ask the loader again would cost a message
 * more than most of its steps do.
 */
export const later = <Module>(load: () => Promise<Module>): (() => Promise<Module>) => {
  let loaded: Module | undefined
  return async () => {
    loaded ??= await load()
    return loaded
  }
}
