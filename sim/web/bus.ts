/** Typed listeners for what happens too often to render: notes, frames, LEDs. */
export interface Bus<Args extends readonly unknown[]> {
  emit(...args: Args): void;
  /** Gives back what ends the listening. */
  on(listener: (...args: Args) => void): () => void;
}

export function openBus<Args extends readonly unknown[]>(): Bus<Args> {
  const listeners = new Set<(...args: Args) => void>();
  return {
    emit(...args) {
      for (const listener of listeners) listener(...args);
    },
    on(listener) {
      // Wrapped, so that the same function may listen twice.
      const entry = (...args: Args): void => listener(...args);
      listeners.add(entry);
      return () => listeners.delete(entry);
    },
  };
}
