/**
 * Call back when the platform says that the network has come or gone, as browsers do;
 * return what ends that.
 */
export function watchNetwork(changed: (isOnline: boolean) => void): () => void {
  const { addEventListener, removeEventListener } = globalThis as Partial<typeof globalThis>;
  if (addEventListener === undefined || removeEventListener === undefined) {
    return () => undefined;
  }
  const came = (): void => changed(true);
  const went = (): void => changed(false);
  globalThis.addEventListener("online", came);
  globalThis.addEventListener("offline", went);
  return () => {
    globalThis.removeEventListener("online", came);
    globalThis.removeEventListener("offline", went);
  };
}
