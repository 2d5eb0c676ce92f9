export type Observer<T> = (told: T) => void;

/**
 * Tell an observer; what it throws is nobody's here, so that the platform reports it as
 * an error nobody handled, and what was going on goes on.
 */
export function tell<T>(observer: Observer<T>, told: T): void {
  try {
    observer(told);
  } catch (error) {
    queueMicrotask(() => {
      throw error;
    });
  }
}
